//! A question whether groups of feedback differ.

use attune_stats::MetricId;

use super::{Measure, Slice, Step, Window};

/// Some feedback in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) slice: Slice,
    pub(crate) window: Window,
}

/// Which feedback may be in two groups at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// None: their numbers are independent of each other.
    Nothing,
    /// That of persons who were in the segments of both. What counts in both numbers makes them alike, never unlike: a
    /// test that takes them for independent finds a difference by chance no more often than it promises.
    Segments,
    /// Whatever is in one of them.
    Anything,
}

impl Group {
    /// What may be in both. Different topics do not keep groups apart, because a text may mention both.
    pub(crate) fn overlap(&self, other: &Self) -> Overlap {
        let (own, others) = (&self.slice.segment, &other.slice.segment);
        if self.is_apart_from(other) {
            Overlap::Nothing
        } else if !own.is_empty() && !others.is_empty() && own != others {
            Overlap::Segments
        } else {
            Overlap::Anything
        }
    }

    /// Whether no feedback can be in both.
    fn is_apart_from(&self, other: &Self) -> bool {
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

    #[test]
    fn two_segments_share_whom_they_share_and_one_shares_everything_with_itself() {
        let (first, second, third) = (
            "2026-03-01T00:00:00Z",
            "2026-03-02T00:00:00Z",
            "2026-03-03T00:00:00Z",
        );
        let of = |segment: &str, product: &str, start: &str| {
            let everything = group(product, "", start, third);
            Group {
                slice: Slice {
                    segment: segment.into(),
                    ..everything.slice
                },
                ..everything
            }
        };
        let gold = of("gold", "", first);
        assert_eq!(gold.overlap(&of("new", "", second)), Overlap::Segments);
        assert_eq!(gold.overlap(&of("gold", "", second)), Overlap::Anything);
        assert_eq!(gold.overlap(&of("", "", first)), Overlap::Anything);
        let north = of("gold", "North", first);
        assert_eq!(north.overlap(&of("gold", "South", first)), Overlap::Nothing);
        assert_eq!(north.overlap(&of("new", "South", first)), Overlap::Nothing);
        assert_eq!(north.overlap(&of("new", "", first)), Overlap::Segments);
    }
}
