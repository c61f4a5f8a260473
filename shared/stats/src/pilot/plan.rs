//! The plan of a pilot, computed and shown before the start.

use serde::{Deserialize, Serialize};

use super::arm::Sample;
use crate::distribution::{normal_quantile, normal_sf};
use crate::sequential::{boundaries, drift, spending};

/// The most looks a plan may have; more spend almost nothing each.
const MAXIMUM_LOOKS: u32 = 10;

/// Which way the metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// As with complaints: less is better.
    Lower,
    /// As with satisfaction: more is better.
    Higher,
}

impl Better {
    /// 1 where more is better, −1 where less is.
    pub(super) const fn sign(self) -> f64 {
        match self {
            Self::Lower => -1.0,
            Self::Higher => 1.0,
        }
    }
}

/// What is measured in each customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Measure {
    /// Whether something happened.
    Proportion {
        /// The share expected without the change, above 0 and below 1.
        baseline: f64,
    },
    /// A number.
    Mean {
        /// The mean expected without the change, on the metric's scale.
        baseline: f64,
        /// The standard deviation between customers, above 0.
        deviation: f64,
    },
}

/// What has to be decided before a pilot starts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// What is measured, and what it is expected to be without the change.
    pub measure: Measure,
    /// Which way is better.
    pub better: Better,
    /// The smallest improvement worth having, in units of the metric (0.02 is two percentage points of a share); not
    /// negative. Zero asks for any improvement at all: then a useless change ends as inconclusive, since no sample
    /// shows that an effect is exactly nothing.
    pub smallest_effect: f64,
    /// The improvement the change is planned to bring, in the same units; above the smallest one.
    pub planned_effect: f64,
    /// The probability to call the planned improvement effective (and, where the smallest effect is above zero, to
    /// call no improvement ineffective); 0.5 to 0.999, usually 0.8.
    pub power: f64,
    /// The two-sided error rate over all looks together, 0.0001 to 0.5, usually 0.05: a change that brings just the
    /// smallest effect is called effective, or ineffective, with at most half of it each.
    pub alpha: f64,
    /// The share of customers who get the change, 0.01 to 0.99; half needs the fewest.
    pub treated_share: f64,
    /// How many looks at equal steps of the sample, 1 to 10.
    pub looks: u32,
}

/// Why a design was refused: one field and what it may be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{field} {value} must lie between {low} and {high}")]
pub struct PlanError {
    /// The field of [`Design`] or [`Measure`].
    pub field: &'static str,
    /// What was given.
    pub value: f64,
    /// The lowest value that can be planned with.
    pub low: f64,
    /// The highest value that can be planned with.
    pub high: f64,
}

/// One planned look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PlannedLook {
    /// The part of the planned information after which it is taken, above 0 to 1.
    pub fraction: f64,
    /// Customers with an outcome in the control arm by then.
    pub control: u64,
    /// Customers with an outcome in the treated arm by then.
    pub treated: u64,
    /// How many standard errors the estimate must lie beyond the smallest effect to decide.
    pub critical: f64,
    /// The two-sided error rate spent by then.
    pub spent: f64,
}

/// A pilot's plan, stored as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What it was computed from.
    pub design: Design,
    /// Customers with an outcome needed in the control arm.
    pub control: u64,
    /// Customers with an outcome needed in the treated arm.
    pub treated: u64,
    /// How much larger the sample is than one without early looks would be; 1 for a single look.
    pub inflation: f64,
    /// The looks, the last one at the full sample.
    pub looks: Vec<PlannedLook>,
}

impl Design {
    /// The sample that tells the planned effect from the smallest one worth having with the planned power, when the
    /// looks spend the error rate by an O'Brien–Fleming-like function (Lan and `DeMets`, Biometrika 70(3), 1983):
    /// `N = (z₁₋α⁄₂ + z_power)² · (v_t/s + v_c/(1−s)) / (planned − smallest)²` for a treated share `s` and the arms'
    /// variances `v` (Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 2003, section 4.2), times
    /// the inflation that the looks ask for (Jennison and Turnbull, Group Sequential Methods, 2000, section 3.3).
    /// For means `z²₁₋α⁄₂/2` is added, for the deviation is estimated too (Guenther, The American Statistician 35(4),
    /// 1981).
    ///
    /// # Errors
    /// [`PlanError`] names the field that cannot be planned with.
    pub fn plan(&self) -> Result<Plan, PlanError> {
        self.check()?;
        let fractions: Vec<f64> = (1..=self.looks)
            .map(|k| f64::from(k) / f64::from(self.looks))
            .collect();
        let criticals = boundaries(&fractions, self.alpha);
        let looks: Vec<(f64, f64)> = fractions.iter().copied().zip(criticals).collect();
        let z = normal_quantile(1.0 - self.alpha / 2.0);
        let single = z + normal_quantile(self.power);
        let needed = if self.looks == 1 {
            single
        } else {
            drift(&looks, self.power)
        };
        let distance = self.planned_effect - self.smallest_effect;
        let mut total = (needed / distance).powi(2) * self.unit_variance(self.planned_effect);
        if self.smallest_effect > 0.0 {
            let nothing = (needed / self.smallest_effect).powi(2) * self.unit_variance(0.0);
            total = total.max(nothing);
        }
        if matches!(self.measure, Measure::Mean { .. }) {
            total += z * z / 2.0;
        }
        let arms = |fraction: f64| {
            let customers = total * fraction;
            (
                whole((customers * (1.0 - self.treated_share)).ceil()).max(2),
                whole((customers * self.treated_share).ceil()).max(2),
            )
        };
        let (control, treated) = arms(1.0);
        Ok(Plan {
            design: *self,
            control,
            treated,
            inflation: (needed / single).powi(2),
            looks: looks
                .iter()
                .map(|&(fraction, critical)| self.look(arms(fraction), fraction, critical))
                .collect(),
        })
    }

