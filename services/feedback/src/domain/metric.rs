//! A question for a number: which metric, of which slice, over which windows.

use std::str::FromStr;

use attune_stats::MetricId;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Dimension, Facet, day_of, hour_of};

/// The width of the rows that counts are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grain {
    Hour,
    Day,
}

impl Grain {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// The beginning of the row that an instant falls into.
    pub(crate) fn start_of(self, instant: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Hour => hour_of(instant),
            Self::Day => day_of(instant),
        }
    }

    pub(crate) fn width(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::hours(1),
            Self::Day => TimeDelta::days(1),
        }
    }

    /// The beginning of the first row at or after an instant.
    pub(crate) fn ceiling_of(self, instant: DateTime<Utc>) -> DateTime<Utc> {
        let floor = self.start_of(instant);
        if floor == instant {
            floor
        } else {
            floor + self.width()
        }
    }
}

/// The width of the steps of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// One value for the whole window.
    Whole,
    Each(Grain),
}

/// Which feedback a number is about; empty texts do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Slice {
    pub(crate) product: String,
    pub(crate) channel: String,
    pub(crate) topic_id: String,
    pub(crate) touchpoint: String,
    /// One of this and those that follow at most.
    pub(crate) agent_id: String,
    /// Of feedback alone.
    pub(crate) team: String,
    /// By its name in the API.
    pub(crate) stage: String,
    pub(crate) language: String,
    /// Of feedback alone.
    pub(crate) segment: String,
    /// Of invitations alone.
    pub(crate) survey_id: Option<Uuid>,
}

impl Slice {
    /// What it chooses of matters besides what every row of counts has, and which; at most one thing, as questions are
    /// parsed.
    pub(crate) fn dimension(&self) -> Option<(Dimension, &str)> {
        let chosen = [
            (Dimension::Topic, &self.topic_id),
            (Dimension::Agent, &self.agent_id),
            (Dimension::Stage, &self.stage),
            (Dimension::Language, &self.language),
        ];
        let mut chosen = chosen.into_iter().filter(|(_, value)| !value.is_empty());
        chosen
            .next()
            .map(|(dimension, value)| (dimension, value.as_str()))
    }

    /// What it chooses of feedback besides what every row of counts has; at most one thing, as questions are parsed.
    pub(crate) fn facet(&self) -> Option<(Facet, &str)> {
        let chosen = [
            (Facet::Agent, &self.agent_id),
            (Facet::Team, &self.team),
            (Facet::Stage, &self.stage),
            (Facet::Language, &self.language),
            (Facet::Segment, &self.segment),
        ];
        let mut chosen = chosen.into_iter().filter(|(_, value)| !value.is_empty());
        chosen.next().map(|(facet, value)| (facet, value.as_str()))
    }

    /// The same as the tables name it; two empty texts for nothing.
    pub(crate) fn facet_columns(&self) -> (&'static str, &str) {
        self.facet()
            .map_or(("", ""), |(facet, value)| (facet.as_str(), value))
    }
}

/// A window of full hours; the end is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
}

/// The question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) metric: MetricId,
    pub(crate) slice: Slice,
    pub(crate) window: Window,
    pub(crate) step: Step,
}

/// A metric by its id.
pub(crate) fn metric(id: &str) -> Result<MetricId, attune_stats::registry::UnknownMetric> {
    let short: String = id.chars().take(64).collect();
    MetricId::from_str(&short)
}

/// Counts of a slice that begin at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SliceCount {
    pub(crate) start: DateTime<Utc>,
    pub(crate) feedback: i64,
    pub(crate) judged: i64,
    pub(crate) negative: i64,
    pub(crate) non_positive: i64,
    pub(crate) mention_judged: i64,
    pub(crate) mention_negative: i64,
}

/// What became of invitations that were decided from one instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AskedCount {
    pub(crate) start: DateTime<Utc>,
    pub(crate) asked: i64,
    pub(crate) answered: i64,
    /// How many more were asked whose time is not over.
    pub(crate) pending: i64,
}

/// Which rows make up a window: hours, then whole days, then hours again. A series by hour has no days, one by
/// day no hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spans {
    pub(crate) start: DateTime<Utc>,
    pub(crate) days_start: DateTime<Utc>,
    pub(crate) days_end: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
}

impl Window {
    /// How many steps it has.
    pub(crate) fn steps(self, step: Step) -> i64 {
        match step {
            Step::Whole => 1,
            Step::Each(grain) => (self.end - self.start).num_hours() / grain.width().num_hours(),
        }
    }

