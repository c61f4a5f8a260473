//! Roles, schemas and migrations of the services that share a database.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};

use crate::Schema;
use crate::schema::{identifier, literal};

/// The oldest Postgres the platform runs on, as `server_version_num` has it.
const OLDEST_VERSION: i32 = 150_000;

/// Why a database could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The server is too old.
    #[error("this is Postgres {found}; the platform needs 15 or newer")]
    TooOld {
        /// The server's version as it says it.
        found: String,
    },
    /// The role or the schema could not be made: the login needs CREATEROLE and CREATE on the database.
    #[error("cannot prepare the schema {schema}: {source}")]
    Prepare {
        /// The schema.
        schema: Schema,
        /// What the server answered.
        source: sqlx::Error,
    },
    /// A migration failed, or one that ran before has another text now.
    #[error("cannot migrate the schema {schema}: {source}")]
    Migrate {
        /// The schema.
        schema: Schema,
        /// What failed.
        source: MigrateError,
    },
    /// The server could not be asked.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Brings every schema up to date: its role `attune_<schema>`, the schema owned by that role, then the
/// migrations run as that role. Safe to run at every start and by several replicas at once.
///
/// `admin` is a superuser or a role with CREATEROLE that may create schemas in this database.
pub async fn migrate(admin: &PgPool, services: &[(Schema, &'static Migrator)]) -> Result<(), MigrationError> {
    check_version(admin).await?;
    for (schema, migrator) in services {
        prepare(admin, *schema)
            .await
            .map_err(|source| MigrationError::Prepare {
                schema: *schema,
                source,
            })?;
        run(admin, *schema, migrator).await?;
    }
    Ok(())
}

async fn check_version(admin: &PgPool) -> Result<(), MigrationError> {
    let (number, found): (i32, String) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version')",
    )
    .fetch_one(admin)
    .await?;
    if number < OLDEST_VERSION {
        Err(MigrationError::TooOld { found })
    } else {
        Ok(())
    }
}

/// Makes the role and the schema. Roles belong to the whole server, so two databases may make the same one
/// at the same moment; the loser finds it made.
async fn prepare(admin: &PgPool, schema: Schema) -> Result<(), sqlx::Error> {
    let role = identifier(&schema.role());
    let role_name = literal(&schema.role());
    let name = identifier(schema.name());
    let statement = format!(
        "DO $do$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {role_name}) THEN
                BEGIN
                    CREATE ROLE {role} LOGIN;
                EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
                END;
            END IF;
            IF NOT pg_has_role(current_user, {role_name}, 'USAGE') THEN
                GRANT {role} TO CURRENT_USER;
            END IF;
            PERFORM pg_advisory_xact_lock(hashtextextended({role_name}, 0));
            IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = {schema_name}) THEN
                CREATE SCHEMA {name} AUTHORIZATION {role};
            END IF;
        END $do$",
        schema_name = literal(schema.name()),
    );
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(admin).await?;
    Ok(())
}

/// Runs the migrations as the role, over a connection of their own: a role taken on must not find its way
/// back into the administrator's pool.
async fn run(admin: &PgPool, schema: Schema, migrator: &Migrator) -> Result<(), MigrationError> {
    let failed = |source| MigrationError::Migrate { schema, source };
    let take_role = format!("SET ROLE {}", identifier(&schema.role()));
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .after_connect(move |connection, _| {
            let take_role = AssertSqlSafe(take_role.clone());
            Box::pin(async move { sqlx::raw_sql(take_role).execute(connection).await.map(|_| ()) })
        })
        .connect_with((*admin.connect_options()).clone())
        .await
        .map_err(|source| MigrationError::Prepare { schema, source })?;
    let outcome = without_schemas(migrator).run(&pool).await.map_err(failed);
    pool.close().await;
    outcome
}

/// The migrator without its `CREATE SCHEMA IF NOT EXISTS`, which Postgres refuses to a role that may not
/// create schemas, even where the schema exists.
fn without_schemas(migrator: &Migrator) -> Migrator {
    Migrator {
        migrations: Cow::Owned(migrator.migrations.to_vec()),
        ignore_missing: migrator.ignore_missing,
        locking: migrator.locking,
        no_tx: migrator.no_tx,
        table_name: migrator.table_name.clone(),
        create_schemas: Cow::Borrowed(&[]),
    }
}
