//! `PilotService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::pilot_service_server::PilotService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::Pilots;
use crate::{commands, convert};

#[tonic::async_trait]
impl PilotService for Pilots {
    async fn create_pilot(
        &self,
        request: Request<pb::CreatePilotRequest>,
    ) -> Result<Response<pb::CreatePilotResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::pilot::create(request.get_ref())?;
        let shown = commands::pilot::create(&self.db, &*self.source, caller.tenant(), parsed).await?;
        let pilot = Some(convert::pilot::to_proto(shown));
        Ok(Response::new(pb::CreatePilotResponse { pilot }))
    }

    async fn get_pilot(
        &self,
        request: Request<pb::GetPilotRequest>,
    ) -> Result<Response<pb::GetPilotResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::pilot::get(request.get_ref())?;
        let shown = commands::pilot::get(&self.db, caller.tenant(), parsed).await?;
        let pilot = Some(convert::pilot::to_proto(shown));
        Ok(Response::new(pb::GetPilotResponse { pilot }))
    }

    async fn list_pilots(
        &self,
        request: Request<pb::ListPilotsRequest>,
    ) -> Result<Response<pb::ListPilotsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (initiative_id, page) = convert::pilot::list(request.get_ref())?;
        let (shown, next_page_token) =
            commands::pilot::list(&self.db, caller.tenant(), initiative_id, &page).await?;
        let pilots = shown.into_iter().map(convert::pilot::to_proto).collect();
        Ok(Response::new(pb::ListPilotsResponse {
            pilots,
            next_page_token,
        }))
    }

    async fn start_pilot(
        &self,
        request: Request<pb::StartPilotRequest>,
    ) -> Result<Response<pb::StartPilotResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, key) = convert::pilot::start(request.get_ref())?;
        let shown = commands::pilot::start(&self.db, caller.tenant(), id, &key).await?;
        let pilot = Some(convert::pilot::to_proto(shown));
        Ok(Response::new(pb::StartPilotResponse { pilot }))
    }

    async fn stop_pilot(
        &self,
        request: Request<pb::StopPilotRequest>,
    ) -> Result<Response<pb::StopPilotResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::pilot::stop(request.get_ref())?;
        let shown = commands::pilot::stop(&self.db, caller.tenant(), parsed).await?;
        let pilot = Some(convert::pilot::to_proto(shown));
        Ok(Response::new(pb::StopPilotResponse { pilot }))
    }

    async fn assign_profiles(
        &self,
        request: Request<pb::AssignProfilesRequest>,
    ) -> Result<Response<pb::AssignProfilesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::assignment::assign(request.get_ref())?;
        let assigned = commands::assignment::assign(&self.db, caller.tenant(), parsed).await?;
        let assignments = assigned.into_iter().map(convert::assignment::to_proto).collect();
        Ok(Response::new(pb::AssignProfilesResponse { assignments }))
    }

    async fn record_exposures(
        &self,
        request: Request<pb::RecordExposuresRequest>,
    ) -> Result<Response<pb::RecordExposuresResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::assignment::record(request.get_ref(), self.db.clock().now())?;
        let contaminated = commands::assignment::record(&self.db, caller.tenant(), parsed).await?;
        Ok(Response::new(pb::RecordExposuresResponse {
            contaminated_profile_ids: contaminated.iter().map(Uuid::to_string).collect(),
        }))
    }

    async fn explain_assignment(
        &self,
        request: Request<pb::ExplainAssignmentRequest>,
    ) -> Result<Response<pb::ExplainAssignmentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::assignment::explain(request.get_ref())?;
        let assignment = commands::assignment::explain(&self.db, caller.tenant(), parsed).await?;
        Ok(Response::new(pb::ExplainAssignmentResponse {
            explanation: assignment.explanation(),
            assignment: Some(convert::assignment::to_proto(assignment)),
        }))
    }

    async fn list_pilot_looks(
        &self,
        request: Request<pb::ListPilotLooksRequest>,
    ) -> Result<Response<pb::ListPilotLooksResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, page) = convert::pilot_look::list(request.get_ref())?;
        let (looks, next_page_token) =
            commands::assignment::looks(&self.db, caller.tenant(), id, &page).await?;
        let looks = looks.into_iter().map(convert::pilot_look::to_proto).collect();
        Ok(Response::new(pb::ListPilotLooksResponse {
            looks,
            next_page_token,
        }))
    }
}
