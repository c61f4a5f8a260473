//! Poison: found, set aside with its subject, given back.

use attune_api::events::v1::{ListParkedEventsRequest, ParkedEvent, ReleaseParkedEventsRequest};
use attune_auth::TokenSpec;
use tonic::Code;
use uuid::Uuid;

use crate::fixture::{FeedServer, Fixture, eventually, tenant};
use crate::recorder::{Mischief, Recorder, position, versions};

fn operator() -> TokenSpec {
    TokenSpec::user("olga", tenant("acme"), "events.operate")
}

async fn parked(fixture: &Fixture, server: &FeedServer, spec: &TokenSpec) -> Vec<ParkedEvent> {
    let request = ListParkedEventsRequest {
        source: "feedback".to_owned(),
        ..Default::default()
    };
    let answer = fixture
        .client(server, spec, None)
        .list_parked_events(request)
        .await
        .unwrap();
    answer.into_inner().parked_events
}

fn release(subject: Uuid) -> ReleaseParkedEventsRequest {
    ReleaseParkedEventsRequest {
        source: "feedback".to_owned(),
        subscription: "feedback.profiles".to_owned(),
        subject: subject.to_string(),
    }
}

#[tokio::test]
async fn a_poison_event_parks_its_subject_alone_until_it_is_released() {
    let fixture = Fixture::new().await;
    let (server, _sequencer) = (fixture.serve(), fixture.sequence());
    let consumer = Recorder::new(&fixture.admin);
    let (sick, well) = (Uuid::now_v7(), Uuid::now_v7());
    consumer.plan(sick, 2, Mischief::Fail, u32::MAX);
    let subscription = fixture.subscribe(&consumer, &server);
    for version in 1..=4 {
        fixture.tell("acme", sick, version).await;
        fixture.tell("acme", well, version).await;
    }
    eventually("the feed is handled", async || {
        position(&fixture.feedback).await == Some(8)
    })
    .await;
    assert_eq!(
        versions(&fixture.admin, sick).await,
        [1],
        "nothing of the subject passes the poison"
    );
    assert_eq!(
        versions(&fixture.admin, well).await,
        [1, 2, 3, 4],
        "the rest flows"
    );

    let waiting = parked(&fixture, &server, &operator()).await;
    let listed: Vec<_> = waiting
        .iter()
        .map(|parked| parked.event.as_ref().unwrap().subject_version)
        .collect();
    assert_eq!(listed, [2, 3, 4]);
    assert!(waiting[0].attempts > 1, "it was tried more than once");
    assert!(waiting[0].error.contains("cannot digest this"));

    // Released while still poisonous, it waits again, and nothing has overtaken it.
    let mut client = fixture.client(&server, &operator(), None);
    client.release_parked_events(release(sick)).await.unwrap();
    eventually("it failed again", async || {
        parked(&fixture, &server, &operator())
            .await
            .first()
            .is_some_and(|parked| parked.attempts == 1)
    })
    .await;
    assert_eq!(versions(&fixture.admin, sick).await, [1]);

    consumer.plan(sick, 2, Mischief::Fail, 0);
    let released = client
        .release_parked_events(release(sick))
        .await
        .unwrap()
        .into_inner()
        .released;
    assert_eq!(released, 3);
    fixture.tell("acme", sick, 5).await;
    eventually("the subject is whole", async || {
        versions(&fixture.admin, sick).await.len() == 5
    })
    .await;
    assert_eq!(versions(&fixture.admin, sick).await, [1, 2, 3, 4, 5]);
    assert!(parked(&fixture, &server, &operator()).await.is_empty());
    subscription.stop().await;
}

#[tokio::test]
async fn a_passing_failure_parks_nothing() {
    let fixture = Fixture::new().await;
    let (server, _sequencer) = (fixture.serve(), fixture.sequence());
    let consumer = Recorder::new(&fixture.admin);
    let subject = Uuid::now_v7();
    consumer.plan(subject, 1, Mischief::Fail, 3);
    let subscription = fixture.subscribe(&consumer, &server);
    fixture.tell("acme", subject, 1).await;
    eventually("it is handled", async || {
        versions(&fixture.admin, subject).await == [1]
    })
    .await;
    assert!(parked(&fixture, &server, &operator()).await.is_empty());
    subscription.stop().await;
}

#[tokio::test]
async fn a_handler_that_panics_or_hides_a_failed_statement_parks_its_event_and_the_loop_lives() {
    let fixture = Fixture::new().await;
    let (server, _sequencer) = (fixture.serve(), fixture.sequence());
    let consumer = Recorder::new(&fixture.admin);
    let (panics, hides, well) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    consumer.plan(panics, 1, Mischief::Panic, u32::MAX);
    consumer.plan(hides, 1, Mischief::Hide, u32::MAX);
    let subscription = fixture.subscribe(&consumer, &server);
    for subject in [panics, hides, well] {
        fixture.tell("acme", subject, 1).await;
    }
    eventually("the feed is handled", async || {
        position(&fixture.feedback).await == Some(3)
    })
    .await;
    assert_eq!(versions(&fixture.admin, well).await, [1]);
    let errors: Vec<_> = parked(&fixture, &server, &operator())
        .await
        .into_iter()
        .map(|parked| parked.error)
        .collect();
    assert_eq!(errors.len(), 2);
    assert!(errors[0].contains("cannot even fail"), "{errors:?}");
    assert!(errors[1].contains("cannot be committed"), "{errors:?}");
    subscription.stop().await;
}

#[tokio::test]
async fn an_operator_of_another_tenant_sees_and_releases_nothing() {
    let fixture = Fixture::new().await;
    let (server, _sequencer) = (fixture.serve(), fixture.sequence());
    let consumer = Recorder::new(&fixture.admin);
    let subject = Uuid::now_v7();
    consumer.plan(subject, 1, Mischief::Fail, u32::MAX);
    let subscription = fixture.subscribe(&consumer, &server);
    fixture.tell("acme", subject, 1).await;
    eventually("it is parked", async || {
        parked(&fixture, &server, &operator()).await.len() == 1
    })
    .await;

    let stranger = TokenSpec::user("otto", tenant("globex"), "events.operate");
    assert!(parked(&fixture, &server, &stranger).await.is_empty());
    let refused = fixture
        .client(&server, &stranger, None)
        .release_parked_events(release(subject))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    subscription.stop().await;
}
