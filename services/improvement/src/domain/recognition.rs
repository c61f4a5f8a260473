//! Thanks for improvements that were proven to help.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Decision, Verdict};

/// Somebody who chose to be named for an idea.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct CreditedMember {
    pub(crate) member_id: String,
    pub(crate) display_name: String,
}

// The name is personal data and stays out of every log.
impl fmt::Debug for CreditedMember {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CreditedMember")
            .field("member_id", &self.member_id)
            .finish_non_exhaustive()
    }
}

/// Thanks that are given once, for the iteration that helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thanks {
    pub(crate) recognition_id: Uuid,
    pub(crate) initiative_id: Uuid,
    pub(crate) iteration: i32,
    /// The number of the statement that they rest on.
    pub(crate) statement: i32,
    /// How many employees reported the problem in groups that were told of before the rollout; a multiple of five.
    pub(crate) employees: i64,
}

/// Thanks with everything that is shown beside them.
#[derive(Clone, Debug)]
pub(crate) struct Recognition {
    pub(crate) thanks: Thanks,
    pub(crate) initiative_title: String,
    pub(crate) issue_id: Uuid,
    pub(crate) issue_title: String,
    /// What they rest on.
    pub(crate) verdict: Verdict,
    /// What is in force.
    pub(crate) latest: Verdict,
    pub(crate) members: Vec<CreditedMember>,
    pub(crate) recognised_at: DateTime<Utc>,
}

impl Recognition {
    /// The verdict that took it back; `None` while it stands.
    pub(crate) fn overturned_by(&self) -> Option<&Verdict> {
        Some(&self.latest).filter(|latest| latest.decision != Decision::Effective)
    }
}