    fn look(&self, (control, treated): (u64, u64), fraction: f64, critical: f64) -> PlannedLook {
        PlannedLook {
            fraction,
            control,
            treated,
            critical,
            spent: 2.0 * spending(fraction, self.alpha),
        }
    }

    /// The variance of the difference between the arms, times the number of customers in both, when the change
    /// brings `improvement`.
    fn unit_variance(&self, improvement: f64) -> f64 {
        let (control, treated) = match self.measure {
            Measure::Proportion { baseline } => {
                let then = baseline + self.better.sign() * improvement;
                (baseline * (1.0 - baseline), then * (1.0 - then))
            }
            Measure::Mean { deviation, .. } => (deviation * deviation, deviation * deviation),
        };
        treated / self.treated_share + control / (1.0 - self.treated_share)
    }

    fn check(&self) -> Result<(), PlanError> {
        let room = match self.measure {
            Measure::Proportion { baseline } => {
                within("baseline", baseline, 1e-6, 1.0 - 1e-6)?;
                match self.better {
                    Better::Lower => baseline,
                    Better::Higher => 1.0 - baseline,
                }
            }
            Measure::Mean { baseline, deviation } => {
                within("baseline", baseline, -1e12, 1e12)?;
                within("deviation", deviation, 1e-12, 1e12)?;
                1e12
            }
        };
        within("smallest_effect", self.smallest_effect, 0.0, room)?;
        within("planned_effect", self.planned_effect, self.smallest_effect, room)?;
        if self.planned_effect <= self.smallest_effect || self.planned_effect >= room {
            return Err(outside(
                "planned_effect",
                self.planned_effect,
                self.smallest_effect,
                room,
            ));
        }
        within("power", self.power, 0.5, 0.999)?;
        within("alpha", self.alpha, 0.0001, 0.5)?;
        within("treated_share", self.treated_share, 0.01, 0.99)?;
        within("looks", f64::from(self.looks), 1.0, f64::from(MAXIMUM_LOOKS))
    }
}

impl Plan {
    /// The part of the planned information that these outcomes carry, 0 to 1. The smaller arm decides: customers
    /// added to one arm alone add little.
    pub fn fraction(&self, control: &Sample, treated: &Sample) -> f64 {
        let share = self.design.treated_share;
        let variance = |control: f64, treated: f64| (1.0 - share) / control + share / treated;
        let (now_control, now_treated) = (control.n() as f64, treated.n() as f64);
        if now_control < 2.0 || now_treated < 2.0 {
            return 0.0;
        }
        let planned = variance(self.control as f64 / (1.0 - share), self.treated as f64 / share);
        let now = variance(now_control / (1.0 - share), now_treated / share);
        (planned / now).min(1.0)
    }

    /// The number, from one, of the look that is due when the outcomes carry `fraction` of the planned information
    /// and the last look was taken at `last`; none between looks.
    pub(super) fn due(&self, last: f64, fraction: f64) -> Option<u32> {
        let reached = |look: &&PlannedLook| look.fraction > last + 1e-9 && look.fraction <= fraction + 1e-9;
        let position = self.looks.iter().rposition(|look| reached(&look))?;
        u32::try_from(position + 1).ok()
    }
}

fn within(field: &'static str, value: f64, low: f64, high: f64) -> Result<(), PlanError> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(outside(field, value, low, high))
    }
}

const fn outside(field: &'static str, value: f64, low: f64, high: f64) -> PlanError {
    PlanError {
        field,
        value,
        low,
        high,
    }
}

/// The two-sided level of an interval this many standard errors wide on each side.
pub(super) fn level(critical: f64) -> f64 {
    1.0 - 2.0 * normal_sf(critical)
}

/// A count from a float that is whole and not negative; beyond the range it is held at its end.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float to integer casts saturate"
)]
const fn whole(n: f64) -> u64 {
    n as u64
}
