//! Issues that are the same as others, or have to do with them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::split::SPLIT_RULE;
use super::{Issue, IssueState, WrongState};

/// The rule by which a cohort is extended by a merge, as records name it: every person and every piece of feedback of the
/// merged issue joins the survivor's once, with the merge beside their name; nobody leaves.
pub(crate) const MERGE_RULE: &str = "merge/1";

/// How two issues have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum RelationKind {
    /// In some way; the same in both directions.
    Related,
    /// The first brings about the second.
    Causes,
    /// The first is one part of the second.
    PartOf,
    /// The first became a part of the second and does not go on by itself.
    MergedInto,
    /// The first was a part of the second and goes on by itself.
    SplitFrom,
}

impl RelationKind {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Related => "related",
            Self::Causes => "causes",
            Self::PartOf => "part_of",
            Self::MergedInto => "merged_into",
            Self::SplitFrom => "split_from",
        }
    }

    /// The rule by which a cohort is extended or made by it; empty where none is.
    const fn rule(self) -> &'static str {
        match self {
            Self::MergedInto => MERGE_RULE,
            Self::SplitFrom => SPLIT_RULE,
            Self::Related | Self::Causes | Self::PartOf => "",
        }
    }

    /// Whether an issue must not come back to itself by it, where people say so: no issue is merged twice, and what is split
    /// off is new.
    pub(crate) const fn is_acyclic(self) -> bool {
        matches!(self, Self::Causes | Self::PartOf)
    }

    /// The ends in the order they are recorded in: what is the same in both directions is recorded in one, the older
    /// issue first.
    pub(crate) fn ends(self, from: Uuid, to: Uuid) -> (Uuid, Uuid) {
        if self == Self::Related && to < from {
            (to, from)
        } else {
            (from, to)
        }
    }
}

/// Who says so, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Empty where the platform does by its rule.
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// That two issues have to do with each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IssueRelation {
    pub(crate) issue_relation_id: Uuid,
    pub(crate) kind: RelationKind,
    pub(crate) from_issue_id: Uuid,
    pub(crate) to_issue_id: Uuid,
    pub(crate) said_by: String,
    pub(crate) reason: String,
    pub(crate) related_at: DateTime<Utc>,
    /// The rule by which a cohort was extended or made; empty unless it is a merge or a split.
    pub(crate) rule: String,
    pub(crate) members_joined: i64,
    pub(crate) evidence_joined: i64,
    /// Of those who joined by a split, how many are told by the part alone.
    pub(crate) members_gone_on: i64,
}

impl IssueRelation {
    /// A new one, of which nothing follows yet.
    pub(crate) fn new(
        issue_relation_id: Uuid,
        kind: RelationKind,
        (from, to): (Uuid, Uuid),
        statement: Statement,
        related_at: DateTime<Utc>,
    ) -> Self {
        let (from_issue_id, to_issue_id) = kind.ends(from, to);
        Self {
            issue_relation_id,
            kind,
            from_issue_id,
            to_issue_id,
            said_by: statement.by,
            reason: statement.reason,
            related_at,
            rule: kind.rule().to_owned(),
            members_joined: 0,
            evidence_joined: 0,
            members_gone_on: 0,
        }
    }
}

impl Issue {
    /// Becomes a part of `survivor`. What is `tried` on the survivor's customers at this moment (an iteration that is
    /// measured, a pilot that runs) was planned for its cohort, so nobody joins it meanwhile.
    pub(crate) fn merge_into(&mut self, survivor: &Self, tried: bool) -> Result<(), WrongState> {
        survivor.check_survivor(tried)?;
        let refused = match self.state {
            IssueState::InWork => {
                "an initiative works on the issue to be merged; stop it, or merge the other way round"
            }
            IssueState::Resolved => "the issue to be merged is resolved; relate it to the other one instead",
            IssueState::Merged => {
                "the issue to be merged was merged already; merge the one it was merged into"
            }
            IssueState::Open if !self.cohort_frozen => {
                "the cohort of the issue to be merged is still arriving; repeat the call when it is frozen"
            }
            IssueState::Open => {
                self.state = IssueState::Merged;
                self.merged_into = Some(survivor.issue_id);
                self.priority = 0.0;
                self.version += 1;
                return Ok(());
            }
        };
        Err(WrongState::new(self.state.as_str(), refused))
    }

