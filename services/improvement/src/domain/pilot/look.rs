//! A statement about a pilot.

use attune_stats::pilot::{Arm, Evidence, Guard, GuardCheck, Judgement, guard, judge};
use attune_stats::verdict::{Assumption, Finding};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Answers, ArmCount, Pilot};
use crate::domain::Decision;

/// The answers of a stratum to a metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct StratumAnswers {
    /// Empty for everybody, where a pilot has no strata.
    pub(crate) stratum: String,
    pub(crate) control: Answers,
    pub(crate) treated: Answers,
}

/// What there is at a look: the arms, and for the metric and then each guard the answers by stratum.
#[derive(Clone, Debug)]
pub(crate) struct Gathered {
    pub(crate) arms: Vec<ArmCount>,
    pub(crate) answers: Vec<Vec<StratumAnswers>>,
}

impl Gathered {
    /// Customers of control and treated who have answered what the pilot is about.
    pub(crate) fn answered(&self) -> (i64, i64) {
        let strata = self.answers.first().into_iter().flatten();
        strata.fold((0, 0), |(control, treated), of| {
            (control + of.control.n, treated + of.treated.n)
        })
    }
}

/// A planned look that was taken, with everything it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PilotLook {
    /// From 1; given when it is stored.
    pub(crate) statement: i32,
    pub(crate) judgement: Judgement,
    pub(crate) guards: Vec<GuardCheck>,
    /// Feedback up to this instant counted.
    pub(crate) looked_at: DateTime<Utc>,
    pub(crate) decided_at: DateTime<Utc>,
    /// Whether it says an earlier statement again, with feedback that arrived late.
    pub(crate) restated: bool,
}

impl PilotLook {
    /// What it decides.
    pub(crate) fn decision(&self) -> Decision {
        self.judgement.decision.into()
    }

    /// Whether both were made from the same outcomes. Numbers that were stored and read may differ in their last digit;
    /// what they were made from stands in the assumptions, word for word.
    pub(crate) fn rests_on_the_same(&self, other: &Self) -> bool {
        let near = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1.0),
            (one, other) => one.is_none() && other.is_none(),
        };
        self.judgement.assumptions == other.judgement.assumptions
            && self.guards.len() == other.guards.len()
            && self
                .guards
                .iter()
                .zip(&other.guards)
                .all(|(one, other)| near(one.effect, other.effect))
    }

    /// The place of the first guard that shows harm, from 0.
    pub(crate) fn breach(&self) -> Option<usize> {
        self.guards.iter().position(|check| check.breached)
    }
}

/// The customers of an arm in numbers, by stratum.
pub(super) fn exposed(arms: &[ArmCount], arm: super::Arm) -> u64 {
    let exposed = arms
        .iter()
        .filter(|count| count.arm == arm)
        .map(|count| count.exposed);
    u64::try_from(exposed.sum::<i64>()).unwrap_or_default()
}

/// Whether a look is due: the sample of one was reached, or it is the deadline.
pub(crate) fn is_due(pilot: &Pilot, gathered: &Gathered, earlier: &[f64], closing: bool) -> bool {
    let last = earlier.last().copied().unwrap_or(0.0);
    let fraction = pilot.fraction(gathered);
    closing
        || pilot
            .plan
            .looks
            .iter()
            .any(|look| look.fraction > last && look.fraction <= fraction)
}

/// Takes a look. `earlier` are the fractions at which the earlier ones were taken.
pub(crate) fn take(
    pilot: &Pilot,
    gathered: &Gathered,
    earlier: &[f64],
    (looked_at, decided_at): (DateTime<Utc>, DateTime<Utc>),
    closing: bool,
) -> PilotLook {
    let [control, treated] = pilot.samples(gathered, 0);
    let arm = |arm, outcome| Arm {
        exposed: exposed(&gathered.arms, arm),
        outcome,
    };
    let mut judgement = judge(&Evidence {
        plan: &pilot.plan,
        earlier,
        control: arm(super::Arm::Control, control),
        treated: arm(super::Arm::Treated, treated),
        strata: &pilot.strata(gathered, 0),
        closing,
    });
    judgement.assumptions.push(contamination(&gathered.arms));
    let guards = pilot
        .setup
        .guards
        .iter()
        .enumerate()
        .map(|(place, watched)| {
            let [control, treated] = pilot.samples(gathered, place + 1);
            guard(
                &judgement,
                &Guard {
                    better: watched.metric.better(),
                    tolerated: watched.tolerated,
                    control,
                    treated,
                    strata: &pilot.strata(gathered, place + 1),
                },
            )
        })
        .collect();
    PilotLook {
        statement: 0,
        judgement,
        guards,
        looked_at,
        decided_at,
        restated: false,
    }
}

/// Customers stay where they were assigned, so that nobody's choice decides who is compared with whom (the
/// intention-to-treat principle, ICH E9, 1998, section 5.2.1): contamination makes an effect look smaller.
fn contamination(arms: &[ArmCount]) -> Assumption {
    let control = arms.iter().filter(|count| count.arm == super::Arm::Control);
    let (exposed, treated) = control.fold((0, 0), |(exposed, treated), count| {
        (exposed + count.exposed, treated + count.treated)
    });
    Assumption {
        statement: "nobody without the change got it all the same".to_owned(),
        finding: if treated == 0 {
            Finding::Holds
        } else {
            Finding::Fails
        },
        detail: format!("{treated} of {exposed} in the control arm did; each makes the effect look smaller"),
    }
}
