//! `PrincipleService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::principle_service_server::PrincipleService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Principles;
use crate::{commands, convert};

#[tonic::async_trait]
impl PrincipleService for Principles {
    async fn create_principle(
        &self,
        request: Request<pb::CreatePrincipleRequest>,
    ) -> Result<Response<pb::CreatePrincipleResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::principle::create(request.get_ref())?;
        let principle = commands::principle::create(&self.db, caller.tenant(), parsed).await?;
        let principle = Some(convert::principle::to_proto(principle));
        Ok(Response::new(pb::CreatePrincipleResponse { principle }))
    }

    async fn get_principle(
        &self,
        request: Request<pb::GetPrincipleRequest>,
    ) -> Result<Response<pb::GetPrincipleResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::principle::get(request.get_ref())?;
        let principle = commands::principle::get(&self.db, caller.tenant(), parsed).await?;
        let principle = Some(convert::principle::to_proto(principle));
        Ok(Response::new(pb::GetPrincipleResponse { principle }))
    }

    async fn list_principles(
        &self,
        request: Request<pb::ListPrinciplesRequest>,
    ) -> Result<Response<pb::ListPrinciplesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = convert::principle::list(request.get_ref())?;
        let (principles, next_page_token) =
            commands::principle::list(&self.db, caller.tenant(), &page).await?;
        let principles = principles.into_iter().map(convert::principle::to_proto).collect();
        Ok(Response::new(pb::ListPrinciplesResponse {
            principles,
            next_page_token,
        }))
    }

    async fn update_principle(
        &self,
        request: Request<pb::UpdatePrincipleRequest>,
    ) -> Result<Response<pb::UpdatePrincipleResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::principle::update(request.get_ref())?;
        let principle = commands::principle::update(&self.db, caller.tenant(), parsed).await?;
        let principle = Some(convert::principle::to_proto(principle));
        Ok(Response::new(pb::UpdatePrincipleResponse { principle }))
    }
}
