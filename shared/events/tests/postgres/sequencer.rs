//! Numbering, step by step and under attack.

use attune_events::{NewEvent, Sequencer, Step, append_many};
use uuid::Uuid;

use crate::fixture::{Fixture, eventually, tenant};

async fn log(fixture: &Fixture) -> Vec<(i64, Uuid, i64)> {
    sqlx::query_as("SELECT position, subject, subject_version FROM profiles.event_log ORDER BY position")
        .fetch_all(&fixture.admin)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_writer_held_open_holds_up_nobody_and_comes_last() {
    let fixture = Fixture::new().await;
    let sequencer = Sequencer::new(fixture.profiles.clone());
    let slow = Uuid::now_v7();
    let mut open = fixture.profiles.system(&tenant("acme")).await.unwrap();
    crate::fixture::say(&mut open, slow, 1).await;
    for version in 1..=10 {
        fixture.tell("acme", Uuid::now_v7(), version).await;
    }
    assert_eq!(sequencer.step().await.unwrap(), Step::Numbered(10));
    assert_eq!(sequencer.step().await.unwrap(), Step::Empty);

    open.commit().await.unwrap();
    assert_eq!(sequencer.step().await.unwrap(), Step::Numbered(1));
    let log = log(&fixture).await;
    assert_eq!(
        log.iter().map(|row| row.0).collect::<Vec<_>>(),
        (1..=11).collect::<Vec<_>>()
    );
    assert_eq!(log[10].1, slow);
}

#[tokio::test]
async fn a_sequencer_whose_connection_is_cut_in_mid_batch_loses_and_doubles_nothing() {
    let fixture = Fixture::new().await;
    let subject = Uuid::now_v7();
    let sequencer = fixture.sequence();
    // A lock on the log stops the sequencer after it has emptied the outbox and before it has committed.
    let mut barrier = fixture.admin.begin().await.unwrap();
    sqlx::query("LOCK TABLE profiles.event_log IN SHARE MODE")
        .execute(&mut *barrier)
        .await
        .unwrap();
    for version in 1..=20 {
        fixture.tell("acme", subject, version).await;
    }
    eventually("the sequencer is stopped in mid-batch and cut", async || {
        sqlx::query_scalar(
            "SELECT coalesce(bool_or(pg_terminate_backend(pid)), false) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%event_log%'
               AND pid <> pg_backend_pid()",
        )
        .fetch_one(&fixture.admin)
        .await
        .unwrap()
    })
    .await;
    barrier.rollback().await.unwrap();
    eventually("all are numbered", async || log(&fixture).await.len() >= 20).await;
    sequencer.stop().await;
    let expected: Vec<_> = (1..=20).map(|number| (number, subject, number)).collect();
    assert_eq!(log(&fixture).await, expected);
}

#[tokio::test]
async fn a_sequencer_leaves_the_outbox_to_the_one_at_work() {
    let fixture = Fixture::new().await;
    fixture.tell("acme", Uuid::now_v7(), 1).await;
    let mut other = fixture.admin.begin().await.unwrap();
    sqlx::query("SELECT position FROM profiles.feed_head FOR UPDATE")
        .execute(&mut *other)
        .await
        .unwrap();
    let sequencer = Sequencer::new(fixture.profiles.clone());
    assert_eq!(sequencer.step().await.unwrap(), Step::Taken);
    other.rollback().await.unwrap();
    assert_eq!(sequencer.step().await.unwrap(), Step::Numbered(1));
}

#[tokio::test]
async fn events_told_in_one_statement_keep_the_order_given() {
    let fixture = Fixture::new().await;
    let subject = Uuid::now_v7();
    let events: Vec<_> = (1..=1_500)
        .map(|version| NewEvent {
            subject,
            subject_version: version,
            payload: format!("{version}"),
        })
        .collect();
    let mut tx = fixture.profiles.system(&tenant("acme")).await.unwrap();
    let ids = append_many(&mut tx, &events).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids.len(), 1_500);
    let sequencer = Sequencer::new(fixture.profiles.clone());
    assert_eq!(sequencer.step().await.unwrap(), Step::Numbered(1_000));
    assert_eq!(sequencer.step().await.unwrap(), Step::Numbered(500));
    let log = log(&fixture).await;
    assert!(log.iter().all(|(position, _, version)| position == version));
}

#[tokio::test]
async fn the_log_grows_another_partition_before_the_last_is_full() {
    let fixture = Fixture::new().await;
    sqlx::query("UPDATE profiles.feed_head SET position = 99995")
        .execute(&fixture.admin)
        .await
        .unwrap();
    let subject = Uuid::now_v7();
    for version in 1..=10 {
        fixture.tell("acme", subject, version).await;
    }
    let sequencer = Sequencer::new(fixture.profiles.clone());
    assert_eq!(sequencer.step().await.unwrap(), Step::Numbered(10));
    let positions: Vec<_> = log(&fixture).await.into_iter().map(|row| row.0).collect();
    assert_eq!(positions, (99_996..=100_005).collect::<Vec<_>>());
}
