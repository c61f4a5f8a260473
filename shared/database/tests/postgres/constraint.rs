//! Failures of statements, as the domain and the caller see them.

use attune_database::{OnConstraint, PoolSettings, database_error, violated_constraint};
use attune_rpc::{Code, Reason};
use std::time::Duration;

use crate::fixture::{Fixture, PROFILES, add_note, open, tenant};

#[derive(Debug)]
enum NoteError {
    TextTaken,
    Database(sqlx::Error),
}

impl From<sqlx::Error> for NoteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

#[tokio::test]
async fn the_named_constraint_becomes_the_domains_error_and_no_other_does() {
    let fixture = Fixture::new().await;
    let mut tx = fixture.profiles.system(&tenant("acme")).await.unwrap();
    add_note(&mut tx, "taken").await.unwrap();

    let point = tx.savepoint().await.unwrap();
    let error = add_note(&mut tx, "taken")
        .await
        .on_constraint("note_text_key", || NoteError::TextTaken);
    assert!(matches!(error, Err(NoteError::TextTaken)), "{error:?}");
    tx.roll_back_to(point).await.unwrap();

    let error = add_note(&mut tx, "taken")
        .await
        .on_constraint("note_pkey", || NoteError::TextTaken);
    let Err(NoteError::Database(error)) = error else {
        panic!("taken for another constraint")
    };
    assert_eq!(violated_constraint(&error), Some("note_text_key"));
}

#[tokio::test]
async fn a_caller_never_reads_what_the_database_said() {
    let fixture = Fixture::new().await;
    let error = sqlx::raw_sql("SELECT secret FROM profiles.vault")
        .execute(fixture.profiles.pool())
        .await;
    let error = database_error(error.unwrap_err());
    assert_eq!(error.code(), Code::Internal);
    for word in ["vault", "profiles", "relation", "SELECT"] {
        assert!(!error.message().contains(word), "{}", error.message());
    }
}

#[tokio::test]
async fn a_statement_over_its_time_is_a_deadline_exceeded() {
    let fixture = Fixture::new().await;
    let short = PoolSettings {
        statement_timeout: Duration::from_millis(20),
        ..PoolSettings::default()
    };
    let database = open(&fixture.clone, PROFILES, fixture.profiles.clock().clone(), short).await;
    let error = sqlx::raw_sql("SELECT pg_sleep(60)")
        .execute(database.pool())
        .await
        .unwrap_err();
    assert_eq!(database_error(error).code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_deadlock_asks_for_a_repetition() {
    let fixture = Fixture::new().await;
    let lock = |key: i64| sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key);
    let mut one = fixture.profiles.system(&tenant("acme")).await.unwrap();
    let mut other = fixture.profiles.system(&tenant("acme")).await.unwrap();
    lock(1).execute(&mut *one).await.unwrap();
    lock(2).execute(&mut *other).await.unwrap();
    // Whichever loses ends, and with it its locks; the winner goes on.
    let crossing =
        |mut tx: attune_database::Tx, key| async move { lock(key).execute(&mut *tx).await.map(|_| ()) };
    let (first, second) = tokio::join!(crossing(one, 2), crossing(other, 1));
    let error = first.and(second).unwrap_err();
    let error = database_error(error);
    assert_eq!((error.code(), error.reason()), (Code::Aborted, Reason::Retry));
}

#[tokio::test]
async fn a_pool_that_is_used_up_is_unavailable_and_says_when_to_come_again() {
    let fixture = Fixture::new().await;
    let tiny = PoolSettings {
        max_connections: 1,
        acquire_timeout: Duration::from_millis(50),
        ..PoolSettings::default()
    };
    let database = open(&fixture.clone, PROFILES, fixture.profiles.clock().clone(), tiny).await;
    let _held = database.read(&tenant("acme")).await.unwrap();
    let error = database_error(database.read(&tenant("acme")).await.unwrap_err());
    assert_eq!(error.code(), Code::Unavailable);
}
