//! What each arm has gathered, and the interval of their difference.

use serde::{Deserialize, Serialize};

use crate::distribution::student_critical;
use crate::verdict::Interval;

use super::plan::{Measure, level};

/// Outcomes of customers, one each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Sample {
    /// Whether something happened.
    Proportion {
        /// In how many it did; not more than `n`.
        successes: u64,
        /// Customers with an outcome.
        n: u64,
    },
    /// A number.
    Mean {
        /// Customers with an outcome.
        n: u64,
        /// The mean of their numbers.
        mean: f64,
        /// The sample's standard deviation (with n − 1), not negative.
        deviation: f64,
    },
}

impl Sample {
    /// Customers with an outcome.
    pub const fn n(&self) -> u64 {
        match self {
            Self::Proportion { n, .. } | Self::Mean { n, .. } => *n,
        }
    }

    /// The share, or the mean.
    pub fn value(&self) -> f64 {
        match *self {
            Self::Proportion { successes, n } => successes.min(n) as f64 / n.max(1) as f64,
            Self::Mean { mean, .. } => mean,
        }
    }

    /// Whether it is a share of customers.
    pub(super) const fn is_share(&self) -> bool {
        matches!(self, Self::Proportion { .. })
    }

    /// The variance of the mean with its degrees of freedom; none for a share, and with fewer than two outcomes.
    pub(super) fn variance_of_mean(&self) -> Option<(f64, f64)> {
        match *self {
            Self::Mean { n, deviation, .. } if n > 1 => {
                Some((deviation * deviation / n as f64, (n - 1) as f64))
            }
            _ => None,
        }
    }

    /// The outcomes of other customers and of these; of another kind they are left out.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        match (*self, *other) {
            (
                Self::Proportion { successes, n },
                Self::Proportion {
                    successes: others,
                    n: of,
                },
            ) => Self::Proportion {
                successes: successes + others,
                n: n + of,
            },
            (one @ Self::Mean { .. }, Self::Mean { n: 0, .. }) => one,
            (Self::Mean { n: 0, .. }, other @ Self::Mean { .. }) => other,
            (
                Self::Mean { n, mean, deviation },
                Self::Mean {
                    n: of,
                    mean: theirs,
                    deviation: apart,
                },
            ) => {
                let (own, others) = (n as f64, of as f64);
                let both = own + others;
                let within = deviation * deviation * (own - 1.0) + apart * apart * (others - 1.0);
                let between = own * others / both * (theirs - mean).powi(2);
                Self::Mean {
                    n: n + of,
                    mean: mean + (theirs - mean) * others / both,
                    deviation: ((within + between) / (both - 1.0)).sqrt(),
                }
            }
            (one, _) => one,
        }
    }

    /// Whether this is what such a pilot measures, in possible numbers.
    pub(super) fn fits(&self, measure: &Measure) -> bool {
        match (*self, measure) {
            (Self::Proportion { successes, n }, Measure::Proportion { .. }) => successes <= n,
            (Self::Mean { mean, deviation, .. }, Measure::Mean { .. }) => {
                mean.is_finite() && deviation.is_finite() && deviation >= 0.0
            }
            _ => false,
        }
    }
}

/// One arm of a pilot.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Customers who were exposed: who met the place where the change is, whichever way they were assigned. They are
    /// what the sample ratio is checked on.
    pub exposed: u64,
    /// The outcomes of those of them who have one.
    pub outcome: Sample,
}

/// The interval of `treated − control`, `critical` normal standard errors wide on each side, none where two samples
/// cannot be compared.
///
/// Shares: the hybrid score interval (Newcombe, Interval estimation for the difference between independent
/// proportions, Statistics in Medicine 17(8), 1998, method 10), which keeps its promise for few successes. Means:
/// Welch's interval at the same level (Biometrika 34(1/2), 1947).
pub(crate) fn difference(treated: &Sample, control: &Sample, critical: f64) -> Option<Interval> {
    let effect = treated.value() - control.value();
    match (*treated, *control) {
        (Sample::Proportion { .. }, Sample::Proportion { .. }) => {
            let (t, c) = (wilson(treated, critical), wilson(control, critical));
            let reach = |own: f64, other: f64| own.hypot(other);
            Some(Interval {
                low: effect - reach(treated.value() - t.low, c.high - control.value()),
                high: effect + reach(t.high - treated.value(), control.value() - c.low),
            })
        }
        (
            Sample::Mean {
                n: treated_n,
                deviation: treated_deviation,
                ..
            },
            Sample::Mean {
                n: control_n,
                deviation: control_deviation,
                ..
            },
        ) if treated_n > 1 && control_n > 1 => {
            let t = treated_deviation.powi(2) / treated_n as f64;
            let c = control_deviation.powi(2) / control_n as f64;
            let freedom = (t + c).powi(2)
                / (t * t / (treated_n - 1) as f64 + c * c / (control_n - 1) as f64).max(f64::MIN_POSITIVE);
            let half = student_critical(level(critical), freedom) * (t + c).sqrt();
            Some(Interval {
                low: effect - half,
                high: effect + half,
            })
        }
        _ => None,
    }
}

/// Wilson's score interval at `z` standard errors.
pub(super) fn wilson(sample: &Sample, z: f64) -> Interval {
    let (p, n) = (sample.value(), sample.n().max(1) as f64);
    let z2 = z * z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = (z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n))).sqrt() / (1.0 + z2 / n);
    Interval {
        low: (centre - half).max(0.0),
        high: (centre + half).min(1.0),
    }
}
