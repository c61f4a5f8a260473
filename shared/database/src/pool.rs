//! The pool of one service.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};

use crate::Schema;
use crate::schema::identifier;

/// How a service uses its connections.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// Most connections at once. A few per core of the database are enough: eight were as fast as thirty-two
    /// on two cores.
    pub max_connections: u32,
    /// Connections kept open when idle.
    pub min_connections: u32,
    /// How long a request waits for a connection before it is told that the service is overloaded.
    pub acquire_timeout: Duration,
    /// How long one statement may run on the server. Below the deadline of a call, because a caller that
    /// goes away does not stop its statement.
    pub statement_timeout: Duration,
    /// How long a transaction may stand idle before the server ends it: one left open holds back vacuum
    /// for every table.
    pub idle_in_transaction_timeout: Duration,
    /// How long an unused connection stays open.
    pub idle_timeout: Duration,
    /// Age at which a connection is replaced, so that load follows a fail-over.
    pub max_lifetime: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 8,
            min_connections: 0,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            idle_in_transaction_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(10),
            max_lifetime: Duration::from_mins(30),
        }
    }
}

/// Opens the pool of the service that owns `schema`, and one connection at once so that a wrong `url`
/// fails here.
///
/// Where `url` logs in as the schema's role, that is all; any other login must be a member of it (or a
/// superuser), and every connection takes on the role before its first use.
pub async fn connect(url: &str, schema: Schema, settings: PoolSettings) -> Result<PgPool, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let options = options.application_name(&schema.role());
    let preamble = preamble(&options, schema, &settings);
    PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .min_connections(settings.min_connections)
        .acquire_timeout(settings.acquire_timeout)
        .idle_timeout(settings.idle_timeout)
        .max_lifetime(settings.max_lifetime)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let preamble = AssertSqlSafe(preamble.clone());
            Box::pin(async move { sqlx::raw_sql(preamble).execute(connection).await.map(|_| ()) })
        })
        .connect_with(options)
        .await
}

/// Sent once per connection, as statements and not as start-up options, which poolers refuse.
fn preamble(options: &PgConnectOptions, schema: Schema, settings: &PoolSettings) -> String {
    let role = if options.get_username() == schema.role() {
        String::new()
    } else {
        format!("SET ROLE {}; ", identifier(&schema.role()))
    };
    format!(
        "{role}SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}; SET TimeZone = 'UTC'; {PLANS}",
        settings.statement_timeout.as_millis(),
        settings.idle_in_transaction_timeout.as_millis(),
    )
}

/// A connection keeps its plans, those of foreign keys included, and what was planned while a table had three rows
/// reads all of it for as long as nobody analyses it: the mentions of a batch of feedback took 95 ms for that. Every
/// statement of a service has its index, so scanning is for those alone that have no other way; and because that way
/// is made to look dear, nothing may be compiled for it. Which of several indexes was taken for an empty table is
/// another matter, and is mended by the first ANALYZE.
const PLANS: &str = "SET enable_seqscan = off; SET jit = off";

#[cfg(test)]
mod tests {
    use super::*;

    fn preamble_for(url: &str) -> String {
        preamble(
            &url.parse().unwrap(),
            Schema("profiles"),
            &PoolSettings::default(),
        )
    }

    #[test]
    fn a_login_that_is_not_the_role_takes_it_on() {
        assert!(preamble_for("postgres://admin@db/attune").starts_with(r#"SET ROLE "attune_profiles""#));
    }

    #[test]
    fn the_role_itself_does_not_change_role() {
        assert!(!preamble_for("postgres://attune_profiles@db/attune").contains("ROLE"));
    }
}
