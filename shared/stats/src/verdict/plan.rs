//! The plan of an evaluation, fixed before the change starts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::aim::Aim;
use crate::distribution::normal_quantile;

/// The smallest movement of the share worth having, in the direction in which it is to move: a reduction, or where it is to
/// rise a rise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmallestEffect {
    /// By this many units of share; 0.02 is two percentage points.
    Absolute(f64),
    /// By this fraction of the share; 0.3 is 30 %. A rise by 0.1 from 0.6 leads to 0.66.
    Relative(f64),
}

impl SmallestEffect {
    /// 30 % of the share: less is hard to tell from what days do by themselves.
    pub const DEFAULT: Self = Self::Relative(0.3);

    /// The movement in units of share from this baseline.
    pub fn absolute(self, baseline_share: f64) -> f64 {
        match self {
            Self::Absolute(reduction) => reduction,
            Self::Relative(fraction) => fraction * baseline_share,
        }
    }
}

/// Why a plan was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// The baseline is not a share.
    #[error("baseline share {0} must lie above 0 and below 1; measure the issue's share first")]
    BaselineShare(f64),
    /// The effect is no reduction that this baseline allows.
    #[error("smallest effect {0} must lie above 0 and below the baseline share; ask for a smaller reduction")]
    SmallestEffect(f64),
    /// The effect is no rise that this baseline allows.
    #[error(
        "smallest rise {0} must lie above 0 and below what the baseline share leaves to 1; ask for a smaller rise"
    )]
    SmallestRise(f64),
    /// Power or alpha is no usable probability.
    #[error("{name} {value} must lie between {low} and {high}")]
    Probability {
        /// Which one.
        name: &'static str,
        /// What was given.
        value: f64,
        /// The lowest accepted value.
        low: f64,
        /// The highest accepted value.
        high: f64,
    },
    /// The overdispersion is below one or not a number.
    #[error(
        "overdispersion {0} must be at least 1; give the variance between days over the binomial variance"
    )]
    Overdispersion(f64),
}

/// The computed sample size, with everything it was computed from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PlannedSample {
    /// Feedback needed after the rollout (and as much before it), or in each arm.
    pub n: u64,
    /// The share before the change.
    pub baseline_share: f64,
    /// The share that the smallest effect worth having leads to.
    pub target_share: f64,
    /// The probability to tell the two apart.
    pub power: f64,
    /// The two-sided error rate.
    pub alpha: f64,
    /// Variance between days over the binomial variance.
    pub overdispersion: f64,
}

impl PlannedSample {
    /// The sample beside a comparable group, from `(share, feedback)` of the measured slice and of the group over the same
    /// time: what the group does not know adds to what the slice does not know, so `n` grows by the ratio of the variances
    /// of the two log shares, `(1 − p) ⁄ (p · feedback)`. A group without a mention leaves the sample as it is.
    #[must_use]
    pub fn beside(self, own: (f64, f64), group: (f64, f64)) -> Self {
        let variance = |(share, n): (f64, f64)| (1.0 - share) / (share * n);
        let factor = 1.0 + variance(group) / variance(own);
        if factor.is_finite() && factor >= 1.0 {
            Self {
                n: whole((self.n as f64 * factor).ceil()),
                ..self
            }
        } else {
            self
        }
    }
}

/// What is fixed before the start of an iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Which way the share is to move.
    #[serde(default)]
    pub aim: Aim,
    /// The smallest movement worth having; default [`SmallestEffect::DEFAULT`].
    pub smallest_effect: SmallestEffect,
    /// The feedback to be gathered after the rollout (or in both arms together), from [`plan`].
    pub planned_n: u64,
    /// The two-sided error rate over all looks together, spent by [`super::boundaries`].
    pub alpha: f64,
    /// How many looks, at equal steps of the planned n; at least one.
    pub looks: u32,
    /// The verdict is given at this instant with what there is.
    pub deadline: DateTime<Utc>,
    /// Whole days to wait after the rollout before the first look, so that every day of the week is seen.
    pub minimum_days_after: u32,
    /// Days from detection to rollout below which no level can be forecast.
    pub minimum_days_before: u32,
}

