//! Iterations.

use attune_api::improvement::v1 as pb;
use attune_rpc::timestamp;
use uuid::Uuid;

use super::{comparison, telling, verdict};
use crate::domain::{Action, Iteration, MeasurementPlan, PilotOverride};

pub(crate) fn to_proto(iteration: Iteration) -> pb::Iteration {
    let Iteration {
        number,
        change,
        reason,
        actions,
        rollout,
        verdict,
        telling,
    } = iteration;
    let pilot_override = rollout
        .as_ref()
        .and_then(|rollout| rollout.pilot_override.clone())
        .map(override_to_proto);
    pb::Iteration {
        number,
        change,
        reason,
        actions: actions.into_iter().map(action_to_proto).collect(),
        rolled_out_at: rollout.as_ref().map(|rollout| timestamp(rollout.at)),
        plan: rollout.map(|rollout| plan_to_proto(rollout.plan)),
        verdict: verdict.map(verdict::to_proto),
        telling: telling.map(telling::summary_to_proto),
        pilot_override,
    }
}

fn override_to_proto(pilot_override: PilotOverride) -> pb::PilotOverride {
    let PilotOverride { by, reason } = pilot_override;
    pb::PilotOverride { by, reason }
}

/// An action.
pub(crate) fn action_to_proto(action: Action) -> pb::Action {
    let Action {
        action_id,
        title,
        owner,
        due_at,
        completed_at,
        evidence,
        escalation,
        depends_on,
    } = action;
    pb::Action {
        action_id: action_id.to_string(),
        title,
        owner,
        due_at: due_at.map(timestamp),
        completed_at: completed_at.map(timestamp),
        evidence,
        escalation,
        depends_on_action_ids: depends_on.iter().map(Uuid::to_string).collect(),
    }
}

fn plan_to_proto(plan: MeasurementPlan) -> pb::MeasurementPlan {
    let MeasurementPlan {
        baseline,
        baseline_n,
        baseline_start,
        baseline_end,
        smallest_effect,
        planned_n,
        power,
        alpha,
        looks,
        codings: _,
        comparison,
    } = plan;
    let (comparison, comparison_baseline, comparison_baseline_n) = comparison::planned(comparison);
    pb::MeasurementPlan {
        baseline,
        baseline_n,
        baseline_start: Some(timestamp(baseline_start)),
        baseline_end: Some(timestamp(baseline_end)),
        smallest_effect,
        planned_n,
        power,
        alpha,
        looks: looks.into_iter().map(timestamp).collect(),
        comparison,
        comparison_baseline,
        comparison_baseline_n,
    }
}
