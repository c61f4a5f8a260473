//! How far a loop is closed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Decision, Initiative, Issue, IssueState, Iteration};

/// A complaint in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TracedFeedback {
    pub(crate) feedback_id: Uuid,
    /// Who said it, where that is known.
    pub(crate) profile_id: Option<Uuid>,
    /// The issue split from this one to which it went on.
    pub(crate) gone_on_to: Option<Uuid>,
    /// When it was heard, where the cohort had been fixed before and is not made from it.
    pub(crate) heard_later_at: Option<DateTime<Utc>>,
}

/// Which steps of the loop were taken.
#[allow(clippy::struct_excessive_bools)] // each step is a fact of its own
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoopProgress {
    pub(crate) heard: bool,
    pub(crate) understood: bool,
    pub(crate) planned: bool,
    pub(crate) rolled_out: bool,
    pub(crate) told: bool,
    pub(crate) measured: bool,
    pub(crate) closed: bool,
}

impl LoopProgress {
    /// The progress of an issue and of everything done about it: whether anything was said of it since its cohort was fixed,
    /// whether an initiative was decided on, and the initiatives.
    pub(crate) fn of(
        issue: &Issue,
        (heard_later, planned): (bool, bool),
        initiatives: &[Initiative],
    ) -> Self {
        let iterations = || initiatives.iter().flat_map(Initiative::iterations);
        let last_rollout =
            iterations().filter_map(|tried| tried.rollout.as_ref().map(|rollout| (rollout.at, tried)));
        let last_rollout = last_rollout.max_by_key(|(at, _)| *at).map(|(_, tried)| tried);
        Self {
            heard: issue.evidence_size > 0 || heard_later,
            understood: issue.cohort_frozen,
            planned,
            rolled_out: last_rollout.is_some(),
            told: last_rollout.is_some_and(everyone_told),
            measured: iterations().any(is_measured),
            closed: issue.state == IssueState::Resolved,
        }
    }
}

fn everyone_told(tried: &Iteration) -> bool {
    tried.telling.as_ref().is_some_and(|telling| telling.pending == 0)
}

fn is_measured(tried: &Iteration) -> bool {
    tried
        .verdict
        .as_ref()
        .is_some_and(|verdict| verdict.decision != Decision::NotYet)
}
