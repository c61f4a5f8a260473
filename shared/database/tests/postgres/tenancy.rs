//! One tenant's rows, one service's schema, and nothing else.

use std::sync::Arc;

use attune_database::{Database, PoolSettings, database_error};
use attune_rpc::Code;
use futures::FutureExt as _;
use sqlx::{Connection, PgConnection};
use tokio::sync::Notify;

use crate::fixture::{Fixture, PROFILES, add_note, notes, open, tenant};

async fn visible_tenant(connection: &mut PgConnection) -> String {
    sqlx::query_scalar("SELECT coalesce(current_setting('app.tenant', true), '')")
        .fetch_one(connection)
        .await
        .unwrap()
}

async fn note_of(database: &Database, name: &str, text: &str) {
    let mut tx = database.system(&tenant(name)).await.unwrap();
    add_note(&mut tx, text).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_tenant_sees_its_own_rows_alone_even_as_the_tables_owner() {
    let fixture = Fixture::new().await;
    note_of(&fixture.profiles, "acme", "ours").await;
    note_of(&fixture.profiles, "globex", "theirs").await;

    let mut tx = fixture.profiles.read(&tenant("acme")).await.unwrap();
    assert_eq!(notes(&mut tx).await, ["ours"]);

    let owner: String = sqlx::query_scalar(
        "SELECT tableowner::text FROM pg_tables WHERE schemaname = 'profiles' AND tablename = 'note'",
    )
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    let user: String = sqlx::query_scalar("SELECT current_user::text")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(
        (owner.as_str(), user.as_str()),
        ("attune_profiles", "attune_profiles")
    );
}

#[tokio::test]
async fn a_row_cannot_be_written_into_another_tenant() {
    let fixture = Fixture::new().await;
    let mut tx = fixture.profiles.system(&tenant("acme")).await.unwrap();
    let smuggled = sqlx::query(
        "INSERT INTO profiles.note (id, tenant_id, text) VALUES (gen_random_uuid(), 'globex', 'x')",
    )
    .execute(&mut *tx)
    .await;
    let error = smuggled.unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");
    assert_eq!(database_error(error).code(), Code::Internal);
}

#[tokio::test]
async fn the_tenant_does_not_outlive_its_transaction() {
    let fixture = Fixture::new().await;
    let one = PoolSettings {
        max_connections: 1,
        ..PoolSettings::default()
    };
    let database = open(&fixture.clone, PROFILES, fixture.profiles.clock().clone(), one).await;
    note_of(&database, "acme", "ours").await;

    let mut connection = database.pool().acquire().await.unwrap();
    assert_eq!(visible_tenant(&mut connection).await, "");
    let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM profiles.note")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert_eq!(seen, 0);
}

#[tokio::test]
async fn who_waits_for_a_commit_is_woken_by_it_and_by_nothing_else() {
    let fixture = Fixture::new().await;
    let waiting = Arc::new(Notify::new());
    for commits in [false, true] {
        let mut woken = std::pin::pin!(waiting.notified());
        let mut tx = fixture.profiles.system(&tenant("acme")).await.unwrap();
        let waits = Arc::clone(&waiting);
        tx.after_commit(move || waits.notify_waiters());
        add_note(&mut tx, "x").await.unwrap();
        assert!(woken.as_mut().now_or_never().is_none());
        if commits {
            tx.commit().await.unwrap();
        } else {
            tx.roll_back().await.unwrap();
        }
        assert_eq!(woken.now_or_never().is_some(), commits);
    }
}

#[tokio::test]
async fn a_read_cannot_write() {
    let fixture = Fixture::new().await;
    let mut tx = fixture.profiles.read(&tenant("acme")).await.unwrap();
    let error = add_note(&mut tx, "x").await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
}

#[tokio::test]
async fn a_service_cannot_enter_anothers_schema() {
    let fixture = Fixture::new().await;
    let feedback = fixture.feedback().await;
    for statement in [
        "SELECT FROM profiles.outbox",
        "SELECT FROM profiles.note",
        "CREATE TABLE profiles.x ()",
    ] {
        let error = sqlx::raw_sql(statement)
            .execute(feedback.pool())
            .await
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("permission denied for schema profiles"),
            "{statement}: {error}"
        );
    }
    let error = sqlx::raw_sql("CREATE SCHEMA mine")
        .execute(feedback.pool())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
}

