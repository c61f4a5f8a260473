//! The numbers a verdict is made from.

use attune_stats::verdict::Bucket;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Counts of a share by hour or day, in order of time, and the versions of the taxonomy since which the topic was coded
/// as in them: one where all are alike, none where that is not known. The versions are kept beside the series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Series(pub(crate) Vec<Bucket>, #[serde(skip)] pub(crate) Vec<i64>);

/// The feedback service answers at most this many steps.
const MOST_STEPS: i64 = 2000;

/// How long before the window the series begins: four weeks show what days do by themselves.
pub(crate) const LOOK_BACK: TimeDelta = TimeDelta::weeks(4);

impl Series {
    /// Whether the series of this window can be had by the hour; else it is had by the day.
    pub(crate) fn by_hour(start: DateTime<Utc>, end: DateTime<Utc>) -> bool {
        // Both ends are widened to full hours, which may add a step at each.
        (end - start).num_hours() + 2 <= MOST_STEPS
    }

    /// The first instant that can still be asked for together with `end`.
    pub(crate) fn earliest(start: DateTime<Utc>, end: DateTime<Utc>) -> DateTime<Utc> {
        start.max(end - TimeDelta::days(MOST_STEPS - 2))
    }

    /// The buckets that hold feedback: an empty one says nothing about a share.
    pub(crate) fn of(buckets: impl IntoIterator<Item = Bucket>) -> Self {
        let buckets = buckets.into_iter().filter(|bucket| bucket.n > 0);
        Self(buckets.collect(), Vec::new())
    }

    /// The series with what its topic was coded with.
    pub(crate) fn coded(self, versions: Vec<i64>) -> Self {
        Self(self.0, versions)
    }

    /// How many count of how many, in the buckets that lie wholly in `[from, to)`.
    pub(crate) fn total(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> (u64, u64) {
        self.within(from, to).fold((0, 0), |(successes, n), bucket| {
            (successes + bucket.successes, n + bucket.n)
        })
    }

    /// The buckets that lie wholly in `[from, to)`.
    pub(crate) fn within(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> impl Iterator<Item = Bucket> + '_ {
        self.0
            .iter()
            .copied()
            .filter(move |bucket| bucket.start >= from && bucket.end <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_window_is_asked_for_by_the_day_and_never_beyond_the_steps_there_are() {
        let end: DateTime<Utc> = "2026-03-01T12:30:00Z".parse().unwrap();
        assert!(Series::by_hour(end - TimeDelta::days(80), end));
        assert!(!Series::by_hour(end - TimeDelta::days(84), end));
        let earliest = Series::earliest(end - TimeDelta::days(9000), end);
        assert!((end - earliest).num_days() < 2000);
    }

    #[test]
    fn a_bucket_across_the_border_is_in_neither_window() {
        let at = |hour: u32| {
            format!("2026-03-01T{hour:02}:00:00Z")
                .parse::<DateTime<Utc>>()
                .unwrap()
        };
        let bucket = |hour| Bucket {
            start: at(hour),
            end: at(hour + 1),
            successes: 1,
            n: 2,
        };
        let series = Series::of((0..6).map(bucket));
        let border = at(3) + TimeDelta::minutes(20);
        assert_eq!(series.within(at(0), border).count(), 3);
        assert_eq!(series.within(border, at(6)).count(), 2);
    }
}
