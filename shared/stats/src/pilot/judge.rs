//! The judgement of a pilot at a look.

use serde::{Deserialize, Serialize};

use super::arm::{Arm, Sample};
use super::plan::{Design, Plan, level};
use super::ratio::{MISMATCH, RatioCheck, attrition, sample_ratio};
use super::strata::{self, Contrast, Stratum, StratumEffect, contrast};
use crate::sequential::{boundaries_spending, spending};
use crate::verdict::{Assumption, Decision, Finding, Interval};

/// What a pilot has gathered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence<'a> {
    /// The plan fixed before the start.
    pub plan: &'a Plan,
    /// At which fractions of the planned information the earlier looks were really taken, in order:
    /// [`Judgement::fraction`] of those judgements that name a look.
    pub earlier: &'a [f64],
    /// Those without the change.
    pub control: Arm,
    /// Those with it.
    pub treated: Arm,
    /// The outcomes of both by strata; empty where there are none. Who belongs to which was known before they were assigned.
    pub strata: &'a [Stratum],
    /// Whether this is the last look whatever was gathered: the deadline has passed.
    pub closing: bool,
}

/// The judgement of a pilot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Effective: the whole interval lies beyond the smallest effect worth having. Ineffective: it lies wholly short
    /// of it. Not yet: a look is to come. Inconclusive: none is, or the numbers must not be compared.
    pub decision: Decision,
    /// `treated − control` on the metric's scale, none where no look was due; post-stratified where there are strata.
    pub effect: Option<f64>,
    /// The effect's interval, wide enough for all looks together: it covers the true effect at every look at once with
    /// the plan's `1 − alpha`.
    pub interval: Option<Interval>,
    /// The effect as a fraction of the control arm's value; none where that is zero.
    pub relative_effect: Option<f64>,
    /// The level of the interval taken by itself; higher than `1 − alpha` at an early look.
    pub level: f64,
    /// How many standard errors wide the interval is on each side; none where no look was due.
    pub critical: Option<f64>,
    /// Which planned look this is, from one; zero between looks.
    pub look: u32,
    /// How many looks were planned.
    pub looks: u32,
    /// The part of the planned information gathered, 0 to 1.
    pub fraction: f64,
    /// Customers with an outcome in the control arm.
    pub control_n: u64,
    /// Customers with an outcome in the treated arm.
    pub treated_n: u64,
    /// The sample ratio check.
    pub ratio: RatioCheck,
    /// What each stratum shows by itself; empty without strata, and where no look was due.
    #[serde(default)]
    pub strata: Vec<StratumEffect>,
    /// What was assumed and checked.
    pub assumptions: Vec<Assumption>,
    /// The decision in words for people.
    pub reason: String,
}

/// Judges a pilot on the outcomes so far. It decides at planned looks only, by how much of the error rate the look may
/// spend; after a decision, and after the last look, do not ask again: that statement stands.
pub fn judge(evidence: &Evidence<'_>) -> Judgement {
    let plan = evidence.plan;
    let blank = blank(evidence);
    let withheld = blank
        .assumptions
        .iter()
        .find(|assumption| assumption.finding == Finding::Fails);
    if let Some(assumption) = withheld {
        let reason = format!(
            "no comparison: it fails that {} ({}); find out why before comparing the arms",
            assumption.statement, assumption.detail
        );
        return Judgement {
            decision: Decision::Inconclusive,
            reason,
            ..blank
        };
    }
    let last = evidence.earlier.last().copied().unwrap_or(0.0);
    let due = plan.due(last, blank.fraction);
    let closing = evidence.closing || blank.fraction >= 1.0;
    let number = match due {
        _ if closing => blank.looks,
        Some(number) => number,
        None => {
            let reason = format!(
                "the next planned look has not been reached ({:.0} % of the planned sample)",
                100.0 * blank.fraction
            );
            return Judgement { reason, ..blank };
        }
    };
    let critical = critical(evidence, blank.fraction, closing);
    compare(evidence, number, critical, blank)
}

/// A judgement before the arms are compared.
fn blank(evidence: &Evidence<'_>) -> Judgement {
    let Evidence {
        plan,
        control,
        treated,
        ..
    } = evidence;
    let ratio = sample_ratio(control.exposed, treated.exposed, plan.design.treated_share);
    Judgement {
        decision: Decision::NotYet,
        effect: None,
        interval: None,
        relative_effect: None,
        level: 1.0 - plan.design.alpha,
        critical: None,
        look: 0,
        looks: plan.design.looks,
        fraction: plan.fraction(&control.outcome, &treated.outcome),
        control_n: control.outcome.n(),
        treated_n: treated.outcome.n(),
        ratio,
        strata: Vec::new(),
        assumptions: assumptions(evidence, &ratio),
        reason: String::new(),
    }
}

