//! What the server runs beside the calls, without being asked.

use attune_api::feedback::v1::CreateTopicRequest;
use attune_api::feedback::v1::topic_service_client::TopicServiceClient;
use attune_server::Limits;
use chrono::TimeDelta;

use crate::fixture::{Process, soon};

#[tokio::test]
async fn what_one_service_tells_another_hears_and_a_timer_fires_when_its_time_has_come() {
    let mut process = Process::start(Limits::default()).await;
    let topic = CreateTopicRequest {
        request_id: "first".into(),
        ..Default::default()
    };
    let request = process.signed("acme", topic);
    TopicServiceClient::new(process.channel())
        .create_topic(request)
        .await
        .unwrap();
    assert_eq!(soon(process.heard.recv()).await.unwrap(), "event acme first");

    process.hand.advance(TimeDelta::minutes(59));
    assert!(process.heard.try_recv().is_err(), "the alarm is due in a minute");
    process.hand.advance(TimeDelta::minutes(1));
    assert_eq!(soon(process.heard.recv()).await.unwrap(), "alarm acme");
}
