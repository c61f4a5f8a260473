//! The order of the layers, by what it does.

use std::time::Duration;

use attune_api::improvement::v1::GetTraceRequest;
use attune_api::improvement::v1::trace_service_client::TraceServiceClient;
use attune_server::Limits;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::fixture::{GET_TRACE, Process, counted, order, reason, soon};

#[tokio::test]
async fn a_panic_is_internal_and_counted_and_the_process_goes_on() {
    let process = Process::start(Limits::default()).await;
    let before = counted(GET_TRACE, "INTERNAL");
    let status = process.order("panic").await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Internal, "INTERNAL")
    );
    assert!(!status.message().contains("told to"), "{status}");
    assert_eq!(counted(GET_TRACE, "INTERNAL"), before + 1);
    assert_eq!(process.order("anything").await.unwrap(), "done");
}

#[tokio::test]
async fn a_call_without_a_token_is_refused_and_counted() {
    let process = Process::start(Limits::default()).await;
    let before = counted(GET_TRACE, "UNAUTHENTICATED");
    let mut client = TraceServiceClient::new(process.channel());
    let status = client.get_trace(order("anything")).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unauthenticated, "INVALID_TOKEN")
    );
    assert_eq!(counted(GET_TRACE, "UNAUTHENTICATED"), before + 1);
}

#[tokio::test]
async fn a_full_process_sheds_calls_before_it_looks_at_their_tokens_and_stays_healthy() {
    let process = Process::start(Limits {
        max_in_flight: 1,
        ..Limits::default()
    })
    .await;
    let waiting = async { process.order("wait").await };
    let others = async {
        soon(process.probe.begun.notified()).await;
        let mut stranger = TraceServiceClient::new(process.channel());
        let status = stranger.get_trace(order("anything")).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::ResourceExhausted, "OVERLOADED")
        );
        assert!(
            status
                .get_details_retry_info()
                .is_some_and(|info| info.retry_delay.is_some())
        );

        let mut health = HealthClient::new(process.channel());
        let health = health
            .check(HealthCheckRequest {
                service: String::new(),
            })
            .await
            .unwrap();
        assert_eq!(health.into_inner().status(), ServingStatus::Serving);
        process.probe.release.notify_one();
    };
    let (answer, ()) = soon(futures::future::join(waiting, others)).await;
    assert_eq!(answer.unwrap(), "released");
    assert_eq!(process.order("anything").await.unwrap(), "done");
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_deadline_exceeded_and_says_so_in_our_words() {
    let limits = Limits {
        default_deadline: Duration::from_millis(100),
        ..Limits::default()
    };
    let process = Process::start(limits).await;
    let status = soon(process.order("hang")).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
    );
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_with_the_limit() {
    let process = Process::start(Limits {
        max_message_bytes: 2000,
        ..Limits::default()
    })
    .await;
    assert_eq!(process.order(&"x".repeat(1900)).await.unwrap(), "done");
    let status = process.order(&"x".repeat(2000)).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "MESSAGE_TOO_LARGE")
    );
    assert_eq!(
        status.get_details_error_info().unwrap().metadata["limit_bytes"],
        "2000"
    );
}

#[tokio::test]
async fn the_largest_limit_is_one_that_the_generated_servers_accept() {
    let process = Process::start(Limits::default()).await;
    let room = attune_server::LARGEST_MESSAGE as usize - 100;
    assert_eq!(process.order(&"x".repeat(room)).await.unwrap(), "done");
    let status = process.order(&"x".repeat(room + 200)).await.unwrap_err();
    assert_eq!(reason(&status), "MESSAGE_TOO_LARGE");
}

