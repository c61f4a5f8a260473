//! What owners have to do.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, Violations, timestamp};

use crate::domain::{TeamWorkload, Workload};

/// One owner or all, and which page.
pub(crate) fn get(request: &pb::GetWorkloadRequest) -> Result<(Option<String>, Page<String>), Error> {
    let mut violations = Violations::default();
    let owner = violations.text("owner", &request.owner, 0..=200);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("workload", &request.owner),
        &mut violations,
    )?;
    let owner = owner.map(|owner| Some(owner).filter(|owner| !owner.is_empty()));
    violations.finish(owner.map(|owner| (owner, page)))
}

pub(crate) fn to_proto(workload: Workload) -> pb::OwnerWorkload {
    let Workload {
        owner,
        initiatives,
        goals,
        open_actions,
        overdue_actions,
        waiting_actions,
        next_due_at,
    } = workload;
    pb::OwnerWorkload {
        owner,
        initiatives,
        goals,
        open_actions,
        overdue_actions,
        next_due_at: next_due_at.map(timestamp),
        waiting_actions,
    }
}

pub(crate) fn of_team(request: &pb::GetTeamWorkloadRequest) -> Result<(Option<String>, Page<String>), Error> {
    let mut violations = Violations::default();
    let team = violations.text("team", &request.team, 0..=100);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("team_workload", &request.team),
        &mut violations,
    )?;
    let team = team.map(|team| Some(team).filter(|team| !team.is_empty()));
    violations.finish(team.map(|team| (team, page)))
}

pub(crate) fn team_to_proto(workload: TeamWorkload) -> pb::TeamWorkload {
    let TeamWorkload {
        team,
        initiatives,
        open_actions,
        overdue_actions,
        waiting_actions,
        owners,
        next_due_at,
    } = workload;
    pb::TeamWorkload {
        team,
        initiatives,
        open_actions,
        overdue_actions,
        waiting_actions,
        owners,
        next_due_at: next_due_at.map(timestamp),
    }
}