fn assumptions(evidence: &Evidence<'_>, ratio: &RatioCheck) -> Vec<Assumption> {
    let (control, treated) = (&evidence.control, &evidence.treated);
    let fits = |sample: &Sample| sample.fits(&evidence.plan.design.measure);
    let answered = attrition(
        (control.outcome.n(), control.exposed),
        (treated.outcome.n(), treated.exposed),
    );
    let finding = |holds: bool| if holds { Finding::Holds } else { Finding::Fails };
    let mut assumptions = vec![
        Assumption {
            statement: "the outcomes are what the plan measures".to_owned(),
            finding: finding(fits(&control.outcome) && fits(&treated.outcome)),
            detail: format!("{:?} and {:?}", control.outcome, treated.outcome),
        },
        Assumption {
            statement: "the arms have the planned sizes".to_owned(),
            finding: finding(ratio.holds),
            detail: format!(
                "treated {}, expected {:.1} of {}, p = {:.2e}; below {MISMATCH} contradicts",
                ratio.treated,
                ratio.expected,
                control.exposed + treated.exposed,
                ratio.p_value
            ),
        },
        Assumption {
            statement: "as large a part of both arms has an outcome".to_owned(),
            finding: finding(answered >= MISMATCH),
            detail: format!(
                "control {} of {}, treated {} of {}, p = {answered:.2e}; below {MISMATCH} contradicts",
                control.outcome.n(),
                control.exposed,
                treated.outcome.n(),
                treated.exposed
            ),
        },
    ];
    assumptions.extend(strata::assumption(evidence.strata));
    assumptions
}

/// The critical value of a look at this fraction, after the earlier ones; the closing one spends what is left.
fn critical(evidence: &Evidence<'_>, fraction: f64, closing: bool) -> f64 {
    let alpha = evidence.plan.design.alpha;
    let mut looks: Vec<(f64, f64)> = evidence
        .earlier
        .iter()
        .map(|&fraction| (fraction, spending(fraction.min(1.0), alpha)))
        .collect();
    let spent = if closing {
        alpha / 2.0
    } else {
        spending(fraction, alpha)
    };
    looks.push((fraction, spent));
    boundaries_spending(&looks)
        .last()
        .copied()
        .unwrap_or(f64::INFINITY)
}

fn compare(evidence: &Evidence<'_>, number: u32, critical: f64, blank: Judgement) -> Judgement {
    let arms = (&evidence.control.outcome, &evidence.treated.outcome);
    let enough = blank.fraction > 0.0 && critical.is_finite();
    let found = contrast(arms, evidence.strata, critical).filter(|_| enough);
    let Some(Contrast {
        control,
        treated,
        interval,
    }) = found
    else {
        return Judgement {
            decision: Decision::Inconclusive,
            reason: "the last look is due and nothing new can be compared".to_owned(),
            ..blank
        };
    };
    let effect = treated - control;
    let (decision, words) = decide(&evidence.plan.design, interval, number == blank.looks);
    Judgement {
        decision,
        effect: Some(effect),
        interval: Some(interval),
        relative_effect: (control != 0.0).then(|| effect / control.abs()),
        level: level(critical),
        critical: Some(critical),
        look: number,
        strata: strata::effects(evidence.strata, critical),
        reason: format!(
            "{treated:.4} with the change, {control:.4} without it, difference {effect:.4} ({:.4} to {:.4}); {words}",
            interval.low, interval.high
        ),
        ..blank
    }
}

/// What an interval decides, in words too; `exhausted` says that no look is to come.
fn decide(design: &Design, interval: Interval, exhausted: bool) -> (Decision, &'static str) {
    let (worst, best) = if design.better.sign() > 0.0 {
        (interval.low, interval.high)
    } else {
        (-interval.high, -interval.low)
    };
    if worst > design.smallest_effect {
        (
            Decision::Effective,
            "the whole interval lies beyond the smallest effect worth having",
        )
    } else if best < design.smallest_effect {
        (
            Decision::Ineffective,
            "the whole interval lies short of the smallest effect worth having",
        )
    } else if exhausted {
        (
            Decision::Inconclusive,
            "the last look was taken and the interval holds the smallest effect worth having",
        )
    } else {
        (
            Decision::NotYet,
            "the interval holds the smallest effect worth having; the next planned look decides",
        )
    }
}
