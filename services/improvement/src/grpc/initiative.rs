//! `InitiativeService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::initiative_service_server::InitiativeService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Initiatives;
use crate::{commands, convert};

#[tonic::async_trait]
impl InitiativeService for Initiatives {
    async fn create_initiative(
        &self,
        request: Request<pb::CreateInitiativeRequest>,
    ) -> Result<Response<pb::CreateInitiativeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::initiative::create(request.get_ref(), caller.subject())?;
        let initiative = commands::initiative::create(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::CreateInitiativeResponse { initiative }))
    }

    async fn get_initiative(
        &self,
        request: Request<pb::GetInitiativeRequest>,
    ) -> Result<Response<pb::GetInitiativeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::initiative::get(request.get_ref())?;
        let initiative = commands::initiative::get(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::GetInitiativeResponse { initiative }))
    }

    async fn list_initiatives(
        &self,
        request: Request<pb::ListInitiativesRequest>,
    ) -> Result<Response<pb::ListInitiativesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (issue_id, page) = convert::initiative::list(request.get_ref())?;
        let (initiatives, next_page_token) =
            commands::initiative::list(&self.db, caller.tenant(), issue_id, &page).await?;
        let initiatives = initiatives
            .into_iter()
            .map(convert::initiative::to_proto)
            .collect();
        Ok(Response::new(pb::ListInitiativesResponse {
            initiatives,
            next_page_token,
        }))
    }

    async fn update_initiative(
        &self,
        request: Request<pb::UpdateInitiativeRequest>,
    ) -> Result<Response<pb::UpdateInitiativeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::initiative::update(request.get_ref())?;
        let initiative = commands::initiative::update(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::UpdateInitiativeResponse { initiative }))
    }

    async fn approve_initiative(
        &self,
        request: Request<pb::ApproveInitiativeRequest>,
    ) -> Result<Response<pb::ApproveInitiativeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::transition::approve(request.get_ref(), caller.subject())?;
        let initiative = commands::transition::approve(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::ApproveInitiativeResponse { initiative }))
    }

    async fn start_initiative(
        &self,
        request: Request<pb::StartInitiativeRequest>,
    ) -> Result<Response<pb::StartInitiativeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::transition::start(request.get_ref(), caller.subject())?;
        let initiative = commands::transition::start(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::StartInitiativeResponse { initiative }))
    }

    async fn add_action(
        &self,
        request: Request<pb::AddActionRequest>,
    ) -> Result<Response<pb::AddActionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::action::add(request.get_ref())?;
        let (initiative, action_id) = commands::action::add_action(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::AddActionResponse {
            initiative,
            action_id: action_id.to_string(),
        }))
    }

    async fn set_action_dependencies(
        &self,
        request: Request<pb::SetActionDependenciesRequest>,
    ) -> Result<Response<pb::SetActionDependenciesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::action::set_dependencies(request.get_ref())?;
        let initiative = commands::action::set_dependencies(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::SetActionDependenciesResponse { initiative }))
    }

    async fn complete_action(
        &self,
        request: Request<pb::CompleteActionRequest>,
    ) -> Result<Response<pb::CompleteActionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::action::complete(request.get_ref(), caller.subject())?;
        let initiative = commands::action::complete_action(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::CompleteActionResponse { initiative }))
    }

    async fn roll_out_initiative(
        &self,
        request: Request<pb::RollOutInitiativeRequest>,
    ) -> Result<Response<pb::RollOutInitiativeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::initiative::roll_out(request.get_ref(), caller.subject())?;
        let initiative =
            commands::rollout::roll_out(&self.db, &*self.source, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::RollOutInitiativeResponse { initiative }))
    }

    async fn stop_initiative(
        &self,
        request: Request<pb::StopInitiativeRequest>,
    ) -> Result<Response<pb::StopInitiativeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::initiative::stop(request.get_ref(), caller.subject())?;
        let initiative = commands::initiative::stop(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::StopInitiativeResponse { initiative }))
    }

    async fn get_workload(
        &self,
        request: Request<pb::GetWorkloadRequest>,
    ) -> Result<Response<pb::GetWorkloadResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (owner, page) = convert::workload::get(request.get_ref())?;
        let (workloads, next_page_token) =
            commands::workload::get(&self.db, caller.tenant(), owner.as_deref(), &page).await?;
        let workloads = workloads.into_iter().map(convert::workload::to_proto).collect();
        Ok(Response::new(pb::GetWorkloadResponse {
            workloads,
            next_page_token,
        }))
    }

    async fn get_team_workload(
        &self,
        request: Request<pb::GetTeamWorkloadRequest>,
    ) -> Result<Response<pb::GetTeamWorkloadResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (team, page) = convert::workload::of_team(request.get_ref())?;
        let (workloads, next_page_token) =
            commands::workload::of_teams(&self.db, caller.tenant(), team.as_deref(), &page).await?;
        let workloads = workloads.into_iter().map(convert::workload::team_to_proto);
        Ok(Response::new(pb::GetTeamWorkloadResponse {
            workloads: workloads.collect(),
            next_page_token,
        }))
    }

    async fn list_initiative_transitions(
        &self,
        request: Request<pb::ListInitiativeTransitionsRequest>,
    ) -> Result<Response<pb::ListInitiativeTransitionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (initiative_id, page) = convert::transition::list(request.get_ref())?;
        let (steps, next_page_token) =
            commands::transition::list(&self.db, caller.tenant(), initiative_id, &page).await?;
        Ok(Response::new(pb::ListInitiativeTransitionsResponse {
            transitions: steps.into_iter().map(convert::transition::to_proto).collect(),
            next_page_token,
        }))
    }

    async fn list_verdicts(
        &self,
        request: Request<pb::ListVerdictsRequest>,
    ) -> Result<Response<pb::ListVerdictsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (of, page) = convert::verdict::list(request.get_ref())?;
        let (verdicts, next_page_token) =
            commands::verdict::list(&self.db, caller.tenant(), of, &page).await?;
        let verdicts = verdicts.into_iter().map(convert::verdict::to_proto).collect();
        Ok(Response::new(pb::ListVerdictsResponse {
            verdicts,
            next_page_token,
        }))
    }

    async fn list_tellings(
        &self,
        request: Request<pb::ListTellingsRequest>,
    ) -> Result<Response<pb::ListTellingsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (list, page) = convert::telling::list(request.get_ref())?;
        let (tellings, next_page_token) =
            commands::telling::list(&self.db, caller.tenant(), list, &page).await?;
        let tellings = tellings.into_iter().map(convert::telling::to_proto).collect();
        Ok(Response::new(pb::ListTellingsResponse {
            tellings,
            next_page_token,
        }))
    }
}
