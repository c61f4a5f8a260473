//! Pilots.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use attune_stats::MetricId;
use attune_stats::pilot::{Measure, Plan, PlannedLook, RatioCheck};
use uuid::Uuid;

use super::pilot_look::{self, count};
use super::slice;
use crate::commands::pilot::{Create, Shown, Stop, Wanted};
use crate::domain::{Arm, Gathered, Pilot, PilotGuard, PilotMetric, PilotState, Setup, StratumCheck};

const MOST_GUARDS: usize = 5;
const MOST_STRATA: usize = 20;
/// The usual promises: four in five planned improvements are found, one harmless change in twenty is called something.
const POWER: f64 = 0.8;
const ALPHA: f64 = 0.05;
const LOOKS: u32 = 2;

pub(crate) fn create(request: &pb::CreatePilotRequest) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreatePilot", &request.request_id, request, &mut violations);
    let pilot = violations.required("pilot", request.pilot.as_ref());
    let parts = pilot.map(|pilot| {
        let initiative_id = violations.id("pilot.initiative_id", &pilot.initiative_id);
        (
            initiative_id,
            setup(pilot, &mut violations),
            wanted(pilot, &mut violations),
        )
    });
    let create = || {
        let (initiative_id, setup, wanted) = parts?;
        Some(Create {
            initiative_id: initiative_id?,
            setup: setup?,
            wanted: wanted?,
            key: key?,
        })
    };
    violations.finish(create())
}

fn setup(pilot: &pb::Pilot, violations: &mut Violations) -> Option<Setup> {
    let hypothesis = violations.text("pilot.hypothesis", &pilot.hypothesis, 1..=2000);
    let metric = metric("pilot.metric", pilot.metric.as_ref(), violations);
    let strata = strata(&pilot.strata, violations);
    let guards = guards(&pilot.guards, violations);
    let deadline_days = (1..=365)
        .contains(&pilot.deadline_days)
        .then_some(pilot.deadline_days);
    if deadline_days.is_none() {
        violations.add("pilot.deadline_days", "must be 1 to 365");
    }
    Some(Setup {
        hypothesis: hypothesis?,
        metric: metric?,
        guards: guards?,
        strata: strata?,
        deadline_days: deadline_days?,
    })
}

fn metric(field: &str, metric: Option<&pb::PilotMetric>, violations: &mut Violations) -> Option<PilotMetric> {
    let pb::PilotMetric { metric, slice } = violations.required(field, metric)?;
    let name = format!("{field}.metric");
    let mut metric = slice::metric(&name, metric, violations);
    if matches!(
        metric,
        Some(MetricId::FirstContactResolution | MetricId::ResponseRate)
    ) {
        let message = "must be a metric of what customers say: a pilot counts each customer's feedback, neither contacts nor \
                       invitations";
        violations.add(&name, message);
        metric = None;
    }
    let slice = slice::parse(&format!("{field}.slice"), slice.as_ref(), metric, violations);
    Some(PilotMetric {
        metric: metric?,
        slice: slice?,
    })
}

fn strata(strata: &[String], violations: &mut Violations) -> Option<Vec<String>> {
    violations.at_most("pilot.strata", strata.len(), MOST_STRATA)?;
    let parsed: Vec<_> = strata
        .iter()
        .enumerate()
        .map(|(place, stratum)| {
            let field = format!("pilot.strata[{place}]");
            if strata.iter().take(place).any(|earlier| earlier == stratum) {
                violations.add(&field, "must name each stratum once");
            }
            violations.slug(&field, stratum, 64)
        })
        .collect();
    parsed.into_iter().collect()
}

