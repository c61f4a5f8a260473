//! Whether everything told has been heard.

use attune_events::{Sequencer, quiet};
use uuid::Uuid;

use crate::fixture::{FEEDBACK, Fixture, PROFILES, eventually};
use crate::recorder::{Recorder, versions};

#[tokio::test]
async fn it_is_quiet_only_when_outbox_and_subscriptions_are_through() {
    let fixture = Fixture::new().await;
    let quiet = async || quiet(&fixture.admin, &[PROFILES, FEEDBACK]).await.unwrap();
    assert!(quiet().await, "nothing was told");
    let server = fixture.serve();
    let consumer = Recorder::new(&fixture.admin);
    let subscription = fixture.subscribe(&consumer, &server);
    let registered = async || crate::recorder::position(&fixture.feedback).await.is_some();
    eventually("the subscription is known", registered).await;
    subscription.stop().await;

    let subject = Uuid::now_v7();
    fixture.tell("acme", subject, 1).await;
    assert!(!quiet().await, "the outbox is not empty");
    Sequencer::new(fixture.profiles.clone()).step().await.unwrap();
    assert!(!quiet().await, "the subscription has not handled it");
    let subscription = fixture.subscribe(&consumer, &server);
    eventually("it is quiet", quiet).await;
    assert_eq!(versions(&fixture.admin, subject).await, [1]);
    subscription.stop().await;
}
