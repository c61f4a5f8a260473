//! An issue that turned out to be two problems.

use uuid::Uuid;

use super::{Issue, IssueState, Origin, WrongState};

/// The rule by which a split makes a cohort, as records name it: every person of the whole's cohort of whom feedback is
/// named joins the part's, with the split beside their name; of these, whoever has no other feedback about the whole is
/// marked there as gone on to the part. Nobody leaves.
pub(crate) const SPLIT_RULE: &str = "split/1";

/// What the part of an issue is about that becomes an issue of its own.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) topic_id: String,
    pub(crate) product: String,
}

impl Part {
    /// Whether what is measured of the part can be told from what is measured of the whole. Without a topic nothing is
    /// measured.
    pub(crate) fn is_apart_from(&self, whole: &Issue) -> bool {
        self.topic_id.is_empty() || self.topic_id != whole.topic_id || self.product != whole.product
    }
}

impl Issue {
    /// The issue of a part of `whole`, whose cohort follows in the same transaction. It was found in the window in which the
    /// whole was, so no baseline of its own may lie there either.
    pub(crate) fn split_off(issue_id: Uuid, part: Part, whole: &Self) -> Self {
        let Part {
            title,
            description,
            topic_id,
            product,
        } = part;
        Self {
            description,
            topic_id,
            product,
            window_start: whole.window_start,
            split_from: Some(whole.issue_id),
            ..Self::new(issue_id, Origin::Split, title, whole.opened_at)
        }
    }

    /// Refuses a split where nobody could say afterwards whom a message or a number was about. `tried` is whether an
    /// iteration is measured on the cohort at this moment, or a pilot runs.
    pub(crate) fn check_splits(&self, tried: bool) -> Result<(), WrongState> {
        let refused = match self.state {
            IssueState::Resolved => "the issue is resolved; report what is left of it as an issue of its own",
            IssueState::Merged => "the issue was merged into another; split that one",
            IssueState::Open | IssueState::InWork if !self.cohort_frozen => {
                "the cohort of the issue is still arriving; repeat the call when it is frozen"
            }
            IssueState::Open | IssueState::InWork if tried => {
                "what is done about the issue is being measured on its cohort or told to it; split it when that is over"
            }
            IssueState::Open | IssueState::InWork => return Ok(()),
        };
        Err(WrongState::new(self.state.as_str(), refused))
    }

    /// A part was split from it, to which so many went on.
    pub(crate) fn part_from(&mut self, members_gone_on: i64) {
        self.gone_on += members_gone_on;
        self.version += 1;
    }

    /// Those of its cohort whom it tells and owes an answer itself.
    pub(crate) fn members_staying(&self) -> i64 {
        self.cohort_size - self.gone_on
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

    fn part(topic_id: &str, product: &str) -> Part {
        Part {
            title: "Vouchers are refused".to_owned(),
            description: String::new(),
            topic_id: topic_id.to_owned(),
            product: product.to_owned(),
        }
    }

    #[test]
    fn a_part_was_found_when_the_whole_was_and_is_worked_on_by_itself() {
        let whole = frozen();
        let mut made = Issue::split_off(Uuid::now_v7(), part("vouchers", "united"), &whole);
        assert_eq!(
            (made.opened_at, made.window_start, made.split_from),
            (whole.opened_at, whole.window_start, Some(whole.issue_id))
        );
        assert_eq!(
            (made.origin, made.state, made.cohort_frozen, made.hot_issue_id),
            (Origin::Split, IssueState::Open, true, None)
        );
        made.take_up().unwrap();
    }

    #[test]
    fn a_split_that_would_make_numbers_unreadable_says_what_to_do_instead() {
        let at = "2026-04-01T00:00:00Z".parse().unwrap();
        let mut resolved = frozen();
        resolved.resolve(at);
        let mut merged = frozen();
        merged.merge_into(&frozen(), false).unwrap();
        let mut worked_on = frozen();
        worked_on.take_up().unwrap();
        let cases = [
            (&resolved, false, "report what is left"),
            (&merged, false, "split that one"),
            (&issue_for_tests(), false, "still arriving"),
            (&worked_on, true, "when that is over"),
        ];
        for (issue, tried, wanted) in cases {
            let refused = issue.check_splits(tried).unwrap_err();
            assert!(refused.message.contains(wanted), "{refused}");
        }
        worked_on.check_splits(false).unwrap();
        frozen().check_splits(false).unwrap();
    }

    #[test]
    fn two_issues_of_one_topic_and_product_could_not_be_told_apart() {
        let whole = frozen();
        let (topic, product) = (whole.topic_id.as_str(), whole.product.as_str());
        assert!(!part(topic, product).is_apart_from(&whole));
        for apart in [part("vouchers", product), part(topic, "delta"), part("", product)] {
            assert!(apart.is_apart_from(&whole), "{apart:?}");
        }
    }

    #[test]
    fn who_went_on_is_still_of_the_cohort() {
        let mut issue = frozen();
        let version = issue.version;
        issue.part_from(2);
        assert_eq!(
            (issue.cohort_size, issue.members_staying(), issue.version),
            (3, 1, version + 1)
        );
    }
}