fn guards(guards: &[pb::PilotGuard], violations: &mut Violations) -> Option<Vec<PilotGuard>> {
    violations.at_most("pilot.guards", guards.len(), MOST_GUARDS)?;
    let parsed: Vec<_> = guards
        .iter()
        .enumerate()
        .map(|(place, guard)| {
            let field = format!("pilot.guards[{place}]");
            let metric = metric(&format!("{field}.metric"), guard.metric.as_ref(), violations);
            let tolerated = violations.number(&format!("{field}.tolerated"), guard.tolerated, 0.0..=1e6);
            Some(PilotGuard {
                metric: metric?,
                tolerated: tolerated?,
            })
        })
        .collect();
    parsed.into_iter().collect()
}

/// Whether effects fit the level is seen when that is known.
fn wanted(pilot: &pb::Pilot, violations: &mut Violations) -> Option<Wanted> {
    let or = |value: f64, usual: f64| if value == 0.0 { usual } else { value };
    let smallest = violations.number("pilot.smallest_effect", pilot.smallest_effect, 0.0..=1e6);
    let planned = violations.number("pilot.planned_effect", pilot.planned_effect, 1e-6..=1e6);
    let power = violations.number("pilot.power", or(pilot.power, POWER), 0.5..=0.999);
    let alpha = violations.number("pilot.alpha", or(pilot.alpha, ALPHA), 0.0001..=0.5);
    let share = violations.number("pilot.treated_share", pilot.treated_share, 0.01..=0.99);
    let looks = match u32::try_from(pilot.looks) {
        Ok(0) => Some(LOOKS),
        Ok(looks @ 1..=10) => Some(looks),
        _ => {
            violations.add("pilot.looks", "must be 1 to 10, or 0 for 2");
            None
        }
    };
    if smallest
        .zip(planned)
        .is_some_and(|(smallest, planned)| planned <= smallest)
    {
        violations.add("pilot.planned_effect", "must be greater than smallest_effect");
    }
    Some(Wanted {
        smallest_effect: smallest?,
        planned_effect: planned?,
        power: power?,
        alpha: alpha?,
        treated_share: share?,
        looks: looks?,
    })
}

pub(crate) fn get(request: &pb::GetPilotRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("pilot_id", &request.pilot_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListPilotsRequest) -> Result<(Option<Uuid>, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let initiative_id = violations.optional_id("initiative_id", &request.initiative_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("pilots", &request.initiative_id),
        &mut violations,
    )?;
    violations.finish(initiative_id.map(|initiative_id| (initiative_id, page)))
}

pub(crate) fn start(request: &pb::StartPilotRequest) -> Result<(Uuid, RequestKey), Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("StartPilot", &request.request_id, request, &mut violations);
    let id = violations.id("pilot_id", &request.pilot_id);
    violations.finish(id.zip(key))
}

pub(crate) fn stop(request: &pb::StopPilotRequest) -> Result<Stop, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("StopPilot", &request.request_id, request, &mut violations);
    let pilot_id = violations.id("pilot_id", &request.pilot_id);
    let reason = violations.text("reason", &request.reason, 1..=2000);
    let stop = || {
        Some(Stop {
            pilot_id: pilot_id?,
            reason: reason?,
            key: key?,
        })
    };
    violations.finish(stop())
}

pub(crate) fn to_proto(shown: Shown) -> pb::Pilot {
    let Shown {
        pilot,
        gathered,
        verdict,
    } = shown;
    let progress = gathered.map(|gathered| progress_to_proto(&pilot, &gathered));
    let Pilot {
        pilot_id,
        initiative_id,
        iteration,
        events: _,
        setup:
            Setup {
                hypothesis,
                metric,
                guards,
                strata,
                deadline_days,
            },
        plan,
        baseline_n,
        state,
        ratio_told: _,
        stopped_reason,
        created_at,
        started_at,
        deadline,
        ended_at,
    } = pilot;
    let design = plan.design;
    pb::Pilot {
        pilot_id: pilot_id.to_string(),
        initiative_id: initiative_id.to_string(),
        iteration,
        hypothesis,
        metric: Some(metric_to_proto(metric)),
        smallest_effect: design.smallest_effect,
        planned_effect: design.planned_effect,
        power: design.power,
        alpha: design.alpha,
        treated_share: design.treated_share,
        looks: i32::try_from(design.looks).unwrap_or(i32::MAX),
        deadline_days,
        strata,
        guards: guards.into_iter().map(guard_to_proto).collect(),
        state: state_to_proto(state).into(),
        plan: Some(plan_to_proto(plan, baseline_n)),
        progress,
        verdict: verdict.map(pilot_look::to_proto),
        stopped_reason,
        create_time: Some(timestamp(created_at)),
        started_at: started_at.map(timestamp),
        deadline: deadline.map(timestamp),
        ended_at: ended_at.map(timestamp),
    }
}

