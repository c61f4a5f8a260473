//! What a call from one service to another carries.

use std::time::Duration;

use attune_server::Limits;
use tonic::Code;

use crate::fixture::{Process, reason, soon};

#[tokio::test]
async fn a_service_calls_another_as_itself_for_the_callers_tenant_within_what_time_is_left() {
    let limits = Limits {
        default_deadline: Duration::from_secs(7),
        ..Limits::default()
    };
    let process = Process::start(limits).await;
    let described = process.order_through("describe").await.unwrap();
    let [subject, tenant, left, trace] = described.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{described}");
    };
    assert_eq!((subject, tenant), ("service:feedback", "acme"));
    let left: u64 = left.parse().unwrap();
    assert!((1..7000).contains(&left), "{left} ms are left");
    assert_eq!(trace.len(), 55, "{trace}");
}

#[tokio::test]
async fn a_call_that_is_lost_twice_is_made_a_third_time() {
    let process = Process::start(Limits::default()).await;
    assert_eq!(soon(process.order_through("flaky")).await.unwrap(), "done");
}

#[tokio::test]
async fn the_end_of_the_time_is_deadline_exceeded_through_two_services() {
    let limits = Limits {
        default_deadline: Duration::from_millis(200),
        ..Limits::default()
    };
    let process = Process::start(limits).await;
    let status = soon(process.order_through("hang")).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
    );
}

#[tokio::test]
async fn a_service_without_an_address_is_unavailable_and_the_answer_names_the_setting() {
    let process = Process::start(Limits::default()).await;
    let status = soon(process.order_through("stranger")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("ATTUNE_PROFILES_URL"), "{status}");
}
