//! Who was hit and does not know yet what was done about it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::TellingState;

/// What is known of telling one person of a cohort: of several messages the one that was sent, else the last.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    pub(crate) issue_id: Uuid,
    pub(crate) profile_id: Uuid,
    /// Whether they spoke of the issue since its cohort was fixed, and are not of it or went on from it by a split.
    pub(crate) later: bool,
    /// Whether anything was rolled out for the issue.
    pub(crate) rolled_out: bool,
    /// `None` when they were not to be told about anything.
    pub(crate) state: Option<TellingState>,
    pub(crate) reason: Option<String>,
    pub(crate) initiative_id: Option<Uuid>,
    pub(crate) iteration: Option<i32>,
    pub(crate) decided_at: Option<DateTime<Utc>>,
}

/// Why somebody was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwedBecause {
    NothingDone,
    NotAnnounced,
    Pending,
    Blocked,
    Failed,
}

/// Somebody who is still owed an answer.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    pub(crate) because: OwedBecause,
    pub(crate) reached: Reached,
}

impl Owed {
    /// What is owed to a person; `None` when a message has reached them.
    pub(crate) fn to(reached: Reached) -> Option<Self> {
        let because = match reached.state {
            Some(TellingState::Sent) => return None,
            Some(TellingState::Pending) => OwedBecause::Pending,
            Some(TellingState::Blocked) => OwedBecause::Blocked,
            Some(TellingState::Failed) => OwedBecause::Failed,
            None if reached.rolled_out => OwedBecause::NotAnnounced,
            None => OwedBecause::NothingDone,
        };
        Some(Self { because, reached })
    }
}
