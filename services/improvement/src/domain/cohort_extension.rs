//! Cohorts that are extended by those who spoke later.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Issue, IssueState, Statement, WrongState};

/// The rule by which people extend a frozen cohort, as records name it: whatever was heard of the issue until then and was no
/// evidence of its cohort becomes that, the oldest [`CohortExtension::MOST`] first, and every known person who said any of it
/// joins once, with the extension beside their name; nobody leaves.
pub(crate) const EXTENSION_RULE: &str = "later/1";

/// That the cohort of an issue was extended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CohortExtension {
    pub(crate) cohort_extension_id: Uuid,
    pub(crate) issue_id: Uuid,
    pub(crate) rule: String,
    pub(crate) said_by: String,
    pub(crate) reason: String,
    pub(crate) extended_at: DateTime<Utc>,
    pub(crate) members_joined: i64,
    pub(crate) evidence_joined: i64,
}

impl CohortExtension {
    /// How many pieces of feedback join at once: more would hold the issue for seconds.
    pub(crate) const MOST: i64 = 10_000;

    /// A new one, by which nobody has joined yet.
    pub(crate) fn new(
        cohort_extension_id: Uuid,
        issue_id: Uuid,
        statement: Statement,
        extended_at: DateTime<Utc>,
    ) -> Self {
        Self {
            cohort_extension_id,
            issue_id,
            rule: EXTENSION_RULE.to_owned(),
            said_by: statement.by,
            reason: statement.reason,
            extended_at,
            members_joined: 0,
            evidence_joined: 0,
        }
    }
}

impl Issue {
    /// Refuses an extension where nobody could say afterwards whom a message or a number was about. `tried` is whether an
    /// iteration is measured on the cohort at this moment, or a pilot runs.
    pub(crate) fn check_extends(&self, tried: bool) -> Result<(), WrongState> {
        let refused = match self.state {
            IssueState::Resolved => {
                "the issue is resolved; report what customers say of it since as an issue of its own"
            }
            IssueState::Merged => "the issue was merged into another; extend the cohort of that one",
            IssueState::Open | IssueState::InWork if !self.cohort_frozen => {
                "the cohort of the issue is still arriving; repeat the call when it is frozen"
            }
            IssueState::Open | IssueState::InWork if tried => {
                "what is done about the issue is being measured on its cohort or told to it; extend it when that is over"
            }
            IssueState::Open | IssueState::InWork => return Ok(()),
        };
        Err(WrongState::new(self.state.as_str(), refused))
    }

    /// Why it is not extended where nothing was heard of it that is not evidence of its cohort.
    pub(crate) fn nobody_spoke(&self) -> WrongState {
        let refused = "nothing was said of the issue since its cohort was fixed, so nobody would join";
        WrongState::new(self.state.as_str(), refused)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::issue_for_tests;

    #[test]
    fn a_cohort_that_is_measured_or_over_is_not_extended_and_the_refusal_says_what_to_do() {
        let frozen = || {
            let mut issue = issue_for_tests();
            issue.freeze(3, 4);
            issue
        };
        let mut resolved = frozen();
        resolved.resolve("2026-04-01T00:00:00Z".parse().unwrap());
        let mut merged = frozen();
        merged.merge_into(&frozen(), false).unwrap();
        let mut worked_on = frozen();
        worked_on.take_up().unwrap();
        let cases = [
            (&resolved, false, "issue of its own"),
            (&merged, false, "that one"),
            (&issue_for_tests(), false, "still arriving"),
            (&worked_on, true, "when that is over"),
        ];
        for (issue, tried, wanted) in cases {
            let refused = issue.check_extends(tried).unwrap_err();
            assert!(refused.message.contains(wanted), "{refused}");
        }
        worked_on.check_extends(false).unwrap();
        frozen().check_extends(false).unwrap();
    }
}
