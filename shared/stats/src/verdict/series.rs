//! Series of a share, cut at the instants of an initiative and gathered into days.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Counts of one interval of time, an hour or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The first instant of the interval.
    pub start: DateTime<Utc>,
    /// The first instant after the interval.
    pub end: DateTime<Utc>,
    /// Feedback that mentions the topic non-positively.
    pub successes: u64,
    /// All feedback of the slice.
    pub n: u64,
}

/// One day, counted from the rollout: day −1 is the last one before it, day 0 the first one after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Day {
    pub(super) index: i64,
    /// The middle of the day's buckets, in days from the rollout.
    pub(super) middle: f64,
    pub(super) successes: f64,
    pub(super) n: f64,
}

impl Day {
    pub(super) fn share(&self) -> f64 {
        self.successes / self.n
    }
}

/// The buckets that lie wholly in `[from, to)`, gathered into 24-hour days that meet at `anchor`. Days without
/// feedback are left out.
pub(super) fn days(
    series: &[Bucket],
    from: Option<DateTime<Utc>>,
    to: DateTime<Utc>,
    anchor: DateTime<Utc>,
) -> Vec<Day> {
    let day = TimeDelta::days(1).num_seconds();
    let inside =
        |bucket: &&Bucket| bucket.n > 0 && bucket.end <= to && from.is_none_or(|f| bucket.start >= f);
    let mut gathered = std::collections::BTreeMap::<i64, Day>::new();
    for bucket in series.iter().filter(inside) {
        let index = (bucket.start - anchor).num_seconds().div_euclid(day);
        let middle =
            ((bucket.start - anchor) + (bucket.end - anchor)).num_seconds() as f64 / (2 * day) as f64;
        let (n, successes) = (bucket.n as f64, bucket.successes.min(bucket.n) as f64);
        let entry = gathered.entry(index).or_insert(Day {
            index,
            middle: 0.0,
            successes: 0.0,
            n: 0.0,
        });
        entry.middle = (entry.middle * entry.n + middle * n) / (entry.n + n);
        entry.n += n;
        entry.successes += successes;
    }
    gathered.into_values().collect()
}

/// Sums over days: successes and n.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Total {
    pub(super) successes: f64,
    pub(super) n: f64,
}

impl Total {
    pub(super) fn of(days: &[Day]) -> Self {
        Self {
            successes: days.iter().map(|day| day.successes).sum(),
            n: days.iter().map(|day| day.n).sum(),
        }
    }

    pub(super) fn share(&self) -> f64 {
        if self.n > 0.0 {
            self.successes / self.n
        } else {
            0.0
        }
    }

    /// The variance of the share. Half a success and half a failure are added so that a share of zero or one does
    /// not claim certainty.
    pub(super) fn variance(&self, overdispersion: f64) -> f64 {
        let p = (self.successes + 0.5) / (self.n + 1.0);
        overdispersion * p * (1.0 - p) / self.n.max(1.0)
    }
}

/// A sum of counts as a count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sums of counts are whole, not negative"
)]
pub(super) fn count(n: f64) -> u64 {
    n.round() as u64
}

/// Pearson's χ² about each segment's own share, and its degrees of freedom.
pub(super) fn dispersion(segments: &[&[Day]]) -> (f64, f64) {
    let (mut chi2, mut freedom) = (0.0, 0.0);
    for days in segments {
        let p = Total::of(days).share();
        if p <= 0.0 || p >= 1.0 || days.len() < 2 {
            continue;
        }
        chi2 += days
            .iter()
            .map(|day| (day.successes - day.n * p).powi(2) / (day.n * p * (1.0 - p)))
            .sum::<f64>();
        freedom += (days.len() - 1) as f64;
    }
    (chi2, freedom)
}

/// The variance between days over the binomial variance (Pearson's χ² over its degrees of freedom; Wedderburn,
/// Quasi-likelihood functions, Biometrika 61(3), 1974), not below 1. For planning: give days on which nothing was
/// going on.
pub fn overdispersion(series: &[Bucket]) -> f64 {
    let (Some(first), Some(last)) = (
        series.iter().map(|b| b.start).min(),
        series.iter().map(|b| b.end).max(),
    ) else {
        return 1.0;
    };
    let (chi2, freedom) = dispersion(&[&days(series, None, last, first)]);
    if freedom > 0.0 {
        (chi2 / freedom).max(1.0)
    } else {
        1.0
    }
}
