//! Transactions that end before they have begun.

use attune_clock::Clock;
use attune_database::template::TestDatabase;
use attune_database::{Database, PoolSettings};
use futures::FutureExt as _;
use sqlx::Row as _;

use crate::fixture::{PROFILES, add_note, noon, notes, open, services, tenant};

/// With one connection, so that whatever is left behind in it is met by the next who asks.
async fn narrow() -> (Database, TestDatabase) {
    let clone = services().database().await.unwrap();
    let settings = PoolSettings {
        max_connections: 1,
        ..PoolSettings::default()
    };
    let database = open(&clone, PROFILES, Clock::manual(noon()).0, settings).await;
    (database, clone)
}

#[tokio::test]
async fn who_goes_away_while_a_transaction_begins_leaves_none_behind() {
    let (database, _clone) = narrow().await;
    let acme = tenant("acme");
    let mut abandoned = 0;
    for place in 0..50 {
        // Looked at once: it has been asked for, and the answer is on its way.
        let begun = database.system(&acme).now_or_never();
        abandoned += usize::from(begun.is_none());
        drop(begun);
        // In one message, which is one instant to a transaction of its own.
        let row = sqlx::raw_sql("SELECT now() = statement_timestamp()")
            .fetch_one(database.pool())
            .await
            .unwrap();
        assert!(
            row.get::<bool, _>(0),
            "a statement landed in a transaction that was left open, try {place}"
        );
    }
    assert!(abandoned > 0, "nobody went away");
    let mut tx = database.system(&acme).await.unwrap();
    add_note(&mut tx, "kept").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(notes(&mut database.read(&acme).await.unwrap()).await, ["kept"]);
}
