//! What is kept for a time only.

use attune_database::retention::{expire_events, expire_requests};
use attune_database::{Write, extend_event_log};
use attune_rpc::RequestKey;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::fixture::{Fixture, noon, tenant};

async fn request(fixture: &Fixture, name: &str, id: Uuid) -> bool {
    let key = RequestKey {
        method: "CreateNote",
        request_id: Some(id),
        hash: [0; 32],
    };
    match fixture
        .profiles
        .write(&tenant(name), &key, Uuid::now_v7())
        .await
        .unwrap()
    {
        Write::Fresh(tx) => {
            tx.commit().await.unwrap();
            true
        }
        Write::Repeat(_) => false,
    }
}

#[tokio::test]
async fn expired_request_ids_are_forgotten_in_all_tenants_and_later_ones_kept() {
    let fixture = Fixture::new().await;
    let (old, young) = (Uuid::now_v7(), Uuid::now_v7());
    for name in ["acme", "globex"] {
        assert!(request(&fixture, name, old).await);
    }
    fixture.hand.advance(TimeDelta::days(31));
    assert!(request(&fixture, "acme", young).await);

    let before = fixture.profiles.clock().now() - TimeDelta::days(30);
    assert_eq!(expire_requests(&fixture.profiles, before).await.unwrap(), 2);
    assert!(request(&fixture, "acme", old).await, "forgotten, so new again");
    assert!(!request(&fixture, "acme", young).await, "still known");
}

/// Puts one event at `position` into the log, extending it where needed.
async fn log_event(fixture: &Fixture, position: i64) -> i64 {
    let mut tx = fixture.profiles.platform_tx().await.unwrap();
    let end = extend_event_log(&mut tx, position).await.unwrap();
    sqlx::query(
        "INSERT INTO profiles.event_log (position, subject_version, occurred_at, recorded_at, event_id, subject,
             tenant_id, type, payload)
         VALUES ($1, 1, $2, $2, gen_random_uuid(), gen_random_uuid(), 'acme', 'note.created', '')",
    )
    .bind(position)
    .bind(tx.now())
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    end
}

async fn positions(fixture: &Fixture) -> Vec<i64> {
    sqlx::query_scalar("SELECT position FROM profiles.event_log ORDER BY position")
        .fetch_all(fixture.profiles.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_log_is_extended_where_the_last_partition_ends_and_not_before() {
    let fixture = Fixture::new().await;
    assert_eq!(log_event(&fixture, 100_000).await, 100_001);
    // The first filled within a day, so the next takes twice as many.
    assert_eq!(log_event(&fixture, 100_001).await, 300_001);
    assert_eq!(log_event(&fixture, 300_000).await, 300_001);
    assert_eq!(positions(&fixture).await, [100_000, 100_001, 300_000]);
}

#[tokio::test]
async fn whole_partitions_are_dropped_when_their_last_event_has_expired() {
    let fixture = Fixture::new().await;
    log_event(&fixture, 1).await;
    fixture.hand.advance(TimeDelta::days(3));
    log_event(&fixture, 100_000).await;
    fixture.hand.advance(TimeDelta::days(3));
    log_event(&fixture, 100_001).await;

    let first_only = noon() + TimeDelta::days(1);
    assert_eq!(
        expire_events(&fixture.profiles, first_only).await.unwrap(),
        0,
        "its last event is younger"
    );
    let all = noon() + TimeDelta::days(30);
    assert_eq!(
        expire_events(&fixture.profiles, all).await.unwrap(),
        1,
        "the newest partition stays"
    );
    assert_eq!(positions(&fixture).await, [100_001]);
    assert_eq!(expire_events(&fixture.profiles, all).await.unwrap(), 0);
}
