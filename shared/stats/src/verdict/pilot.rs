//! The judgement of a pilot: two arms at the same time.

use serde::{Deserialize, Serialize};

use super::fieller::{Measured, absolute_change, relative_change};
use super::plan::{Plan, SmallestEffect};
use super::record::{Assumption, Decision, Finding, Method, Verdict};
use super::series::Total;
use super::spending::boundaries;
use crate::distribution::{chi_squared_sf, normal_sf};

/// Below this p-value the arms' sizes contradict the planned allocation and no verdict is given (Fabijan et al.,
/// Diagnosing Sample Ratio Mismatch in Online Controlled Experiments, KDD 2019).
const MISMATCH: f64 = 0.001;

/// One arm of a pilot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Feedback that mentions the topic non-positively.
    pub successes: u64,
    /// All feedback of the arm.
    pub n: u64,
}

/// What a pilot has gathered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pilot<'a> {
    /// The plan fixed before the start; `planned_n` is for both arms together.
    pub plan: &'a Plan,
    /// Those without the change.
    pub control: Arm,
    /// Those with the change.
    pub treated: Arm,
    /// The part that was to be treated, above 0 and below 1.
    pub planned_treated_fraction: f64,
    /// Variance between days (or customers) over the binomial variance, at least 1.
    pub overdispersion: f64,
    /// Whether the plan's deadline has passed.
    pub deadline_passed: bool,
}

/// Judges a pilot. Call it with the data up to a planned look: between looks the error rate is not kept.
pub fn judge_pilot(pilot: &Pilot<'_>) -> Verdict {
    let plan = pilot.plan;
    let looks = plan.looks.max(1);
    let n = (pilot.control.n + pilot.treated.n) as f64;
    let fraction = n / plan.planned_n.max(1) as f64;
    let reached = (1..=looks)
        .rev()
        .find(|&k| fraction >= f64::from(k) / f64::from(looks))
        .unwrap_or(0);
    let look = if pilot.deadline_passed { looks } else { reached };
    let (p, assumption) = ratio(pilot);
    let blank = Verdict {
        decision: Decision::NotYet,
        effect: None,
        relative_effect: None,
        interval: None,
        relative_interval: None,
        level: 1.0 - plan.alpha,
        n_before: pilot.control.n,
        n_after: pilot.treated.n,
        look,
        looks,
        method: Method::Pilot,
        overdispersion: pilot.overdispersion.max(1.0),
        fading: None,
        assumptions: vec![assumption],
        reason: format!(
            "the first planned look has not been reached ({n} of {} planned)",
            plan.planned_n
        ),
    };
    if p < MISMATCH {
        let reason = format!(
            "the arms' sizes contradict the planned allocation (p = {p:.1e}): some feedback is missing from one arm; \
             find out why before comparing them"
        );
        return Verdict {
            decision: Decision::Inconclusive,
            reason,
            ..blank
        };
    }
    if look == 0 || pilot.control.n == 0 || pilot.treated.n == 0 {
        return if pilot.deadline_passed {
            Verdict {
                decision: Decision::Inconclusive,
                reason: "the deadline has passed and an arm is without feedback".to_owned(),
                ..blank
            }
        } else {
            blank
        };
    }
    compare(pilot, look, blank)
}

/// The difference of the arms at this look.
fn compare(pilot: &Pilot<'_>, look: u32, blank: Verdict) -> Verdict {
    let plan = pilot.plan;
    let fractions: Vec<f64> = (1..=look)
        .map(|k| f64::from(k) / f64::from(blank.looks))
        .collect();
    let critical = boundaries(&fractions, plan.alpha)
        .last()
        .copied()
        .unwrap_or(f64::INFINITY);
    let measured = |arm: Arm| {
        let total = Total {
            successes: arm.successes.min(arm.n) as f64,
            n: arm.n as f64,
        };
        Measured {
            value: total.share(),
            variance: total.variance(blank.overdispersion),
        }
    };
    let (control, treated) = (measured(pilot.control), measured(pilot.treated));
    let absolute = absolute_change(treated, control, critical);
    let relative = relative_change(treated, control, critical);
    let (interval, bound) = match plan.smallest_effect {
        SmallestEffect::Relative(part) => (relative, -part),
        SmallestEffect::Absolute(reduction) => (Some(absolute), -reduction),
    };
    let (decision, reason) = match interval {
        Some(i) if i.high <= bound => (
            Decision::Effective,
            "the whole interval lies beyond the smallest effect worth having",
        ),
        Some(i) if i.low > bound => (
            Decision::Ineffective,
            "the whole interval lies short of the smallest effect worth having",
        ),
        _ if look == blank.looks => (
            Decision::Inconclusive,
            "the plan is exhausted and the interval is still open",
        ),
        _ => (
            Decision::NotYet,
            "the interval is still open; the next planned look decides",
        ),
    };
    Verdict {
        decision,
        effect: Some(treated.value - control.value),
        relative_effect: (control.value > 0.0).then(|| treated.value / control.value - 1.0),
        interval: Some(absolute),
        relative_interval: relative,
        level: 1.0 - 2.0 * normal_sf(critical),
        reason: reason.to_owned(),
        ..blank
    }
}

/// The sample ratio check: χ² of the arms' sizes against the planned allocation.
fn ratio(pilot: &Pilot<'_>) -> (f64, Assumption) {
    let (control, treated) = (pilot.control.n as f64, pilot.treated.n as f64);
    let expected = (control + treated) * pilot.planned_treated_fraction;
    let rest = control + treated - expected;
    let p = if expected > 0.0 && rest > 0.0 {
        chi_squared_sf(
            (treated - expected).powi(2) / expected + (control - rest).powi(2) / rest,
            1.0,
        )
    } else {
        f64::from(u8::from(control + treated == 0.0))
    };
    let assumption = Assumption {
        statement: "the arms have the planned sizes".to_owned(),
        finding: if p < MISMATCH {
            Finding::Fails
        } else {
            Finding::Holds
        },
        detail: format!("treated {treated}, planned {expected:.0}, p = {p:.3e}; below {MISMATCH} withholds"),
    };
    (p, assumption)
}
