//! Goals.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Mask, Page, RequestKey, Violations, timestamp};
use attune_stats::MetricId;
use attune_stats::trend::Projection;
use uuid::Uuid;

use super::{principle, slice};
use crate::commands::goal::{Cancel, Create, Update};
use crate::domain::{
    Estimate, Goal, GoalChange, GoalDraft, GoalMeasurement, GoalState, GoalTrack, Measured, Quantity,
};

const UPDATABLE: &[&str] = &["name", "owner", "principle_ids"];
/// The usual window: four weeks hold each day of the week as often.
const WINDOW_DAYS: i32 = 28;

pub(crate) fn create(request: &pb::CreateGoalRequest) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreateGoal", &request.request_id, request, &mut violations);
    let goal = violations.required("goal", request.goal.as_ref());
    let draft = goal.and_then(|goal| draft(goal, &mut violations));
    violations.finish(draft.zip(key).map(|(draft, key)| Create { draft, key }))
}

fn draft(goal: &pb::Goal, violations: &mut Violations) -> Option<GoalDraft> {
    let name = violations.text("goal.name", &goal.name, 1..=200);
    let owner = violations.text("goal.owner", &goal.owner, 1..=200);
    let metric = slice::metric("goal.metric", &goal.metric, violations);
    let slice = slice::parse("goal.slice", goal.slice.as_ref(), metric, violations);
    let target = metric.and_then(|metric| target(goal.target, metric, violations));
    let deadline = violations.instant("goal.deadline", goal.deadline);
    let window_days = match goal.window_days {
        0 => Some(WINDOW_DAYS),
        days @ 1..=366 => Some(days),
        _ => {
            violations.add("goal.window_days", "must be 1 to 366, or 0 for 28");
            None
        }
    };
    let principle_ids = principle::ids("goal.principle_ids", &goal.principle_ids, violations);
    Some(GoalDraft {
        name: name?,
        owner: owner?,
        quantity: Quantity {
            metric: metric?,
            slice: slice?,
            window_days: window_days?,
        },
        target: target?,
        deadline: deadline?,
        principle_ids: principle_ids?,
    })
}

fn target(target: f64, metric: MetricId, violations: &mut Violations) -> Option<f64> {
    let scale = metric.definition().scale;
    violations.number("goal.target", target, scale.minimum..=scale.maximum)
}

pub(crate) fn update(request: &pb::UpdateGoalRequest) -> Result<Update, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("UpdateGoal", &request.request_id, request, &mut violations);
    let goal = violations.required("goal", request.goal.as_ref());
    let parsed = goal.and_then(|goal| {
        let goal_id = violations.id("goal.goal_id", &goal.goal_id);
        let given = [
            !goal.name.is_empty(),
            !goal.owner.is_empty(),
            !goal.principle_ids.is_empty(),
        ];
        let populated: Vec<_> = UPDATABLE
            .iter()
            .zip(given)
            .filter_map(|(field, given)| given.then_some(*field))
            .collect();
        let mask = Mask::parse(
            request.update_mask.as_ref(),
            UPDATABLE,
            &populated,
            &mut violations,
        )?;
        let change = change_of(goal, &mask, &mut violations);
        Some((goal_id?, goal.etag.clone(), change?))
    });
    let update = || {
        let (goal_id, etag, change) = parsed?;
        Some(Update {
            goal_id,
            etag,
            change,
            key: key?,
        })
    };
    violations.finish(update())
}

/// The fields of `mask`; the others are not looked at.
fn change_of(goal: &pb::Goal, mask: &Mask, violations: &mut Violations) -> Option<GoalChange> {
    let mut text = |field: &str, text: &str| {
        if !mask.has(field) {
            return Some(None);
        }
        violations.text(&format!("goal.{field}"), text, 1..=200).map(Some)
    };
    let name = text("name", &goal.name);
    let owner = text("owner", &goal.owner);
    let principle_ids = if mask.has("principle_ids") {
        principle::ids("goal.principle_ids", &goal.principle_ids, violations).map(Some)
    } else {
        Some(None)
    };
    Some(GoalChange {
        name: name?,
        owner: owner?,
        principle_ids: principle_ids?,
    })
}

pub(crate) fn get(request: &pb::GetGoalRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("goal_id", &request.goal_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListGoalsRequest) -> Result<(Option<GoalState>, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let state = match request.state {
        0 => Some(None),
        state => violations.choice::<pb::GoalState>("state", state).map(state_from),
    };
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("goals", request.state),
        &mut violations,
    )?;
    violations.finish(state.map(|state| (state, page)))
}

