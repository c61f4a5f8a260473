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
        let parsed = convert::initiative::create(request.get_ref())?;
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

    async fn add_action(
        &self,
        request: Request<pb::AddActionRequest>,
    ) -> Result<Response<pb::AddActionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::initiative::add_action(request.get_ref())?;
        let (initiative, action_id) =
            commands::initiative::add_action(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::AddActionResponse {
            initiative,
            action_id: action_id.to_string(),
        }))
    }

    async fn complete_action(
        &self,
        request: Request<pb::CompleteActionRequest>,
    ) -> Result<Response<pb::CompleteActionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::initiative::complete_action(request.get_ref())?;
        let initiative = commands::initiative::complete_action(&self.db, caller.tenant(), parsed).await?;
        let initiative = Some(convert::initiative::to_proto(initiative));
        Ok(Response::new(pb::CompleteActionResponse { initiative }))
    }

    async fn roll_out_initiative(
        &self,
        request: Request<pb::RollOutInitiativeRequest>,
    ) -> Result<Response<pb::RollOutInitiativeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::initiative::roll_out(request.get_ref())?;
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
        let parsed = convert::initiative::stop(request.get_ref())?;
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
