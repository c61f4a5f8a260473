//! `InvitationService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::invitation_service_server::InvitationService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Handlers;
use crate::{commands, convert};

#[tonic::async_trait]
impl InvitationService for Handlers {
    async fn invite(
        &self,
        request: Request<pb::InviteRequest>,
    ) -> Result<Response<pb::InviteResponse>, Status> {
        let caller = Caller::of(&request)?;
        let invite = convert::invitation::invite(request.get_ref())?;
        let invitation = commands::invitation::invite(&self.db, caller.tenant(), invite).await?;
        let invitation = Some(convert::invitation::to_proto(&invitation));
        Ok(Response::new(pb::InviteResponse { invitation }))
    }

    async fn get_invitation(
        &self,
        request: Request<pb::GetInvitationRequest>,
    ) -> Result<Response<pb::GetInvitationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::invitation::id(&request.get_ref().invitation_id)?;
        let invitation = commands::invitation::get(&self.db, caller.tenant(), id).await?;
        let invitation = Some(convert::invitation::to_proto(&invitation));
        Ok(Response::new(pb::GetInvitationResponse { invitation }))
    }

    async fn list_invitations(
        &self,
        request: Request<pb::ListInvitationsRequest>,
    ) -> Result<Response<pb::ListInvitationsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (filter, page) = convert::invitation::list(request.get_ref())?;
        let (invitations, next_page_token) =
            commands::invitation::list(&self.db, caller.tenant(), filter, &page).await?;
        let invitations = invitations.iter().map(convert::invitation::to_proto).collect();
        Ok(Response::new(pb::ListInvitationsResponse {
            invitations,
            next_page_token,
        }))
    }

    async fn explain_invitation(
        &self,
        request: Request<pb::ExplainInvitationRequest>,
    ) -> Result<Response<pb::ExplainInvitationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::invitation::id(&request.get_ref().invitation_id)?;
        let explained = commands::invitation::explain(&self.db, caller.tenant(), id).await?;
        Ok(Response::new(convert::invitation::explain(explained)))
    }

    async fn submit_survey_response(
        &self,
        request: Request<pb::SubmitSurveyResponseRequest>,
    ) -> Result<Response<pb::SubmitSurveyResponseResponse>, Status> {
        let caller = Caller::of(&request)?;
        let submit = convert::response::submit(request.get_ref())?;
        let (response, invitation) =
            commands::response::submit(&self.db, &self.reader, caller.tenant(), submit).await?;
        Ok(Response::new(pb::SubmitSurveyResponseResponse {
            response: Some(convert::response::to_proto(response)),
            invitation: Some(convert::invitation::to_proto(&invitation)),
        }))
    }

    async fn list_survey_responses(
        &self,
        request: Request<pb::ListSurveyResponsesRequest>,
    ) -> Result<Response<pb::ListSurveyResponsesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, page) = convert::response::list(request.get_ref())?;
        let (responses, next_page_token) =
            commands::response::list(&self.db, caller.tenant(), id, &page).await?;
        let responses = responses.into_iter().map(convert::response::to_proto).collect();
        Ok(Response::new(pb::ListSurveyResponsesResponse {
            responses,
            next_page_token,
        }))
    }
}
