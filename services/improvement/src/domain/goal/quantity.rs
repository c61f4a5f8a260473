//! What a goal is about.

use attune_stats::MetricId;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Which feedback a number is about; empty texts do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slice {
    pub(crate) product: String,
    pub(crate) channel: String,
    pub(crate) topic_id: String,
    pub(crate) touchpoint: String,
}

/// A number that can be asked for at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quantity {
    pub(crate) metric: MetricId,
    pub(crate) slice: Slice,
    /// How many days of feedback it is made of.
    pub(crate) window_days: i32,
}

impl Quantity {
    /// The window of the number at `instant`: whole hours that are over, so that asking again gives the same.
    pub(crate) fn window(&self, instant: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let end = instant.duration_trunc(TimeDelta::hours(1)).unwrap_or(instant);
        (end - TimeDelta::days(self.window_days.into()), end)
    }

    /// Whether it is better when it is higher.
    pub(crate) fn rises(&self) -> bool {
        !matches!(
            self.metric,
            MetricId::SentimentNegativeShare | MetricId::TopicNegativeShare | MetricId::TopicShare
        )
    }

    /// Whether `value` is at `target`, or better.
    pub(crate) fn reaches(&self, value: f64, target: f64) -> bool {
        if self.rises() {
            value >= target
        } else {
            value <= target
        }
    }

    /// Whether `value` is better than `than`.
    pub(super) fn beats(&self, value: f64, than: f64) -> bool {
        if self.rises() { value > than } else { value < than }
    }

    /// The better end of an interval.
    pub(super) fn best(&self, (low, high): (f64, f64)) -> f64 {
        if self.rises() { high } else { low }
    }

    /// The worse end of an interval.
    pub(super) fn worst(&self, (low, high): (f64, f64)) -> f64 {
        if self.rises() { low } else { high }
    }
}
