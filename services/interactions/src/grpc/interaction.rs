//! `InteractionService`.

use attune_api::interactions::v1 as pb;
use attune_api::interactions::v1::interaction_service_server::InteractionService;
use attune_auth::Caller;
use tonic::{Request, Response, Status, Streaming};

use super::Interactions;
use super::stream::{Results, answer};
use crate::{commands, convert};

#[tonic::async_trait]
impl InteractionService for Interactions {
    type RecordInteractionsStream = Results;

    async fn record_interaction(
        &self,
        request: Request<pb::RecordInteractionRequest>,
    ) -> Result<Response<pb::RecordInteractionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let record = convert::interaction::record(request.get_ref())?;
        let interaction = commands::interaction::record(&self.db, caller.tenant(), record).await?;
        let interaction = Some(convert::interaction::to_proto(interaction));
        Ok(Response::new(pb::RecordInteractionResponse { interaction }))
    }

    async fn record_interactions(
        &self,
        request: Request<Streaming<pb::RecordInteractionsRequest>>,
    ) -> Result<Response<Results>, Status> {
        let caller = Caller::of(&request)?;
        let results = answer(self.clone(), caller.tenant().clone(), request.into_inner());
        Ok(Response::new(results))
    }

    async fn get_interaction(
        &self,
        request: Request<pb::GetInteractionRequest>,
    ) -> Result<Response<pb::GetInteractionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::interaction::get(request.get_ref())?;
        let interaction = commands::interaction::get(&self.db, caller.tenant(), id).await?;
        let interaction = Some(convert::interaction::to_proto(interaction));
        Ok(Response::new(pb::GetInteractionResponse { interaction }))
    }

    async fn list_interactions(
        &self,
        request: Request<pb::ListInteractionsRequest>,
    ) -> Result<Response<pb::ListInteractionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (profile_id, page) = convert::interaction::list(request.get_ref())?;
        let (interactions, next_page_token) =
            commands::interaction::list(&self.db, caller.tenant(), profile_id, &page).await?;
        let interactions = interactions
            .into_iter()
            .map(convert::interaction::to_proto)
            .collect();
        Ok(Response::new(pb::ListInteractionsResponse {
            interactions,
            next_page_token,
        }))
    }
}
