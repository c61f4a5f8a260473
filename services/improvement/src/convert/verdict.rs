//! Verdicts.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, Violations, timestamp};
use uuid::Uuid;

use super::comparison;
use crate::domain::{Decision, Verdict};

pub(crate) fn list(request: &pb::ListVerdictsRequest) -> Result<((Uuid, i32), Page<i32>), Error> {
    let mut violations = Violations::default();
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let iteration = iteration(request.iteration, &mut violations);
    let arguments = ("verdicts", &request.initiative_id, request.iteration);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &arguments,
        &mut violations,
    )?;
    violations.finish(initiative_id.zip(iteration).map(|of| (of, page)))
}

/// The number of an iteration.
pub(super) fn iteration(number: i32, violations: &mut Violations) -> Option<i32> {
    if number < 1 {
        violations.add("iteration", "must be an iteration's number, from 1");
        return None;
    }
    Some(number)
}

pub(crate) fn to_proto(verdict: Verdict) -> pb::Verdict {
    let Verdict {
        decision,
        effect,
        low,
        high,
        relative_effect,
        level,
        n_before,
        n_after,
        method,
        reason,
        assumptions,
        decided_at,
        look,
        comparison,
        restated,
    } = verdict;
    pb::Verdict {
        decision: decision_to_proto(decision).into(),
        effect,
        low,
        high,
        relative_effect,
        level,
        n_before,
        n_after,
        method,
        reason,
        assumptions,
        decided_at: Some(timestamp(decided_at)),
        look,
        comparison: comparison.map(comparison::seen),
        restated,
    }
}

pub(super) fn decision_to_proto(decision: Decision) -> pb::VerdictDecision {
    match decision {
        Decision::Effective => pb::VerdictDecision::Effective,
        Decision::Ineffective => pb::VerdictDecision::Ineffective,
        Decision::Inconclusive => pb::VerdictDecision::Inconclusive,
        Decision::NotYet => pb::VerdictDecision::NotYet,
    }
}
