//! A question whether groups of feedback differ.

use attune_stats::MetricId;

use super::{Measure, Slice, Step, Window};

/// Some feedback in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) slice: Slice,
    pub(crate) window: Window,
}

impl Group {
    /// Whether no feedback can be in both: only then are their numbers independent of each other. Different topics
    /// do not keep groups apart, because a text may mention both.
    pub(crate) fn is_apart_from(&self, other: &Self) -> bool {
        let differ = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
        self.window.end <= other.window.start
            || other.window.end <= self.window.start
            || differ(&self.slice.product, &other.slice.product)
            || differ(&self.slice.channel, &other.slice.channel)
            || differ(&self.slice.touchpoint, &other.slice.touchpoint)
            || differ(&self.slice.agent_id, &other.slice.agent_id)
            || differ(&self.slice.team, &other.slice.team)
            || differ(&self.slice.stage, &other.slice.stage)
            || differ(&self.slice.language, &other.slice.language)
            || self
                .slice
                .survey_id
                .zip(other.slice.survey_id)
                .is_some_and(|(a, b)| a != b)
    }

    /// The question for its number.
    pub(crate) fn measure(self, metric: MetricId) -> Measure {
        Measure {
            metric,
            slice: self.slice,
            window: self.window,
            step: Step::Whole,
        }
    }
}

/// The question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contrast {
    pub(crate) metric: MetricId,
    pub(crate) reference: Group,
    pub(crate) groups: Vec<Group>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(product: &str, topic_id: &str, start: &str, end: &str) -> Group {
        Group {
            slice: Slice {
                product: product.into(),
                topic_id: topic_id.into(),
                ..Slice::default()
            },
            window: Window {
                start: start.parse().unwrap(),
                end: end.parse().unwrap(),
            },
        }
    }

    #[test]
    fn groups_are_apart_by_their_time_or_by_what_feedback_has_once() {
        let (first, second, third) = (
            "2026-03-01T00:00:00Z",
            "2026-03-02T00:00:00Z",
            "2026-03-03T00:00:00Z",
        );
        let north = group("North", "", first, third);
        assert!(north.is_apart_from(&group("South", "", first, third)));
        assert!(group("", "", first, second).is_apart_from(&group("", "", second, third)));
        assert!(
            !north.is_apart_from(&group("", "", second, third)),
            "everything holds it"
        );
        assert!(!group("", "delay", first, third).is_apart_from(&group("", "crew", first, third)));
        let handled_by = |agent_id: &str| {
            let everything = group("", "", first, third);
            Group {
                slice: Slice {
                    agent_id: agent_id.into(),
                    ..everything.slice
                },
                ..everything
            }
        };
        assert!(handled_by("7").is_apart_from(&handled_by("8")));
        assert!(!handled_by("7").is_apart_from(&handled_by("")));
    }
}
