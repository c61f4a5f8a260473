//! Following the loop from any of its ends.

use attune_database::{Database, Tx};
use attune_rpc::{Page, TenantId};
use uuid::Uuid;

use super::issue::standing;
use crate::domain::{Initiative, Issue, IssueRelation, LoopProgress, Telling, TracedFeedback};
use crate::error::Error;
use crate::store;
use crate::store::cohort::EvidenceOf;

/// How many initiatives a trace shows: one works on an issue at a time, the others were stopped.
const INITIATIVES: i64 = 20;
/// How many splits a trace shows.
const SPLITS: i64 = 100;

/// Where a trace begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Feedback(Uuid),
    Issue(Uuid),
    Initiative(Uuid),
    Message(Uuid),
}

/// Where a trace begins, and how much of it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) from: From,
    /// Whether everybody's complaints are to be those that came later too. Those of one person always are.
    pub(crate) include_later: bool,
}

/// Everything that hangs together.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) feedback: Vec<TracedFeedback>,
    pub(crate) issue: Issue,
    pub(crate) initiatives: Vec<Initiative>,
    pub(crate) tellings: Vec<Telling>,
    pub(crate) progress: LoopProgress,
    /// Those of the issue and of all that were merged into it, at either end.
    pub(crate) splits: Vec<IssueRelation>,
    /// The token of the next page of complaints.
    pub(crate) next: String,
}

/// Follows the loop in both directions.
pub(crate) async fn get(
    db: &Database,
    tenant: &TenantId,
    beginning: Beginning,
    page: &Page<Uuid>,
) -> Result<Trace, Error> {
    let mut tx = db.read(tenant).await?;
    let (issue_id, of) = middle(&mut tx, beginning.from).await?;
    let later = beginning.include_later || of != EvidenceOf::Everybody;
    // An issue that was merged goes on in another one.
    let issue_id = standing(&mut tx, issue_id).await?;
    let issue = store::issue::by_id(&mut tx, issue_id)
        .await?
        .ok_or(Error::NoIssue(issue_id))?;
    let family = store::issue_relation::family(&mut tx, issue_id).await?;
    let splits = store::issue_relation::splits(&mut tx, &family, SPLITS).await?;
    let ids = store::trace::initiatives(&mut tx, &family, INITIATIVES).await?;
    let mut initiatives = store::initiative::by_ids(&mut tx, &ids).await?;
    initiatives.reverse();
    let after = page.after().copied();
    let mut feedback = store::cohort::evidence(&mut tx, issue_id, (of, later), after, page.limit()).await?;
    let tellings = match of {
        EvidenceOf::Person(profile_id) => store::telling::of_person(&mut tx, &family, profile_id).await?,
        EvidenceOf::Everybody | EvidenceOf::Nobody(_) => Vec::new(),
    };
    let heard_later = store::later_evidence::is_any(&mut tx, issue_id).await?;
    let planned = store::trace::is_planned(&mut tx, &family).await?;
    tx.commit().await?;
    let next = page.next(&mut feedback, |last| last.feedback_id)?;
    let progress = LoopProgress::of(&issue, (heard_later, planned), &initiatives);
    Ok(Trace {
        feedback,
        issue,
        initiatives,
        tellings,
        progress,
        splits,
        next,
    })
}

/// The issue in the middle of the loop, and whose complaints belong to this trace.
async fn middle(tx: &mut Tx, from: From) -> Result<(Uuid, EvidenceOf), Error> {
    match from {
        From::Issue(id) => Ok((id, EvidenceOf::Everybody)),
        From::Initiative(id) => {
            let issue_id = store::initiative::issue_of(tx, id)
                .await?
                .ok_or(Error::NoInitiative(id))?;
            Ok((issue_id, EvidenceOf::Everybody))
        }
        From::Feedback(id) => {
            let found = store::trace::issue_of_feedback(tx, id).await?;
            let (issue_id, said_by) = found.ok_or(Error::NoTrace("feedback", id))?;
            Ok((
                issue_id,
                said_by.map_or(EvidenceOf::Nobody(id), EvidenceOf::Person),
            ))
        }
        From::Message(id) => {
            let found = store::trace::issue_of_message(tx, id).await?;
            let (issue_id, profile_id) = found.ok_or(Error::NoTrace("message", id))?;
            Ok((issue_id, EvidenceOf::Person(profile_id)))
        }
    }
}
