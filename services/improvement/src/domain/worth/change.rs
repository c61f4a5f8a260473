//! By how much the contacts about an issue changed.

use attune_stats::verdict::Interval;
use attune_stats::worth::Quantity;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::ShareBounds;
use crate::domain::{Decision, Series, Verdict};

/// How far back the volume is counted before there is a verdict.
pub(crate) const LOOKED_BACK: TimeDelta = TimeDelta::days(28);
/// Where nearly everything is about the topic, what the others say carries no information about the volume.
const LEAST_OTHER_SHARE: f64 = 0.05;

/// Where a change is known from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Basis {
    /// Somebody assumes that contacts fall by this part.
    Assumed(ShareBounds),
    /// A verdict measured it.
    Verdict {
        iteration: i32,
        look: i32,
        looked_at: DateTime<Utc>,
        decision: Decision,
        /// Of the share of the product's feedback that is about the topic; negative is a fall.
        effect: f64,
        low: f64,
        high: f64,
        level: f64,
    },
}

/// A change with the volume it was found in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ContactChange {
    pub(crate) basis: Basis,
    /// The share about the topic that was to be expected without the change.
    pub(crate) expected_share: f64,
    /// All feedback of the product that was counted.
    pub(crate) n: i64,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
}

/// Feedback in whole steps of a series.
struct Counted {
    successes: u64,
    n: u64,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Counted {
    /// Counts the steps that lie wholly between two instants.
    fn of(series: &Series, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        let step = if Series::by_hour(from, to) {
            TimeDelta::hours(1)
        } else {
            TimeDelta::days(1)
        };
        let whole = |at: DateTime<Utc>| at.duration_trunc(step).unwrap_or(at);
        let first = whole(from);
        let (from, to) = (if first < from { first + step } else { first }, whole(to));
        let (mut successes, mut n) = (0, 0);
        for bucket in series.within(from, to) {
            successes += bucket.successes;
            n += bucket.n;
        }
        Self {
            successes,
            n,
            from,
            to,
        }
    }

    fn share(&self) -> f64 {
        if self.n == 0 {
            0.0
        } else {
            self.successes as f64 / self.n as f64
        }
    }

    fn changed(&self, basis: Basis, expected_share: f64) -> ContactChange {
        ContactChange {
            basis,
            expected_share,
            n: i64::try_from(self.n).unwrap_or(i64::MAX),
            from: self.from,
            to: self.to,
        }
    }
}

impl ContactChange {
    /// What a verdict on an iteration measured at a look, from the series between rollout and look; `None` where it says
    /// no number.
    pub(crate) fn measured(
        verdict: &Verdict,
        iteration: i32,
        series: &Series,
        (rolled_out_at, looked_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Option<Self> {
        let (effect, low, high) = (verdict.effect?, verdict.low?, verdict.high?);
        let counted = Counted::of(series, rolled_out_at, looked_at);
        let basis = Basis::Verdict {
            iteration,
            look: verdict.look,
            looked_at,
            decision: verdict.decision,
            effect,
            low,
            high,
            level: verdict.level,
        };
        Some(counted.changed(basis, (counted.share() - effect).clamp(0.0, 1.0)))
    }

    /// What is assumed, from the series of the time before `to`.
    pub(crate) fn assumed(fall: ShareBounds, series: &Series, to: DateTime<Utc>) -> Self {
        let counted = Counted::of(series, to - LOOKED_BACK, to);
        let share = counted.share();
        counted.changed(Basis::Assumed(fall), share)
    }

    /// Contacts avoided over so many days, should it go on as it was counted.
    ///
    /// Feedback on other matters is not touched by the change: with N pieces of feedback of which the share s is about
    /// the topic, there are N (1 − s) others, and without the change, at the share s₀, these would have come with
    /// N (1 − s) s₀ ÷ (1 − s₀) about it. What is avoided is the difference to N s, that is N (s₀ − s) ÷ (1 − s₀).
    pub(crate) fn avoided(&self, horizon_days: i32) -> Quantity {
        let days = (self.to - self.from).num_seconds() as f64 / 86_400.0;
        let pace = if days > 0.0 { self.n as f64 / days } else { 0.0 };
        let volume = pace * f64::from(horizon_days);
        match &self.basis {
            Basis::Assumed(fall) => fall.quantity().times(volume * self.expected_share),
            Basis::Verdict {
                effect,
                low,
                high,
                level,
                ..
            } => {
                let measured = Quantity::Estimated {
                    value: *effect,
                    interval: Interval {
                        low: *low,
                        high: *high,
                    },
                    level: *level,
                };
                measured.times(-volume / (1.0 - self.expected_share).max(LEAST_OTHER_SHARE))
            }
        }
    }

    /// Whether both are of the same look at the same iteration, or both assumed.
    pub(super) fn is_of_same_look(&self, other: &Self) -> bool {
        let look = |basis: &Basis| match basis {
            Basis::Assumed(_) => None,
            Basis::Verdict { iteration, look, .. } => Some((*iteration, *look)),
        };
        look(&self.basis) == look(&other.basis)
    }

    /// Whether both were made from the same feedback. An assumption does not rest on feedback that came after it. Numbers
    /// that were stored and read may differ in their last digit.
    pub(super) fn rests_on_the_same(&self, other: &Self) -> bool {
        let numbers = |change: &Self| match &change.basis {
            Basis::Assumed(_) => None,
            Basis::Verdict {
                effect, low, high, ..
            } => Some([*effect, *low, *high, change.expected_share]),
        };
        let near = |(one, other): (f64, f64)| (one - other).abs() <= 1e-9;
        match (numbers(self), numbers(other)) {
            (Some(one), Some(two)) => self.n == other.n && one.into_iter().zip(two).all(near),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}
