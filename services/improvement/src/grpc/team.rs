//! `TeamService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::team_service_server::TeamService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Team;
use crate::{commands, convert};

#[tonic::async_trait]
impl TeamService for Team {
    async fn set_team_member(
        &self,
        request: Request<pb::SetTeamMemberRequest>,
    ) -> Result<Response<pb::SetTeamMemberResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::team::set(request.get_ref())?;
        let member = commands::team::set(&self.db, caller.tenant(), parsed).await?;
        let member = Some(convert::team::to_proto(member));
        Ok(Response::new(pb::SetTeamMemberResponse { member }))
    }

    async fn get_team_member(
        &self,
        request: Request<pb::GetTeamMemberRequest>,
    ) -> Result<Response<pb::GetTeamMemberResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::team::get(request.get_ref())?;
        let member = commands::team::get(&self.db, caller.tenant(), &parsed).await?;
        let member = Some(convert::team::to_proto(member));
        Ok(Response::new(pb::GetTeamMemberResponse { member }))
    }

    async fn list_team_members(
        &self,
        request: Request<pb::ListTeamMembersRequest>,
    ) -> Result<Response<pb::ListTeamMembersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (which, page) = convert::team::list(request.get_ref())?;
        let (members, next_page_token) =
            commands::team::list(&self.db, caller.tenant(), which, &page).await?;
        let members = members.into_iter().map(convert::team::to_proto).collect();
        Ok(Response::new(pb::ListTeamMembersResponse {
            members,
            next_page_token,
        }))
    }

    async fn remove_team_member(
        &self,
        request: Request<pb::RemoveTeamMemberRequest>,
    ) -> Result<Response<pb::RemoveTeamMemberResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::team::remove(request.get_ref())?;
        commands::team::remove(&self.db, caller.tenant(), parsed).await?;
        Ok(Response::new(pb::RemoveTeamMemberResponse {}))
    }
}
