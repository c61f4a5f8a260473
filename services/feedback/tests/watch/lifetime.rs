//! How many streams a tenant has, and when they end.

use attune_server::PeerConfig;

use super::*;

#[tokio::test]
async fn a_tenant_has_so_many_streams_and_one_that_is_left_makes_room() {
    let own = attune_feedback::Config {
        watches_per_tenant: 2,
        ..attune_feedback::Config::default()
    };
    let alone = Alone::start_as(own, PeerConfig::default()).await;
    let watch = || open(&alone, "acme", pb::WatchFeedbackRequest::default());
    let mut first = watch().await.unwrap();
    next(&mut first).await.unwrap();
    let mut numbers = metrics(&alone, "acme", request("")).await.unwrap();
    next(&mut numbers).await.unwrap();
    let refused = watch().await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("2 streams"), "{refused:?}");
    assert!(
        open(&alone, "globex", pb::WatchFeedbackRequest::default())
            .await
            .is_ok(),
        "another tenant has its own"
    );
    drop(first);
    let again = async {
        while watch().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_the_process() {
    let alone = Alone::start().await;
    let brief = alone.as_user_for("acme", "feedback.read", Duration::from_secs(1));
    let mut client = FeedbackServiceClient::new(brief);
    let mut expiring = client
        .watch_feedback(pb::WatchFeedbackRequest::default())
        .await
        .unwrap()
        .into_inner();
    let mut staying = open(&alone, "acme", pb::WatchFeedbackRequest::default())
        .await
        .unwrap();
    let mut numbers = metrics(&alone, "acme", request("")).await.unwrap();
    let end = loop {
        if let Err(status) = next(&mut expiring).await {
            break status;
        }
    };
    assert_eq!(end.code(), Code::Unauthenticated);
    next(&mut staying).await.unwrap();
    next(&mut numbers).await.unwrap();
    alone.running.drain().await;
    let end = loop {
        if let Err(status) = next(&mut staying).await {
            break status;
        }
    };
    assert_eq!(end.code(), Code::Unavailable);
    assert_eq!(next(&mut numbers).await.unwrap_err().code(), Code::Unavailable);
}
