//! What hot issues lead to, in the transaction of the subscription.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{merge, priority};
use crate::domain::{Cohort, Detection, Issue, IssueState, Statement, Widening};
use crate::error::Error;
use crate::{events, store};

/// Opens the issue of a hot issue, once.
pub(crate) async fn open(tx: &mut Tx, detection: Detection) -> Result<(), Error> {
    let mut issue = Issue::detected(Uuid::now_v7(), detection);
    let assessed = priority::assess(tx, &mut issue).await?;
    let event = issue.next_event();
    if store::issue::insert(tx, &issue).await? {
        priority::record(tx, &issue, &assessed).await?;
        events::issue_opened_as(tx, &issue, event).await?;
    }
    Ok(())
}

/// A part of a hot issue's cohort.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) hot_issue_id: Uuid,
    /// From 1.
    pub(crate) number: i32,
    /// How many there are.
    pub(crate) of: i32,
    pub(crate) cohort: Cohort,
}

/// The issue of a hot issue, locked, and the other issue that its findings are for.
struct Landing {
    issue: Issue,
    /// Of a merged issue the one that goes on; of one that is open, the one that an issue of the same topic and product
    /// was merged into.
    survivor: Option<Issue>,
}

/// Takes in a part of a cohort; with the last one the cohort is frozen, and the issue joins the one that the problem of its
/// topic and product was merged into before, if it may. Answers whether the issue is known.
pub(crate) async fn take_in(tx: &mut Tx, part: Part) -> Result<bool, Error> {
    let Some(Landing { mut issue, survivor }) = land(tx, part.hot_issue_id).await? else {
        return Ok(false);
    };
    if issue.cohort_frozen || !store::cohort::note_part(tx, issue.issue_id, part.number).await? {
        return Ok(true);
    }
    store::cohort::insert(tx, issue.issue_id, &part.cohort, None).await?;
    if store::cohort::parts(tx, issue.issue_id).await? < i64::from(part.of) {
        return Ok(true);
    }
    let (members, evidence) = store::cohort::sizes(tx, issue.issue_id).await?;
    issue.freeze(members, evidence);
    priority::refresh(tx, &mut issue).await?;
    store::issue::update(tx, &issue).await?;
    if let Some(survivor) = survivor {
        join(tx, issue, survivor).await?;
    }
    Ok(true)
}

/// Merges an issue into the one that its topic and product was merged into before. Where that cannot be at this moment, it
/// stays an issue of its own, for people to decide about.
async fn join(tx: &mut Tx, mut issue: Issue, mut survivor: Issue) -> Result<(), Error> {
    let statement = Statement {
        by: String::new(),
        reason: "An issue of the same topic and product was merged into this one before.".to_owned(),
    };
    match merge::unite(tx, &mut issue, &mut survivor, statement).await {
        Err(Error::WrongState(refused)) => {
            let (issue_id, survivor_id) = (issue.issue_id, survivor.issue_id);
            tracing::info!(%issue_id, %survivor_id, %refused, "the hot issue of a merged issue stays by itself");
            Ok(())
        }
        Err(Error::TooManyRelations(_)) => Ok(()),
        united => united,
    }
}

/// Locks the issue of a hot issue and the one that its findings are for, in the order of their ids.
async fn land(tx: &mut Tx, hot_issue_id: Uuid) -> Result<Option<Landing>, Error> {
    let Some(found) = store::issue::by_hot_issue(tx, hot_issue_id).await? else {
        return Ok(None);
    };
    let id = found.issue_id;
    let before = match (found.state, found.topic_id.is_empty()) {
        (IssueState::Merged, _) => Some(id),
        (IssueState::Open, false) if !found.cohort_frozen => {
            store::issue::merged_of(tx, &found.topic_id, &found.product).await?
        }
        _ => None,
    };
    let Some(before) = before else {
        let issue = store::issue::lock(tx, id).await?.ok_or(Error::NoIssue(id))?;
        // It was merged at this moment.
        if issue.state == IssueState::Merged {
            return Err(Error::Raced);
        }
        return Ok(Some(Landing {
            issue,
            survivor: None,
        }));
    };
    store::later_evidence::alone(tx).await?;
    let survivor_id = store::issue::standing(tx, before).await?;
    let (issue, survivor) = merge::lock_both(tx, (id, survivor_id)).await?;
    if issue.state == IssueState::Merged && survivor.state == IssueState::Merged {
        return Err(Error::Raced);
    }
    Ok(Some(Landing {
        issue,
        survivor: Some(survivor),
    }))
}

