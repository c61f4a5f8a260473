//! Statements about pilots.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, Violations, timestamp};
use attune_stats::pilot::{GuardCheck, Judgement, StratumEffect};
use attune_stats::verdict::Interval;
use uuid::Uuid;

use super::verdict;
use crate::domain::{PilotLook, assumption};

pub(crate) fn list(request: &pb::ListPilotLooksRequest) -> Result<(Uuid, Page<i32>), Error> {
    let mut violations = Violations::default();
    let pilot_id = violations.id("pilot_id", &request.pilot_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("pilot looks", &request.pilot_id),
        &mut violations,
    )?;
    violations.finish(pilot_id.map(|pilot_id| (pilot_id, page)))
}

pub(crate) fn to_proto(look: PilotLook) -> pb::PilotLook {
    let decision = verdict::decision_to_proto(look.decision());
    let PilotLook {
        statement,
        judgement,
        guards,
        looked_at,
        decided_at,
        restated,
    } = look;
    let Judgement {
        effect,
        interval,
        level,
        fraction,
        control_n,
        treated_n,
        assumptions,
        reason,
        look,
        strata,
        ..
    } = judgement;
    pb::PilotLook {
        statement,
        look: i32::try_from(look).unwrap_or(i32::MAX),
        decision: decision.into(),
        effect,
        low: interval.map(|Interval { low, .. }| low),
        high: interval.map(|Interval { high, .. }| high),
        level,
        fraction,
        control_n: count(control_n),
        treated_n: count(treated_n),
        reason,
        assumptions: assumptions.iter().map(assumption).collect(),
        guards: guards.into_iter().map(guard_to_proto).collect(),
        looked_at: Some(timestamp(looked_at)),
        decided_at: Some(timestamp(decided_at)),
        restated,
        strata: strata.into_iter().map(stratum_to_proto).collect(),
    }
}

fn stratum_to_proto(stratum: StratumEffect) -> pb::PilotStratumEffect {
    let StratumEffect {
        name,
        weight,
        control_n,
        treated_n,
        effect,
        interval,
        together,
    } = stratum;
    pb::PilotStratumEffect {
        stratum: name,
        weight,
        control_n: count(control_n),
        treated_n: count(treated_n),
        effect,
        low: interval.map(|Interval { low, .. }| low),
        high: interval.map(|Interval { high, .. }| high),
        together,
    }
}

fn guard_to_proto(check: GuardCheck) -> pb::PilotGuardCheck {
    let GuardCheck {
        breached,
        effect,
        interval,
        level: _,
    } = check;
    pb::PilotGuardCheck {
        breached,
        effect,
        low: interval.map(|Interval { low, .. }| low),
        high: interval.map(|Interval { high, .. }| high),
    }
}

/// A count on the wire.
pub(super) fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