pub(super) fn state_to_proto(state: PilotState) -> pb::PilotState {
    match state {
        PilotState::Planned => pb::PilotState::Planned,
        PilotState::Running => pb::PilotState::Running,
        PilotState::Concluded => pb::PilotState::Concluded,
        PilotState::Stopped => pb::PilotState::Stopped,
    }
}

fn metric_to_proto(metric: PilotMetric) -> pb::PilotMetric {
    let PilotMetric { metric, slice } = metric;
    pb::PilotMetric {
        metric: metric.as_str().to_owned(),
        slice: Some(slice::to_proto(slice)),
    }
}

fn guard_to_proto(guard: PilotGuard) -> pb::PilotGuard {
    let PilotGuard { metric, tolerated } = guard;
    pb::PilotGuard {
        metric: Some(metric_to_proto(metric)),
        tolerated,
    }
}

fn plan_to_proto(plan: Plan, baseline_n: i64) -> pb::PilotPlan {
    let Plan {
        design,
        control,
        treated,
        inflation,
        looks,
    } = plan;
    let (baseline, deviation) = match design.measure {
        Measure::Proportion { baseline } => (baseline, None),
        Measure::Mean { baseline, deviation } => (baseline, Some(deviation)),
    };
    pb::PilotPlan {
        baseline,
        baseline_n,
        deviation,
        control: count(control),
        treated: count(treated),
        inflation,
        looks: looks.into_iter().map(planned_look_to_proto).collect(),
    }
}

fn planned_look_to_proto(look: PlannedLook) -> pb::PlannedPilotLook {
    let PlannedLook {
        fraction,
        control,
        treated,
        critical,
        spent,
    } = look;
    pb::PlannedPilotLook {
        fraction,
        control: count(control),
        treated: count(treated),
        critical,
        spent,
    }
}

fn progress_to_proto(pilot: &Pilot, gathered: &Gathered) -> pb::PilotProgress {
    let (control, treated) = gathered.answered();
    let arm = |arm: Arm, answered: i64| {
        let own = || gathered.arms.iter().filter(move |counted| counted.arm == arm);
        pb::PilotArm {
            assigned: own().map(|counted| counted.assigned).sum(),
            exposed: own().map(|counted| counted.exposed).sum(),
            answered,
        }
    };
    let got = |arm: Arm| -> i64 {
        let own = gathered.arms.iter().filter(|counted| counted.arm == arm);
        own.map(|counted| counted.treated).sum()
    };
    let (all, strata) = pilot.ratios(&gathered.arms);
    let with = arm(Arm::Treated, treated);
    pb::PilotProgress {
        control: Some(arm(Arm::Control, control)),
        treated: Some(with),
        fraction: pilot.fraction(gathered),
        ratio: Some(ratio_to_proto(all)),
        strata: strata.into_iter().map(ratio_to_proto).collect(),
        contaminated: got(Arm::Control),
        untreated: with.exposed - got(Arm::Treated),
    }
}

pub(crate) fn ratio_to_proto(found: StratumCheck) -> pb::RatioCheck {
    let StratumCheck {
        stratum,
        control,
        check:
            RatioCheck {
                treated,
                expected,
                p_value,
                holds,
            },
    } = found;
    pb::RatioCheck {
        stratum,
        control: count(control),
        treated: count(treated),
        expected_treated: expected,
        p_value,
        holds,
    }
}
