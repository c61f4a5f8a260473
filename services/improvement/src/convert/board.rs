//! The board.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, Violations, timestamp};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{goal, initiative, issue, pilot as pilots, recognition, severity, transition, verdict};
use crate::domain::{Blocker, BlockerKind, Board, BoardStage, BoardSummary, LookSaid, OnBoard, Projected};

pub(crate) fn get(request: &pb::GetBoardRequest) -> Result<(Option<DateTime<Utc>>, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let closed_since = violations.optional_instant("closed_since", request.closed_since);
    let arguments = request.closed_since.map(|since| (since.seconds, since.nanos));
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("board", arguments),
        &mut violations,
    )?;
    violations.finish(closed_since.map(|closed_since| (closed_since, page)))
}

pub(crate) fn to_proto(board: Board) -> pb::GetBoardResponse {
    let Board {
        as_of,
        summary,
        items,
        goals,
        recognitions,
        next,
    } = board;
    pb::GetBoardResponse {
        as_of: Some(timestamp(as_of)),
        summary: summary.map(summary_to_proto),
        items: items.iter().map(|item| item_to_proto(item, as_of)).collect(),
        goals: goals.into_iter().map(goal::to_proto).collect(),
        next_page_token: next,
        recognitions: recognitions.into_iter().map(recognition::to_proto).collect(),
    }
}

fn item_to_proto(item: &OnBoard, now: DateTime<Utc>) -> pb::BoardItem {
    let (stage, since) = item.stage();
    let work = item.work.as_ref();
    pb::BoardItem {
        issue_id: item.issue_id.to_string(),
        title: item.title.clone(),
        topic_id: item.topic_id.clone(),
        product: item.product.clone(),
        stage: stage_to_proto(stage).into(),
        opened_at: Some(timestamp(item.opened_at)),
        age_hours: item.age_hours(now),
        stage_since: Some(timestamp(since)),
        cohort_size: item.cohort_size,
        initiative_id: work
            .map(|work| work.initiative_id.to_string())
            .unwrap_or_default(),
        initiative_title: work.map(|work| work.title.clone()).unwrap_or_default(),
        owner: work.map(|work| work.owner.clone()).unwrap_or_default(),
        iteration: work.map_or(0, |work| work.iteration),
        actions: work.map_or(0, |work| count(work.actions.len())),
        open_actions: work.map_or(0, |work| count(work.open_action_count())),
        overdue_actions: work.map_or(0, |work| count(work.overdue_actions(now))),
        blocked_on: item.blocker().map(blocker_to_proto),
        overdue: item.is_overdue(now),
        projected_verdict: item.projected().map(projected_to_proto),
        closed_at: item.closed_at.map(timestamp),
        split_from_issue_id: item.split_from.map(|id| id.to_string()).unwrap_or_default(),
        gone_on: item.gone_on,
        later: item.later.map(issue::later_to_proto),
        initiative_state: work
            .map_or(pb::InitiativeState::Unspecified, |work| {
                transition::state_to_proto(work.state)
            })
            .into(),
        team: work.map(|work| work.team.clone()).unwrap_or_default(),
        budget: work.and_then(|work| initiative::budget_to_proto(work.budget.as_ref(), work.spent)),
        severity: severity::to_proto(item.severity).into(),
    }
}

fn stage_to_proto(stage: BoardStage) -> pb::BoardStage {
    match stage {
        BoardStage::Untouched => pb::BoardStage::Untouched,
        BoardStage::Preparing => pb::BoardStage::Preparing,
        BoardStage::Ready => pb::BoardStage::Ready,
        BoardStage::Piloting => pb::BoardStage::Piloting,
        BoardStage::Measuring => pb::BoardStage::Measuring,
        BoardStage::Closed => pb::BoardStage::Closed,
    }
}

fn blocker_to_proto(blocker: Blocker) -> pb::Blocker {
    let Blocker {
        kind,
        who,
        what,
        action_id,
        due_at,
        holds_up,
    } = blocker;
    let kind = match kind {
        BlockerKind::Decision => pb::BlockerKind::Decision,
        BlockerKind::Action => pb::BlockerKind::Action,
        BlockerKind::Measurement => pb::BlockerKind::Measurement,
    };
    pb::Blocker {
        kind: kind.into(),
        who,
        what,
        action_id: action_id.map(|id| id.to_string()).unwrap_or_default(),
        due_at: due_at.map(timestamp),
        holds_up_action_id: holds_up.map(|id| id.to_string()).unwrap_or_default(),
    }
}

fn projected_to_proto(projected: Projected) -> pb::ProjectedVerdict {
    let Projected {
        next_look_at,
        due_at,
        looks_taken,
        looks_planned,
        metric,
        smallest_effect,
        said,
        pilot,
    } = projected;
    let decision = said
        .as_ref()
        .map_or(pb::VerdictDecision::Unspecified, |said: &LookSaid| {
            verdict::decision_to_proto(said.decision)
        });
    let (pilot_id, pilot_state) = pilot
        .map_or((String::new(), pb::PilotState::Unspecified), |(id, state)| {
            (id.to_string(), pilots::state_to_proto(state))
        });
    pb::ProjectedVerdict {
        next_look_at: next_look_at.map(timestamp),
        due_at: due_at.map(timestamp),
        looks_taken: count(looks_taken),
        looks_planned: count(looks_planned),
        metric: metric.to_owned(),
        smallest_effect,
        decision: decision.into(),
        effect: said.as_ref().and_then(|said| said.effect),
        low: said.as_ref().and_then(|said| said.low),
        high: said.as_ref().and_then(|said| said.high),
        level: said.as_ref().map_or(0.0, |said| said.level),
        looked_at: said.as_ref().map(|said| timestamp(said.at)),
        pilot_id,
        pilot_state: pilot_state.into(),
        method: said.map(|said| said.method).unwrap_or_default(),
    }
}

fn summary_to_proto(summary: BoardSummary) -> pb::BoardSummary {
    let BoardSummary {
        issues_untouched,
        issues_in_work,
        initiatives_measuring,
        pilots_running,
        actions_overdue,
        goals_open,
        goals_off_track,
    } = summary;
    pb::BoardSummary {
        issues_untouched,
        issues_in_work,
        initiatives_measuring,
        pilots_running,
        actions_overdue,
        goals_open,
        goals_off_track,
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