impl Plan {
    /// A plan with the usual choices: fewer mentions are hoped for, two-sided alpha 0.10 (each kind of wrong verdict at most
    /// 5 %), two looks, a week after the rollout before the first look, six days of plateau.
    pub const fn new(smallest_effect: SmallestEffect, planned_n: u64, deadline: DateTime<Utc>) -> Self {
        Self {
            aim: Aim::FewerMentions,
            smallest_effect,
            planned_n,
            alpha: 0.10,
            looks: 2,
            deadline,
            minimum_days_after: 7,
            minimum_days_before: 6,
        }
    }

    /// What a change of this part of the smallest effect does to the judged share.
    pub(super) fn change(&self, part: f64) -> Change {
        match self.smallest_effect {
            SmallestEffect::Absolute(movement) => Change {
                kept: 1.0,
                taken: part * movement,
            },
            SmallestEffect::Relative(fraction) if self.aim.rises() => {
                // From 1 − c to (1 + g)(1 − c): what falls short comes to (1 + g) c − g.
                let gain = part * fraction;
                Change {
                    kept: 1.0 + gain,
                    taken: gain,
                }
            }
            SmallestEffect::Relative(fraction) => Change {
                kept: 1.0 - part * fraction,
                taken: 0.0,
            },
        }
    }
}

/// What would be left of the judged share, and what is taken off that, by a change of some size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change {
    pub(super) kept: f64,
    pub(super) taken: f64,
}

impl Change {
    /// By how much it lowers a judged share.
    pub(super) fn reduction(self, share: f64) -> f64 {
        share - (self.kept * share - self.taken)
    }
}

/// The sample size that tells a share lowered by the smallest effect from an unchanged one: the normal
/// approximation for two independent shares, `n = (z₁₋α⁄₂ + z_power)² · φ · (p₁q₁ + p₂q₂) / (p₁ − p₂)²`
/// (Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd ed., 2003, section 4.2), inflated by
/// the overdispersion φ.
///
/// # Errors
/// [`PlanError`] says which argument cannot be planned with.
pub fn plan(
    baseline_share: f64,
    smallest_effect: SmallestEffect,
    power: f64,
    alpha: f64,
    overdispersion: f64,
) -> Result<PlannedSample, PlanError> {
    if !(baseline_share > 0.0 && baseline_share < 1.0) {
        return Err(PlanError::BaselineShare(baseline_share));
    }
    let reduction = smallest_effect.absolute(baseline_share);
    if !(reduction > 0.0 && reduction < baseline_share) {
        return Err(PlanError::SmallestEffect(reduction));
    }
    probability("power", power, 0.5, 0.999)?;
    probability("alpha", alpha, 0.0001, 0.5)?;
    if !(overdispersion >= 1.0 && overdispersion.is_finite()) {
        return Err(PlanError::Overdispersion(overdispersion));
    }
    let target_share = baseline_share - reduction;
    let z = normal_quantile(1.0 - alpha / 2.0) + normal_quantile(power);
    let variance = baseline_share * (1.0 - baseline_share) + target_share * (1.0 - target_share);
    let n = (z * z * overdispersion * variance / (reduction * reduction)).ceil();
    Ok(PlannedSample {
        n: whole(n),
        baseline_share,
        target_share,
        power,
        alpha,
        overdispersion,
    })
}

fn probability(name: &'static str, value: f64, low: f64, high: f64) -> Result<(), PlanError> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(PlanError::Probability {
            name,
            value,
            low,
            high,
        })
    }
}

/// A non-negative float as a count; beyond the range it is held at its end.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float to integer casts saturate"
)]
const fn whole(n: f64) -> u64 {
    n as u64
}
