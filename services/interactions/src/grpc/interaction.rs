//! `InteractionService`.

use attune_api::interactions::v1 as pb;
use attune_api::interactions::v1::interaction_service_server::InteractionService;
use attune_auth::Caller;
use attune_rpc::TenantId;
use attune_server::{Answers, answer_each};
use tonic::{Request, Response, Status, Streaming};

use super::Interactions;
use crate::{commands, convert};

#[tonic::async_trait]
impl InteractionService for Interactions {
    type RecordInteractionsStream = Answers<pb::RecordInteractionsResponse>;

    async fn record_interaction(
        &self,
        request: Request<pb::RecordInteractionRequest>,
    ) -> Result<Response<pb::RecordInteractionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let record = convert::interaction::record(request.get_ref())?;
        let interaction = commands::interaction::record(&self.recording, caller.tenant(), record).await?;
        let interaction = Some(convert::interaction::to_proto(interaction));
        Ok(Response::new(pb::RecordInteractionResponse { interaction }))
    }

    async fn record_interactions(
        &self,
        request: Request<Streaming<pb::RecordInteractionsRequest>>,
    ) -> Result<Response<Self::RecordInteractionsStream>, Status> {
        let tenant = Caller::of(&request)?.tenant().clone();
        let (service, shutdown) = (self.clone(), self.shutdown.clone());
        let answers = answer_each(request.into_inner(), shutdown, move |message| {
            let (service, tenant) = (service.clone(), tenant.clone());
            async move { service.record_batch(&tenant, message).await }
        });
        Ok(Response::new(answers))
    }

    async fn close_interaction(
        &self,
        request: Request<pb::CloseInteractionRequest>,
    ) -> Result<Response<pb::CloseInteractionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let close = convert::interaction::close(request.get_ref())?;
        let closed = commands::interaction::close(&self.db, &self.by_id, caller.tenant(), close).await?;
        let interaction = Some(convert::interaction::to_proto(closed));
        Ok(Response::new(pb::CloseInteractionResponse { interaction }))
    }

    async fn get_interaction(
        &self,
        request: Request<pb::GetInteractionRequest>,
    ) -> Result<Response<pb::GetInteractionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::interaction::get(request.get_ref())?;
        let interaction = commands::interaction::get(&self.by_id, caller.tenant(), id).await?;
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

impl Interactions {
    async fn record_batch(
        &self,
        tenant: &TenantId,
        message: pb::RecordInteractionsRequest,
    ) -> Result<pb::RecordInteractionsResponse, Status> {
        let sorted = convert::interaction::record_many(&message)?;
        let recorded = commands::interaction::record_batch(&self.db, tenant, sorted.drafts).await?;
        Ok(convert::interaction::results(sorted.results, recorded))
    }
}
