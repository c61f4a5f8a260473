//! The layer in a real gRPC server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use attune_api::events::v1 as pb;
use attune_api::events::v1::event_feed_service_client::EventFeedServiceClient;
use attune_api::events::v1::event_feed_service_server::{EventFeedService, EventFeedServiceServer};
use attune_auth::{Caller, TokenSpec};
use support::{acme, dev};
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;

/// A feed that answers with the caller it saw.
struct Mirror;

#[tonic::async_trait]
impl EventFeedService for Mirror {
    type SubscribeStream = ReceiverStream<Result<pb::SubscribeResponse, Status>>;

    async fn subscribe(
        &self,
        request: Request<pb::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let caller = Caller::of(&request)?;
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let through = format!("{} {}", caller.tenant(), caller.subject());
        sender
            .try_send(Ok(pb::SubscribeResponse {
                through,
                ..Default::default()
            }))
            .unwrap();
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn list_parked_events(
        &self,
        _: Request<pb::ListParkedEventsRequest>,
    ) -> Result<Response<pb::ListParkedEventsResponse>, Status> {
        Ok(Response::new(pb::ListParkedEventsResponse::default()))
    }

    async fn release_parked_events(
        &self,
        _: Request<pb::ReleaseParkedEventsRequest>,
    ) -> Result<Response<pb::ReleaseParkedEventsResponse>, Status> {
        Ok(Response::new(pb::ReleaseParkedEventsResponse::default()))
    }
}

fn carrying<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

#[tokio::test]
async fn a_client_sees_the_callers_answers_and_the_layers_refusals() {
    let (platform, issuer) = dev();
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = incoming.local_addr().unwrap();
    let routes = Routes::new(EventFeedServiceServer::new(Mirror));
    let server = Server::builder().layer(platform.layer.clone()).add_routes(routes);
    tokio::spawn(server.serve_with_incoming(incoming));
    let channel = Channel::from_shared(format!("http://{address}"))
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut client = EventFeedServiceClient::new(channel);

    let token = issuer
        .token(&TokenSpec::user("ana", acme(), "events.read"))
        .unwrap();
    let mut stream = client
        .subscribe(carrying(pb::SubscribeRequest::default(), &token))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().through, "acme ana");

    let status = client
        .subscribe(pb::SubscribeRequest::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(status.get_details_error_info().unwrap().reason, "INVALID_TOKEN");
    let status = client
        .list_parked_events(carrying(pb::ListParkedEventsRequest::default(), &token))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(
        status.get_details_error_info().unwrap().metadata["scope"],
        "events.operate"
    );
}