impl Landing {
    /// The issue that goes on, where the one of the hot issue does not.
    fn survivor_of_merged(self) -> (Issue, Option<Issue>) {
        let merged = self.issue.state == IssueState::Merged;
        (self.issue, self.survivor.filter(|_| merged))
    }
}

/// Has the issue of a hot issue that was widened follow it, unless an iteration was rolled out; of one that was merged, the
/// issue that goes on if it is about the same topic. Answers whether the issue is known.
pub(crate) async fn widen(tx: &mut Tx, widening: &Widening) -> Result<bool, Error> {
    let Some(landing) = land(tx, widening.hot_issue_id).await? else {
        return Ok(false);
    };
    let (mut issue, survivor) = landing.survivor_of_merged();
    let Some(mut survivor) = survivor else {
        widen_one(tx, &mut issue, widening).await?;
        return Ok(true);
    };
    // Noted, so that those who join by the widening are taken in.
    issue.widen(widening, false);
    store::issue::update(tx, &issue).await?;
    if survivor.topic_id == issue.topic_id && survivor.state.is_in_flight() {
        widen_one(tx, &mut survivor, widening).await?;
    }
    Ok(true)
}

async fn widen_one(tx: &mut Tx, issue: &mut Issue, widening: &Widening) -> Result<(), Error> {
    let measured = store::issue::was_rolled_out(tx, issue.issue_id).await?;
    if issue.widen(widening, measured) {
        priority::refresh(tx, issue).await?;
        events::issue_widened(tx, issue).await?;
    }
    store::issue::update(tx, issue).await?;
    Ok(())
}

/// Takes in a part of what a hot issue's cohort was extended by, where the issue followed it; of one that was merged, into
/// the issue that goes on, by the merge. Nobody joins who would not be measured. Answers whether the issue is known.
pub(crate) async fn extend(tx: &mut Tx, part: Part) -> Result<bool, Error> {
    let Some(landing) = land(tx, part.hot_issue_id).await? else {
        return Ok(false);
    };
    let (issue, survivor) = landing.survivor_of_merged();
    if issue.widened_at.is_none() {
        return Ok(true);
    }
    let (mut target, joined_by) = match survivor {
        None => (issue, None),
        Some(survivor) => {
            if !survivor.state.is_in_flight() || store::issue::is_tried(tx, survivor.issue_id).await? {
                return Ok(true);
            }
            let merge = store::issue_relation::merge_of(tx, issue.issue_id).await?;
            (survivor, merge)
        }
    };
    store::cohort::insert(tx, target.issue_id, &part.cohort, joined_by).await?;
    store::split::come_back(tx, target.issue_id).await?;
    let sizes = store::cohort::sizes(tx, target.issue_id).await?;
    let gone_on = store::split::gone_on(tx, target.issue_id).await?;
    target.extend(sizes, gone_on);
    priority::refresh(tx, &mut target).await?;
    store::issue::update(tx, &target).await?;
    Ok(true)
}

/// Notes that the volume is back in its usual range. That is not a resolution: nobody may have done anything.
/// Answers whether the issue is known.
pub(crate) async fn subside(tx: &mut Tx, hot_issue_id: Uuid, at: DateTime<Utc>) -> Result<bool, Error> {
    let Some(mut issue) = store::issue::lock_by_hot_issue(tx, hot_issue_id).await? else {
        return Ok(false);
    };
    issue.subsided_at = Some(at);
    store::issue::update(tx, &issue).await?;
    Ok(true)
}
