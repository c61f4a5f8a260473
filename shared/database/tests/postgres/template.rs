//! A database for every test.

use attune_database::embedded::shared_for_tests;
use sqlx::{Connection, PgConnection};

use crate::fixture::{FEEDBACK, Fixture, PROFILES, add_note, notes, services, tenant};

#[tokio::test]
async fn what_one_test_writes_no_other_sees() {
    let (one, other) = (Fixture::new().await, Fixture::new().await);
    let mut tx = one.profiles.system(&tenant("acme")).await.unwrap();
    add_note(&mut tx, "mine").await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = other.profiles.read(&tenant("acme")).await.unwrap();
    assert!(notes(&mut tx).await.is_empty());
}

#[tokio::test]
async fn a_database_goes_with_its_test_even_with_connections_open() {
    let fixture = Fixture::new().await;
    let name = fixture.clone.name().to_owned();
    let held = fixture.profiles.read(&tenant("acme")).await.unwrap();
    drop(fixture);

    let server = shared_for_tests().await.unwrap();
    let mut admin = PgConnection::connect(server.url()).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1")
        .bind(&name)
        .fetch_one(&mut admin)
        .await
        .unwrap();
    assert_eq!(left, 0);
    drop(held);
}

#[tokio::test]
async fn every_services_role_works_in_a_clone_and_owns_its_schema() {
    let clone = services().database().await.unwrap();
    for schema in [PROFILES, FEEDBACK] {
        let mut connection = PgConnection::connect(&clone.service_url(schema).unwrap())
            .await
            .unwrap();
        let owner: String =
            sqlx::query_scalar("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = $1")
                .bind(schema.name())
                .fetch_one(&mut connection)
                .await
                .unwrap();
        assert_eq!(owner, schema.role());
        let tables: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_tables WHERE schemaname = $1 AND tableowner = current_user",
        )
        .bind(schema.name())
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert!(tables >= 8, "{schema} owns {tables} tables");
    }
}

#[tokio::test]
async fn clones_made_at_the_same_time_are_all_whole() {
    let clones: Vec<_> = (0..6)
        .map(|_| tokio::spawn(async { services().database().await.unwrap() }))
        .collect();
    for clone in clones {
        let clone = clone.await.unwrap();
        let mut connection = PgConnection::connect(clone.url()).await.unwrap();
        let heads: i64 = sqlx::query_scalar("SELECT count(*) FROM profiles.feed_head")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(heads, 1);
    }
}