    /// The rows that its values, one for each step, are made of. With steps of a day its ends may lie within one.
    pub(crate) fn spans(self, step: Step) -> Spans {
        let Self { start, end } = self;
        let hours_only = Spans {
            start,
            days_start: end,
            days_end: end,
            end,
        };
        if step == Step::Each(Grain::Hour) {
            return hours_only;
        }
        let (days_start, days_end) = (Grain::Day.ceiling_of(start), day_of(end));
        if days_start < days_end {
            Spans {
                start,
                days_start,
                days_end,
                end,
            }
        } else {
            hours_only
        }
    }

    /// The part before an instant, and the rest; one of them may be empty.
    pub(crate) fn split_at(self, instant: DateTime<Utc>) -> (Self, Self) {
        let middle = instant.clamp(self.start, self.end);
        let before = Self { end: middle, ..self };
        let rest = Self {
            start: middle,
            ..self
        };
        (before, rest)
    }
}

impl Measure {
    /// The most values one question gives.
    pub(crate) const MOST_STEPS: i64 = 2000;

    /// The windows of its values.
    pub(crate) fn windows(&self) -> Vec<Window> {
        let Step::Each(grain) = self.step else {
            return vec![self.window];
        };
        let start = self.window.start;
        (0..self.window.steps(self.step))
            .filter_map(|step| i32::try_from(step).ok())
            .map(|step| Window {
                start: start + grain.width() * step,
                end: start + grain.width() * (step + 1),
            })
            .collect()
    }

    /// The rows it is answered from.
    pub(crate) fn spans(&self) -> Spans {
        self.window.spans(self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn measure(start: &str, end: &str, step: Step) -> Measure {
        let window = Window {
            start: at(start),
            end: at(end),
        };
        Measure {
            metric: MetricId::Nps,
            slice: Slice::default(),
            window,
            step,
        }
    }

    #[test]
    fn a_long_window_is_read_by_days_between_its_ragged_ends() {
        let spans = measure("2026-03-01T22:00:00Z", "2026-03-04T02:00:00Z", Step::Whole).spans();
        assert_eq!(spans.days_start, at("2026-03-02T00:00:00Z"));
        assert_eq!(spans.days_end, at("2026-03-04T00:00:00Z"));
    }

    #[test]
    fn a_window_within_a_day_is_read_by_hours() {
        let spans = measure("2026-03-01T22:00:00Z", "2026-03-02T02:00:00Z", Step::Whole).spans();
        assert_eq!((spans.days_start, spans.days_end), (spans.end, spans.end));
    }

    #[test]
    fn a_window_is_split_where_an_instant_lies_and_days_are_then_read_by_hours_at_the_seam() {
        let days = measure(
            "2026-03-01T00:00:00Z",
            "2026-03-04T00:00:00Z",
            Step::Each(Grain::Day),
        );
        let (before, rest) = days.window.split_at(at("2026-03-02T07:00:00Z"));
        let (read, unread) = (before.spans(days.step), rest.spans(days.step));
        assert_eq!(
            (read.days_end, read.end),
            (at("2026-03-02T00:00:00Z"), before.end)
        );
        assert_eq!(
            (unread.start, unread.days_start, unread.end),
            (before.end, at("2026-03-03T00:00:00Z"), days.window.end)
        );
        let (all, none) = days.window.split_at(at("2027-01-01T00:00:00Z"));
        assert_eq!((all, none.start), (days.window, none.end));
    }

    #[test]
    fn steps_lie_end_to_end() {
        let windows = measure(
            "2026-03-01T00:00:00Z",
            "2026-03-03T00:00:00Z",
            Step::Each(Grain::Day),
        )
        .windows();
        assert_eq!(windows.len(), 2);
        assert_eq!(windows[0].end, windows[1].start);
        assert_eq!(windows[1].end, at("2026-03-03T00:00:00Z"));
    }

    #[test]
    fn the_end_of_a_window_is_taken_up_to_the_full_hour() {
        assert_eq!(
            Grain::Hour.ceiling_of(at("2026-03-01T00:00:00.000001Z")),
            at("2026-03-01T01:00:00Z")
        );
        assert_eq!(
            Grain::Day.ceiling_of(at("2026-03-01T00:00:00Z")),
            at("2026-03-01T00:00:00Z")
        );
    }
}
