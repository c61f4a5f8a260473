//! The persons an issue hit, and what they said.

use uuid::Uuid;

use super::Issue;

/// A person who was hit, and what they said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) profile_id: Uuid,
    pub(crate) feedback_ids: Vec<Uuid>,
    /// The merge or split that brought them; `None` for those the issue hit by itself.
    pub(crate) joined_by: Option<Uuid>,
    /// The extension by which they joined, because they spoke of the issue later.
    pub(crate) extended_by: Option<Uuid>,
    /// The issue split from this one to which they went on.
    pub(crate) gone_on_to: Option<Uuid>,
}

impl Member {
    /// Somebody whom the issue hit by itself.
    pub(crate) const fn new(profile_id: Uuid, feedback_ids: Vec<Uuid>) -> Self {
        Self {
            profile_id,
            feedback_ids,
            joined_by: None,
            extended_by: None,
            gone_on_to: None,
        }
    }
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

impl Issue {
    /// What a widening, a merge or people added to the cohort is in. Of all of it, so many went on to issues split from it.
    pub(crate) fn extend(&mut self, (cohort_size, evidence_size): (i64, i64), gone_on: i64) {
        let extended = (cohort_size, evidence_size, gone_on);
        if (self.cohort_size, self.evidence_size, self.gone_on) != extended {
            (self.cohort_size, self.evidence_size, self.gone_on) = extended;
            self.version += 1;
        }
    }

    /// The cohort is complete and stays as it is.
    pub(crate) fn freeze(&mut self, cohort_size: i64, evidence_size: i64) {
        if !self.cohort_frozen {
            self.cohort_size = cohort_size;
            self.evidence_size = evidence_size;
            self.cohort_frozen = true;
            self.version += 1;
        }
    }
}
