//! The first statistics of a table.

use attune_database::analyze_filled;

use crate::fixture::{Fixture, tenant};

async fn notes(fixture: &Fixture, from: i32, to: i32) {
    let mut tx = fixture.profiles.system(&tenant("acme")).await.unwrap();
    sqlx::query(
        "INSERT INTO profiles.note (id, tenant_id, text)
         SELECT gen_random_uuid(), 'acme', 'note ' || n FROM generate_series($1, $2) AS n",
    )
    .bind(from)
    .bind(to)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

/// How many rows Postgres expects of the whole table.
async fn expected(fixture: &Fixture) -> f64 {
    let mut tx = fixture.profiles.system(&tenant("acme")).await.unwrap();
    let rows: f32 =
        sqlx::query_scalar("SELECT reltuples FROM pg_class WHERE oid = 'profiles.note'::regclass")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
    f64::from(rows)
}

#[tokio::test]
async fn a_table_is_analysed_once_when_it_is_filled_and_not_before() {
    let fixture = Fixture::new().await;
    notes(&fixture, 1, 10).await;
    assert!(
        analyze_filled(&fixture.profiles).await.unwrap().is_empty(),
        "ten rows are planned well enough without"
    );

    notes(&fixture, 11, 5_000).await;
    assert!(expected(&fixture).await < 0.0, "nothing is known of it yet");
    assert_eq!(analyze_filled(&fixture.profiles).await.unwrap(), ["note"]);
    assert!((4_900.0..=5_100.0).contains(&expected(&fixture).await));

    notes(&fixture, 5_001, 6_000).await;
    assert!(
        analyze_filled(&fixture.profiles).await.unwrap().is_empty(),
        "from here on it is autovacuum's"
    );
}

#[tokio::test]
async fn a_service_analyses_no_tables_but_its_own() {
    let fixture = Fixture::new().await;
    notes(&fixture, 1, 5_000).await;
    let feedback = fixture.feedback().await;
    assert!(analyze_filled(&feedback).await.unwrap().is_empty());
    assert!(expected(&fixture).await < 0.0);
}
