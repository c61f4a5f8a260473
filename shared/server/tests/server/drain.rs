//! The end of a process.

use std::time::Duration;

use attune_api::events::v1::SubscribeRequest;
use attune_api::events::v1::event_feed_service_client::EventFeedServiceClient;
use attune_api::improvement::v1::trace_service_client::TraceServiceClient;
use attune_server::{Drained, Limits};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::fixture::{Process, order, soon};

#[tokio::test]
async fn a_drain_says_so_ends_streams_and_waits_for_the_call_in_progress() {
    let process = Process::start(Limits::default()).await;
    let watch = HealthCheckRequest {
        service: String::new(),
    };
    let mut watch = HealthClient::new(process.channel())
        .watch(watch)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );
    let feed = process.signed(
        "acme",
        SubscribeRequest {
            source: "feedback".into(),
            ..Default::default()
        },
    );
    let mut feed = EventFeedServiceClient::new(process.channel())
        .subscribe(feed)
        .await
        .unwrap()
        .into_inner();
    let request = process.signed("acme", order("wait"));
    let mut client = TraceServiceClient::new(process.channel());
    let call = tokio::spawn(async move { client.get_trace(request).await });
    soon(process.probe.begun.notified()).await;

    let probe = process.probe.clone();
    let drain = tokio::spawn(process.running.drain());
    assert_eq!(
        soon(watch.message()).await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
    assert_eq!(soon(watch.message()).await.unwrap_err().code(), Code::Unavailable);
    let ended = loop {
        if let Err(status) = soon(feed.message()).await {
            break status;
        }
    };
    assert_eq!(ended.code(), Code::Unavailable);
    assert!(!drain.is_finished(), "a call is still in progress");

    probe.release.notify_one();
    assert_eq!(
        soon(call).await.unwrap().unwrap().into_inner().next_page_token,
        "released"
    );
    assert_eq!(soon(drain).await.unwrap(), Drained::Cleanly);
}

#[tokio::test]
async fn a_drain_does_not_wait_longer_than_its_grace() {
    let process = Process::start(Limits {
        grace: Duration::from_millis(300),
        ..Limits::default()
    })
    .await;
    let request = process.signed("acme", order("wait"));
    let mut client = TraceServiceClient::new(process.channel());
    let call = tokio::spawn(async move { client.get_trace(request).await });
    soon(process.probe.begun.notified()).await;
    assert_eq!(
        soon(process.running.drain()).await,
        Drained::Cut {
            calls: true,
            tasks: 0
        }
    );
    call.abort();
}

#[tokio::test]
async fn after_a_drain_nobody_listens() {
    let process = Process::start(Limits::default()).await;
    let channel = process.channel();
    assert_eq!(soon(process.running.drain()).await, Drained::Cleanly);
    let status = TraceServiceClient::new(channel)
        .get_trace(order("anything"))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}