#[tokio::test]
async fn an_administrators_login_takes_on_the_services_role() {
    let fixture = Fixture::new().await;
    let settings = PoolSettings::default();
    let pool = attune_database::connect(fixture.clone.url(), PROFILES, settings)
        .await
        .unwrap();
    let user: String = sqlx::query_scalar("SELECT current_user::text")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(user, "attune_profiles");
}

#[tokio::test]
async fn a_loop_enters_a_tenant_and_moves_on_to_the_next() {
    let fixture = Fixture::new().await;
    note_of(&fixture.profiles, "acme", "ours").await;
    note_of(&fixture.profiles, "globex", "theirs").await;

    let mut platform = fixture.profiles.platform_tx().await.unwrap();
    let head: i64 = sqlx::query_scalar("SELECT position FROM profiles.feed_head")
        .fetch_one(&mut *platform)
        .await
        .unwrap();
    assert_eq!(head, 0);
    let mut tx = platform.enter(&tenant("acme")).await.unwrap();
    assert_eq!(notes(&mut tx).await, ["ours"]);
    tx.switch_tenant(&tenant("globex")).await.unwrap();
    assert_eq!(
        (notes(&mut tx).await, tx.tenant().as_str()),
        (vec!["theirs".to_owned()], "globex")
    );
}

#[tokio::test]
async fn a_failing_item_of_a_batch_leaves_the_others_and_the_tenant_as_they_were() {
    let fixture = Fixture::new().await;
    let mut tx = fixture.profiles.system(&tenant("acme")).await.unwrap();
    add_note(&mut tx, "first").await.unwrap();

    let point = tx.savepoint().await.unwrap();
    tx.switch_tenant(&tenant("globex")).await.unwrap();
    add_note(&mut tx, "lost").await.unwrap();
    sqlx::raw_sql("SELECT 1 / 0").execute(&mut *tx).await.unwrap_err();
    tx.roll_back_to(point).await.unwrap();
    assert_eq!(tx.tenant(), &tenant("acme"));
    assert_eq!(visible_tenant(&mut tx).await, "acme");

    let point = tx.savepoint().await.unwrap();
    add_note(&mut tx, "second").await.unwrap();
    tx.release(point).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = fixture.profiles.read(&tenant("acme")).await.unwrap();
    assert_eq!(notes(&mut tx).await, ["first", "second"]);
}

#[tokio::test]
async fn the_instant_of_a_transaction_is_the_clocks_at_its_beginning() {
    let fixture = Fixture::new().await;
    let tx = fixture.profiles.read(&tenant("acme")).await.unwrap();
    fixture.hand.advance(chrono::TimeDelta::hours(1));
    assert_eq!(tx.now(), crate::fixture::noon());
}

#[tokio::test]
async fn connections_that_died_in_the_pool_are_not_the_callers_trouble() {
    let fixture = Fixture::new().await;
    let held: Vec<_> = futures_of(4, || async {
        fixture.profiles.read(&tenant("acme")).await.unwrap()
    })
    .await;
    drop(held);
    let mut admin = PgConnection::connect(fixture.clone.url()).await.unwrap();
    let ended = sqlx::query(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = 'attune_profiles'",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    assert!(ended.len() >= 4);

    let mut tx = fixture.profiles.read(&tenant("acme")).await.unwrap();
    assert!(notes(&mut tx).await.is_empty());
}

async fn futures_of<T, F: Future<Output = T>>(count: usize, make: impl Fn() -> F) -> Vec<T> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(make().await);
    }
    all
}