#[tokio::test]
async fn a_tenant_beyond_its_rate_waits_and_another_does_not() {
    let limits = Limits {
        tenant_rate: 1,
        tenant_burst: 2,
        ..Limits::default()
    };
    let process = Process::start(limits).await;
    let mut stranger = TraceServiceClient::new(process.channel());
    for _ in 0..5 {
        // Refused calls are nobody's: they take nothing from a tenant.
        stranger.get_trace(order("anything")).await.unwrap_err();
    }
    let mut refusal = None;
    for _ in 0..10 {
        if let Err(status) = process.order("anything").await {
            refusal = Some(status);
            break;
        }
    }
    let status = refusal.expect("ten calls are more than a burst of two and a second or two of rate");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "RATE_LIMITED")
    );
    let other = process.signed("globex", order("anything"));
    TraceServiceClient::new(process.channel())
        .get_trace(other)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_callers_trace_goes_on_in_the_handler() {
    let process = Process::start(Limits::default()).await;
    let mut request: Request<GetTraceRequest> = process.signed("acme", order("describe"));
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    request
        .metadata_mut()
        .insert("traceparent", parent.parse().unwrap());
    let answer = TraceServiceClient::new(process.channel())
        .get_trace(request)
        .await
        .unwrap();
    let described = answer.into_inner().next_page_token;
    assert!(
        described.contains(trace) && !described.contains(&parent),
        "{described}"
    );
}

#[tokio::test]
async fn a_method_that_another_process_serves_is_unimplemented_and_shares_a_label() {
    let process = Process::start(Limits::default()).await;
    let before = counted("_OTHER", "UNIMPLEMENTED");
    let request = process.signed("acme", attune_api::profiles::v1::GetProfileRequest::default());
    let mut profiles =
        attune_api::profiles::v1::profile_service_client::ProfileServiceClient::new(process.channel());
    let status = profiles.get_profile(request).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unimplemented, "UNKNOWN_METHOD")
    );
    assert!(
        status
            .message()
            .contains("attune.profiles.v1.ProfileService/GetProfile"),
        "{status}"
    );
    assert_eq!(counted("_OTHER", "UNIMPLEMENTED"), before + 1);
}

#[tokio::test]
async fn health_knows_each_service_and_needs_no_token() {
    let process = Process::start(Limits::default()).await;
    let mut health = HealthClient::new(process.channel());
    for service in [
        "",
        "attune.improvement.v1.TraceService",
        "attune.events.v1.EventFeedService",
    ] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = health.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let unknown = HealthCheckRequest {
        service: "attune.profiles.v1.ProfileService".to_owned(),
    };
    assert_eq!(health.check(unknown).await.unwrap_err().code(), Code::NotFound);
}

/// Asks one version of reflection for the services.
macro_rules! listed {
    ($version:ident, $channel:expr) => {{
        use tonic_reflection::pb::$version as pb;
        let ask = pb::server_reflection_request::MessageRequest::ListServices(String::new());
        let ask = pb::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(ask),
        };
        let mut client = pb::server_reflection_client::ServerReflectionClient::new($channel);
        let answers = client
            .server_reflection_info(tokio_stream::once(ask))
            .await
            .unwrap();
        let answer = answers
            .into_inner()
            .message()
            .await
            .unwrap()
            .unwrap()
            .message_response;
        match answer {
            Some(pb::server_reflection_response::MessageResponse::ListServicesResponse(list)) => list
                .service
                .into_iter()
                .map(|service| service.name)
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    }};
}

#[tokio::test]
async fn both_reflections_list_what_is_served_and_need_no_token() {
    let process = Process::start(Limits::default()).await;
    for names in [
        listed!(v1, process.channel()),
        listed!(v1alpha, process.channel()),
    ] {
        for served in [
            "attune.feedback.v1.TopicService",
            "attune.improvement.v1.TraceService",
            "attune.events.v1.EventFeedService",
            "grpc.health.v1.Health",
        ] {
            assert!(
                names.iter().any(|name| name == served),
                "{served} is not in {names:?}"
            );
        }
        assert!(
            !names.iter().any(|name| name.contains("ProfileService")),
            "{names:?}"
        );
    }
}