fn state_from(state: pb::GoalState) -> Option<GoalState> {
    match state {
        pb::GoalState::Unspecified => None,
        pb::GoalState::Open => Some(GoalState::Open),
        pb::GoalState::Reached => Some(GoalState::Reached),
        pb::GoalState::Missed => Some(GoalState::Missed),
        pb::GoalState::Cancelled => Some(GoalState::Cancelled),
    }
}

pub(crate) fn cancel(request: &pb::CancelGoalRequest) -> Result<Cancel, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CancelGoal", &request.request_id, request, &mut violations);
    let goal_id = violations.id("goal_id", &request.goal_id);
    let reason = violations.text("reason", &request.reason, 1..=2000);
    let cancel = || {
        Some(Cancel {
            goal_id: goal_id?,
            reason: reason?,
            key: key?,
        })
    };
    violations.finish(cancel())
}

pub(crate) fn history(request: &pb::ListGoalProgressRequest) -> Result<(Uuid, Page<i32>), Error> {
    let mut violations = Violations::default();
    let goal_id = violations.id("goal_id", &request.goal_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("goal progress", &request.goal_id),
        &mut violations,
    )?;
    violations.finish(goal_id.map(|goal_id| (goal_id, page)))
}

pub(crate) fn to_proto(goal: Goal) -> pb::Goal {
    let etag = goal.etag().to_string();
    let baseline = measurement_to_proto(&goal, goal.baseline.clone());
    let latest = measurement_to_proto(&goal, goal.latest.clone());
    let Goal {
        goal_id,
        version: _,
        events: _,
        name,
        owner,
        quantity: Quantity {
            metric,
            slice,
            window_days,
        },
        target,
        deadline,
        principle_ids,
        state,
        track,
        reason,
        closed_at,
        created_at,
        baseline: _,
        latest: _,
    } = goal;
    let state = match state {
        GoalState::Open => pb::GoalState::Open,
        GoalState::Reached => pb::GoalState::Reached,
        GoalState::Missed => pb::GoalState::Missed,
        GoalState::Cancelled => pb::GoalState::Cancelled,
    };
    pb::Goal {
        goal_id: goal_id.to_string(),
        name,
        owner,
        metric: metric.as_str().to_owned(),
        slice: Some(slice::to_proto(slice)),
        target,
        deadline: Some(timestamp(deadline)),
        window_days,
        principle_ids: principle_ids.iter().map(Uuid::to_string).collect(),
        state: state.into(),
        track: track_to_proto(track).into(),
        baseline: Some(baseline),
        latest: Some(latest),
        reason,
        closed_at: closed_at.map(timestamp),
        create_time: Some(timestamp(created_at)),
        etag,
    }
}

fn track_to_proto(track: GoalTrack) -> pb::GoalTrack {
    match track {
        GoalTrack::TooEarly => pb::GoalTrack::TooEarly,
        GoalTrack::OnTrack => pb::GoalTrack::OnTrack,
        GoalTrack::OffTrack => pb::GoalTrack::OffTrack,
    }
}

/// A number of `goal`, with how far it has come.
pub(crate) fn measurement_to_proto(goal: &Goal, recorded: GoalMeasurement) -> pb::GoalMeasurement {
    let progress = goal.progress(&recorded.measured);
    let GoalMeasurement {
        number,
        measured,
        projection,
        track,
        measured_at,
    } = recorded;
    let Measured {
        start,
        end,
        definition_version,
        n,
        outcome,
        level,
    } = measured;
    let (estimate, suppressed_reason) = match outcome {
        Ok(estimate) => (Some(estimate), String::new()),
        Err(reason) => (None, reason),
    };
    pb::GoalMeasurement {
        number,
        definition_version,
        start: Some(timestamp(start)),
        end: Some(timestamp(end)),
        n,
        value: estimate.map(|Estimate { value, .. }| value),
        low: estimate.map(|Estimate { low, .. }| low),
        high: estimate.map(|Estimate { high, .. }| high),
        level,
        suppressed_reason,
        progress,
        projection: projection.map(projection_to_proto),
        track: track_to_proto(track).into(),
        measured_at: Some(timestamp(measured_at)),
    }
}

fn projection_to_proto(projection: Projection) -> pb::GoalProjection {
    let Projection {
        value,
        low,
        high,
        windows,
    } = projection;
    pb::GoalProjection {
        value,
        low,
        high,
        windows: i32::try_from(windows).unwrap_or(i32::MAX),
    }
}
