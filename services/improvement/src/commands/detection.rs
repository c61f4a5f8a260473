//! What hot issues lead to, in the transaction of the subscription.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{Cohort, Detection, Issue, Widening};
use crate::error::Error;
use crate::{events, store};

/// Opens the issue of a hot issue, once.
pub(crate) async fn open(tx: &mut Tx, detection: Detection) -> Result<(), Error> {
    let mut issue = Issue::detected(Uuid::now_v7(), detection);
    let event = issue.next_event();
    if store::issue::insert(tx, &issue).await? {
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

/// Takes in a part of a cohort; with the last one the cohort is frozen. Answers whether the issue is known.
pub(crate) async fn take_in(tx: &mut Tx, part: Part) -> Result<bool, Error> {
    let Some(mut issue) = store::issue::lock_by_hot_issue(tx, part.hot_issue_id).await? else {
        return Ok(false);
    };
    if issue.cohort_frozen || !store::cohort::note_part(tx, issue.issue_id, part.number).await? {
        return Ok(true);
    }
    store::cohort::insert(tx, issue.issue_id, &part.cohort).await?;
    if store::cohort::parts(tx, issue.issue_id).await? >= i64::from(part.of) {
        let (members, evidence) = store::cohort::sizes(tx, issue.issue_id).await?;
        issue.freeze(members, evidence);
        store::issue::update(tx, &issue).await?;
    }
    Ok(true)
}

/// Has the issue of a hot issue that was widened follow it, unless an iteration was rolled out. Answers whether the
/// issue is known.
pub(crate) async fn widen(tx: &mut Tx, widening: &Widening) -> Result<bool, Error> {
    let Some(mut issue) = store::issue::lock_by_hot_issue(tx, widening.hot_issue_id).await? else {
        return Ok(false);
    };
    let measured = store::issue::was_rolled_out(tx, issue.issue_id).await?;
    if issue.widen(widening, measured) {
        events::issue_widened(tx, &mut issue).await?;
    }
    store::issue::update(tx, &issue).await?;
    Ok(true)
}

/// Takes in a part of what a hot issue's cohort was extended by, where the issue followed it. Answers whether the issue
/// is known.
pub(crate) async fn extend(tx: &mut Tx, part: Part) -> Result<bool, Error> {
    let Some(mut issue) = store::issue::lock_by_hot_issue(tx, part.hot_issue_id).await? else {
        return Ok(false);
    };
    if issue.widened_at.is_some() {
        store::cohort::insert(tx, issue.issue_id, &part.cohort).await?;
        let (members, evidence) = store::cohort::sizes(tx, issue.issue_id).await?;
        issue.extend(members, evidence);
        store::issue::update(tx, &issue).await?;
    }
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
