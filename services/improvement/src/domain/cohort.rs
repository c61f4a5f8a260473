//! The persons an issue hit, and what they said.

use uuid::Uuid;

/// A person who was hit, and what they said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) profile_id: Uuid,
    pub(crate) feedback_ids: Vec<Uuid>,
    /// The merge or split that brought them; `None` for those the issue hit by itself.
    pub(crate) joined_by: Option<Uuid>,
    /// The issue split from this one to which they went on.
    pub(crate) gone_on_to: Option<Uuid>,
}

/// The persons an issue hit, or a part of them, and the feedback of nobody known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cohort {
    pub(crate) members: Vec<Member>,
    pub(crate) anonymous: Vec<Uuid>,
}

impl Cohort {
    /// How many pieces of feedback it holds.
    pub(crate) fn evidence_size(&self) -> usize {
        self.anonymous.len()
            + self
                .members
                .iter()
                .map(|member| member.feedback_ids.len())
                .sum::<usize>()
    }
}