    fn check_survivor(&self, tried: bool) -> Result<(), WrongState> {
        let refused = match self.state {
            IssueState::Resolved => "the issue that is to go on is resolved; name one that is not",
            IssueState::Merged => {
                "the issue that is to go on was merged itself; name the one it was merged into"
            }
            IssueState::Open | IssueState::InWork if !self.cohort_frozen => {
                "the cohort of the issue that is to go on is still arriving; repeat the call when it is frozen"
            }
            IssueState::Open | IssueState::InWork if tried => {
                "what is done about the issue that is to go on is being measured or told; merge when that is over"
            }
            IssueState::Open | IssueState::InWork => return Ok(()),
        };
        Err(WrongState::new(self.state.as_str(), refused))
    }

    /// Refuses a merged issue: what has to do with it has to do with the one that goes on.
    pub(crate) fn check_relates(&self) -> Result<(), WrongState> {
        if self.state == IssueState::Merged {
            let message = "the issue was merged into another; name that one";
            return Err(WrongState::new(self.state.as_str(), message));
        }
        Ok(())
    }

    /// What a merge brought: persons, pieces of feedback, and what employees reported of the merged one. Of all its cohort,
    /// so many went on to issues split from it or from those merged into it.
    pub(crate) fn absorb(&mut self, merged: &Self, relation: &IssueRelation, gone_on: i64) {
        self.cohort_size += relation.members_joined;
        self.evidence_size += relation.evidence_joined;
        self.gone_on = gone_on;
        self.employee_reporters += merged.employee_reporters;
        self.version += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::issue_for_tests;

    fn frozen() -> Issue {
        let mut issue = issue_for_tests();
        issue.freeze(3, 4);
        issue
    }

    fn merge(merged: &mut Issue, survivor: &Issue, tried: bool) -> Result<(), String> {
        merged
            .merge_into(survivor, tried)
            .map_err(|refused| refused.message)
    }

    #[test]
    fn an_issue_that_nobody_works_on_becomes_a_part_of_another() {
        let (mut merged, survivor) = (frozen(), frozen());
        let version = merged.version;
        merge(&mut merged, &survivor, false).unwrap();
        assert_eq!(
            (merged.state, merged.merged_into, merged.version),
            (IssueState::Merged, Some(survivor.issue_id), version + 1)
        );
        assert!(
            merged
                .take_up()
                .unwrap_err()
                .message
                .contains("plan for that one")
        );
    }

    #[test]
    fn a_merge_that_makes_no_sense_says_what_to_do_instead() {
        let at = "2026-04-01T00:00:00Z".parse().unwrap();
        let worked_on = || {
            let mut issue = frozen();
            issue.take_up().unwrap();
            issue
        };
        let resolved = || {
            let mut issue = frozen();
            issue.resolve(at);
            issue
        };
        let merged = || {
            let mut issue = frozen();
            issue.merge_into(&frozen(), false).unwrap();
            issue
        };
        let cases = [
            (worked_on(), frozen(), "merge the other way round"),
            (resolved(), frozen(), "relate it"),
            (merged(), frozen(), "merge the one it was merged into"),
            (issue_for_tests(), frozen(), "still arriving"),
            (frozen(), resolved(), "is resolved"),
            (frozen(), merged(), "was merged itself"),
            (frozen(), issue_for_tests(), "still arriving"),
        ];
        for (mut merged, survivor, wanted) in cases {
            let before = merged.clone();
            let refused = merge(&mut merged, &survivor, false).unwrap_err();
            assert!(refused.contains(wanted), "{refused}");
            assert_eq!((merged.state, merged.version), (before.state, before.version));
        }
        let refused = merge(&mut frozen(), &worked_on(), true).unwrap_err();
        assert!(refused.contains("being measured"), "{refused}");
        merge(&mut frozen(), &worked_on(), false).unwrap();
    }

    #[test]
    fn what_is_related_is_recorded_in_one_direction() {
        let (older, newer) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(RelationKind::Related.ends(newer, older), (older, newer));
        assert_eq!(RelationKind::Causes.ends(newer, older), (newer, older));
    }
}
