//! Effects happen exactly once, whatever is down or cut.

use std::time::Instant;

use uuid::Uuid;

use crate::fixture::{FEEDBACK, Fixture, PROMPTLY, eventually};
use crate::recorder::{Mischief, Recorder, effects, position, versions};

#[tokio::test]
async fn a_subscription_resumes_where_it_was_after_its_source_was_down() {
    let fixture = Fixture::new().await;
    let (server, sequencer) = (fixture.serve(), fixture.sequence());
    let address = server.address;
    let consumer = Recorder::new(&fixture.admin);
    let subscription = fixture.subscribe(&consumer, &server);
    let subject = Uuid::now_v7();
    fixture.tell("acme", subject, 1).await;
    eventually("the first is handled", async || {
        versions(&fixture.admin, subject).await == [1]
    })
    .await;

    server.drain().await;
    fixture.tell("acme", subject, 2).await;
    let server = fixture.serve_at(address);
    fixture.tell("acme", subject, 3).await;
    eventually("the others are handled", async || {
        versions(&fixture.admin, subject).await.len() >= 3
    })
    .await;
    assert_eq!(versions(&fixture.admin, subject).await, [1, 2, 3]);
    subscription.stop().await;
    sequencer.stop().await;
    server.drain().await;
}

#[tokio::test]
async fn a_connection_cut_between_effect_and_commit_leaves_the_effect_once() {
    let fixture = Fixture::new().await;
    let (server, _sequencer) = (fixture.serve(), fixture.sequence());
    let consumer = Recorder::new(&fixture.admin);
    let subject = Uuid::now_v7();
    consumer.plan(subject, 2, Mischief::Cut, 1);
    let subscription = fixture.subscribe(&consumer, &server);
    for version in 1..=3 {
        fixture.tell("acme", subject, version).await;
    }
    eventually("the cursor is at the end", async || {
        position(&fixture.feedback).await == Some(3)
    })
    .await;
    assert_eq!(versions(&fixture.admin, subject).await, [1, 2, 3]);
    subscription.stop().await;
}

#[tokio::test]
async fn a_subscription_that_was_killed_does_nothing_twice_and_forgets_nothing() {
    let fixture = Fixture::new().await;
    let (server, _sequencer) = (fixture.serve(), fixture.sequence());
    let consumer = Recorder::new(&fixture.admin);
    let subject = Uuid::now_v7();
    for life in 0..5 {
        let subscription = fixture.subscribe(&consumer, &server);
        for version in 1..=20 {
            fixture.tell("acme", subject, life * 20 + version).await;
        }
        // Stopped wherever it happens to be.
        subscription.stop().await;
    }
    let subscription = fixture.subscribe(&consumer, &server);
    eventually("the cursor is at the end", async || {
        position(&fixture.feedback).await == Some(100)
    })
    .await;
    assert_eq!(
        versions(&fixture.admin, subject).await,
        (1..=100).collect::<Vec<_>>()
    );
    subscription.stop().await;
}

#[tokio::test]
async fn two_replicas_of_a_consumer_handle_every_event_once_and_in_order() {
    let fixture = Fixture::new().await;
    let (server, _sequencer) = (fixture.serve(), fixture.sequence());
    let consumer = Recorder::new(&fixture.admin);
    let other = fixture.replica(FEEDBACK).await;
    let replicas = [
        fixture.subscribe(&consumer, &server),
        fixture.subscribe_in(other, &consumer, &server),
    ];
    let subject = Uuid::now_v7();
    for version in 1..=100 {
        fixture.tell("acme", subject, version).await;
    }
    eventually("the cursor is at the end", async || {
        position(&fixture.feedback).await == Some(100)
    })
    .await;
    assert_eq!(
        versions(&fixture.admin, subject).await,
        (1..=100).collect::<Vec<_>>()
    );
    for replica in replicas {
        replica.stop().await;
    }
}

#[tokio::test]
async fn the_events_of_a_batch_belong_to_one_tenant_and_keep_their_order() {
    let fixture = Fixture::new().await;
    let subject = Uuid::now_v7();
    for version in 1..=30 {
        fixture.tell("acme", subject, version).await;
        fixture.tell("globex", Uuid::now_v7(), 1).await;
    }
    let sequencer = attune_events::Sequencer::new(fixture.profiles.clone());
    sequencer.step().await.unwrap();
    let server = fixture.serve();
    let consumer = Recorder::new(&fixture.admin);
    let subscription = fixture.subscribe(&consumer, &server);
    eventually("all are handled", async || {
        position(&fixture.feedback).await == Some(60)
    })
    .await;
    let batches = consumer.batches.lock().unwrap().clone();
    assert_eq!(batches, [("acme".to_owned(), 30), ("globex".to_owned(), 30)]);
    assert_eq!(
        versions(&fixture.admin, subject).await,
        (1..=30).collect::<Vec<_>>()
    );
    subscription.stop().await;
}

#[tokio::test]
async fn a_consumer_of_other_types_comes_along_with_the_feed() {
    let fixture = Fixture::new().await;
    let (server, _sequencer) = (fixture.serve(), fixture.sequence());
    let consumer = Recorder::of_types(&fixture.admin, vec!["attune.other.v1.Happened".to_owned()]);
    let subscription = fixture.subscribe(&consumer, &server);
    for version in 1..=5 {
        fixture.tell("acme", Uuid::now_v7(), version).await;
    }
    eventually("the cursor is at the end", async || {
        position(&fixture.feedback).await == Some(5)
    })
    .await;
    assert_eq!(effects(&fixture.admin).await, []);
    subscription.stop().await;
}

#[tokio::test]
async fn an_effect_follows_its_event_without_waiting_for_a_poll() {
    let fixture = Fixture::new().await;
    let (server, _sequencer) = (fixture.serve(), fixture.sequence());
    let consumer = Recorder::new(&fixture.admin);
    let subscription = fixture.subscribe(&consumer, &server);
    let subject = Uuid::now_v7();
    let (mut writes, mut waits) = (Vec::new(), Vec::new());
    for version in 1..=21 {
        let begun = Instant::now();
        fixture.tell("acme", subject, version).await;
        writes.push(begun.elapsed());
        let told = Instant::now();
        eventually("it is handled", async || {
            position(&fixture.feedback).await == Some(version)
        })
        .await;
        waits.push(told.elapsed());
    }
    writes.sort();
    waits.sort();
    println!(
        "commit to effect: median {:?}, longest {:?}; one write: median {:?}",
        waits[10], waits[20], writes[10]
    );
    assert!(
        waits[10] < PROMPTLY,
        "half of them took {:?} where a write takes {:?}",
        waits[10],
        writes[10]
    );
    subscription.stop().await;
}
