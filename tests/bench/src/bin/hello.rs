//! A tonic server without a layer that answers `GetInteraction` at once: what the transport alone can do, and
//! what a process of it needs. Its one argument is the address to listen on.

use std::net::SocketAddr;

use anyhow::Context as _;
use attune_api::interactions::v1 as pb;
use attune_api::interactions::v1::interaction_service_server::{
    InteractionService, InteractionServiceServer,
};
use futures::stream::BoxStream;
use prost_types::Timestamp;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

struct Hello;

/// A contact as long as those that the suite reads.
fn contact(interaction_id: String) -> pb::Interaction {
    let at = Some(Timestamp {
        seconds: 1_790_000_000,
        nanos: 123_456_000,
    });
    pb::Interaction {
        profile_id: interaction_id.clone(),
        interaction_id,
        channel: "chat".to_owned(),
        direction: pb::Direction::Inbound.into(),
        touchpoint: "support".to_owned(),
        stage: pb::JourneyStage::Retention.into(),
        outcome: "answered".to_owned(),
        product: "premium".to_owned(),
        agent_id: "agent-17".to_owned(),
        text: "The parcel came two days late and nobody at the hotline could tell me where it was."
            .to_owned(),
        occurred_at: at,
        closed_at: None,
        matter_id: String::new(),
        waited: None,
        source_id: String::new(),
        create_time: at,
    }
}

#[tonic::async_trait]
impl InteractionService for Hello {
    type RecordInteractionsStream = BoxStream<'static, Result<pb::RecordInteractionsResponse, Status>>;

    async fn record_interaction(
        &self,
        _: Request<pb::RecordInteractionRequest>,
    ) -> Result<Response<pb::RecordInteractionResponse>, Status> {
        Err(Status::unimplemented("this only says hello"))
    }

    async fn close_interaction(
        &self,
        _: Request<pb::CloseInteractionRequest>,
    ) -> Result<Response<pb::CloseInteractionResponse>, Status> {
        Err(Status::unimplemented("this only says hello"))
    }

    async fn record_interactions(
        &self,
        _: Request<Streaming<pb::RecordInteractionsRequest>>,
    ) -> Result<Response<Self::RecordInteractionsStream>, Status> {
        Err(Status::unimplemented("this only says hello"))
    }

    async fn get_interaction(
        &self,
        request: Request<pb::GetInteractionRequest>,
    ) -> Result<Response<pb::GetInteractionResponse>, Status> {
        let interaction = Some(contact(request.into_inner().interaction_id));
        Ok(Response::new(pb::GetInteractionResponse { interaction }))
    }

    async fn list_interactions(
        &self,
        _: Request<pb::ListInteractionsRequest>,
    ) -> Result<Response<pb::ListInteractionsResponse>, Status> {
        Err(Status::unimplemented("this only says hello"))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("give the address to listen on")?;
    let address: SocketAddr = address.parse()?;
    Server::builder()
        .add_service(InteractionServiceServer::new(Hello))
        .serve(address)
        .await?;
    Ok(())
}
