//! A database of its own for every test, as cheap as a copy.
//!
//! The migrations of a set of services run once on a server, into a template; every test gets a clone of
//! it, in the time of copying a few files.

mod clone;
mod sweep;

use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::embedded::{EmbeddedError, TestServer, shared_for_tests};
use crate::schema::{identifier, literal};
use crate::{MigrationError, Schema, migrate};

pub use clone::TestDatabase;

/// The advisory lock under which templates are built and leftovers swept, one process at a time; any
/// number that nothing else on a test server uses.
const LOCK: i64 = 0x0061_7474_756e_6501;

static SWEPT: OnceCell<()> = OnceCell::const_new();

/// Why there is no database for the test.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is no server.
    #[error(transparent)]
    Server(#[from] EmbeddedError),
    /// The migrations failed.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The server refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A set of services whose schemas a test needs together.
#[derive(Clone, Debug)]
pub struct TemplateSet {
    services: Vec<(Schema, &'static Migrator)>,
    name: String,
}

impl TemplateSet {
    /// The set of `services`; the same migrations give the same template, whoever asks.
    pub fn new(services: &[(Schema, &'static Migrator)]) -> Self {
        let mut services = services.to_vec();
        services.sort_unstable_by_key(|(schema, _)| *schema);
        let name = name(&services);
        Self { services, name }
    }

    /// The template's name: `tpl_` and a hash of schemas and migrations.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A fresh database with everything migrated and nothing in it, on [`shared_for_tests`]. It is dropped
    /// with what is returned; what a killed test leaves is swept by a later run.
    pub async fn database(&self) -> Result<TestDatabase, TemplateError> {
        let server = shared_for_tests().await?;
        SWEPT.get_or_try_init(|| sweep::sweep(server.url(), LOCK)).await?;
        self.database_on(server).await
    }

    /// The same on `server`.
    pub async fn database_on(&self, server: TestServer) -> Result<TestDatabase, TemplateError> {
        let mut admin = PgConnection::connect(server.url()).await?;
        let name = format!("t_{}", Uuid::now_v7().simple());
        match clone(&mut admin, &name, &self.name).await {
            Err(error) if is_missing_database(&error) => {
                self.build(&server, &mut admin).await?;
                clone(&mut admin, &name, &self.name).await?;
            }
            cloned => cloned?,
        }
        admin.close().await?;
        Ok(TestDatabase::new(server, name)?)
    }

    /// Builds the template unless another process has built it meanwhile. It gets its name when it is whole.
    async fn build(&self, server: &TestServer, admin: &mut PgConnection) -> Result<(), TemplateError> {
        sqlx::query("SELECT pg_advisory_lock($1)")
            .bind(LOCK)
            .execute(&mut *admin)
            .await?;
        let built = self.build_locked(server, admin).await;
        sqlx::query("SELECT pg_advisory_unlock($1)")
            .bind(LOCK)
            .execute(&mut *admin)
            .await?;
        built
    }

    async fn build_locked(&self, server: &TestServer, admin: &mut PgConnection) -> Result<(), TemplateError> {
        let exists = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
        if sqlx::query_scalar(exists)
            .bind(&self.name)
            .fetch_one(&mut *admin)
            .await?
        {
            return Ok(());
        }
        let started = std::time::Instant::now();
        let unfinished = format!("{}_unfinished", self.name);
        let quoted = identifier(&unfinished);
        execute(admin, format!("DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")).await?;
        execute(admin, format!("CREATE DATABASE {quoted} TEMPLATE template0")).await?;
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect(&server.database_url(&unfinished)?)
            .await?;
        let migrated = migrate(&pool, &self.services).await;
        pool.close().await;
        migrated?;
        let name = identifier(&self.name);
        let now = chrono::Utc::now().timestamp();
        execute(
            admin,
            format!("COMMENT ON DATABASE {quoted} IS {}", literal(&now.to_string())),
        )
        .await?;
        execute(
            admin,
            format!("ALTER DATABASE {quoted} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false"),
        )
        .await?;
        execute(admin, format!("ALTER DATABASE {quoted} RENAME TO {name}")).await?;
        tracing::info!(
            template = self.name,
            milliseconds = started.elapsed().as_millis(),
            "template built"
        );
        Ok(())
    }
}

/// Copying files instead of writing the log: with fsync off it is the faster of the two.
async fn clone(admin: &mut PgConnection, name: &str, template: &str) -> Result<(), sqlx::Error> {
    let (name, template) = (identifier(name), identifier(template));
    execute(
        admin,
        format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"),
    )
    .await
}

async fn execute(admin: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(admin).await?;
    Ok(())
}

/// SQLSTATE 3D000, `invalid_catalog_name`.
fn is_missing_database(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.code().as_deref() == Some("3D000"))
}

fn name(services: &[(Schema, &'static Migrator)]) -> String {
    let mut hash = Sha256::new();
    for (schema, migrator) in services {
        hash.update(schema.name());
        for migration in migrator.iter() {
            hash.update(migration.version.to_be_bytes());
            hash.update(&migration.checksum);
        }
    }
    let start = hash
        .finalize()
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("tpl_{start:016x}")
}
