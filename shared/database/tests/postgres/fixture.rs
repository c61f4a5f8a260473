//! A database with two services' schemas, one of which has a tenant's table.

use std::sync::LazyLock;

use attune_clock::{Clock, ManualClock};
use attune_database::template::{TemplateSet, TestDatabase};
use attune_database::{Database, PoolSettings, Schema, Tx, connect};
use attune_rpc::TenantId;
use chrono::{DateTime, Utc};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use uuid::Uuid;

pub(crate) const PROFILES: Schema = Schema("profiles");
pub(crate) const FEEDBACK: Schema = Schema("feedback");

/// The platform's own migration as the services have it, and after it a table of the tests.
pub(crate) static PROFILES_MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let platform = include_str!("../../../../services/profiles/migrations/0001_platform.sql");
    migrator("profiles._sqlx_migrations", &[platform, include_str!("note.sql")])
});
static FEEDBACK_MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let platform = include_str!("../../../../services/feedback/migrations/0001_platform.sql");
    migrator("feedback._sqlx_migrations", &[platform])
});

fn migrator(table: &'static str, files: &[&'static str]) -> Migrator {
    let migrations = (1..).zip(files).map(|(version, sql)| {
        Migration::new(
            version,
            "test".into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name(table);
    migrator
}

pub(crate) fn services() -> TemplateSet {
    TemplateSet::new(&[(PROFILES, &PROFILES_MIGRATOR), (FEEDBACK, &FEEDBACK_MIGRATOR)])
}

pub(crate) struct Fixture {
    pub(crate) profiles: Database,
    pub(crate) hand: ManualClock,
    pub(crate) clone: TestDatabase,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let clone = services().database().await.unwrap();
        let (clock, hand) = Clock::manual(noon());
        let profiles = open(&clone, PROFILES, clock, PoolSettings::default()).await;
        Self {
            profiles,
            hand,
            clone,
        }
    }

    pub(crate) async fn feedback(&self) -> Database {
        open(
            &self.clone,
            FEEDBACK,
            self.profiles.clock().clone(),
            PoolSettings::default(),
        )
        .await
    }
}

pub(crate) async fn open(
    clone: &TestDatabase,
    schema: Schema,
    clock: Clock,
    settings: PoolSettings,
) -> Database {
    let pool = connect(&clone.service_url(schema).unwrap(), schema, settings)
        .await
        .unwrap();
    Database::new(pool, schema, clock)
}

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

pub(crate) async fn add_note(tx: &mut Tx, text: &str) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO profiles.note (id, tenant_id, text) VALUES ($1, $2, $3)")
        .bind(Uuid::now_v7())
        .bind(tx.tenant().as_str().to_owned())
        .bind(text)
        .execute(&mut **tx)
        .await
        .map(|_| ())
}

pub(crate) async fn notes(tx: &mut Tx) -> Vec<String> {
    sqlx::query_scalar("SELECT text FROM profiles.note ORDER BY text")
        .fetch_all(&mut **tx)
        .await
        .unwrap()
}
