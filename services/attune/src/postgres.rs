//! The database a command works in: a fresh one on the server it was given, or on one it starts itself.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use attune_database::embedded::{Options, Server};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};

/// Fresh databases that a killed command left are removed after this time.
const ABANDONED_AFTER: u64 = 600;

/// A database of the command's own.
#[derive(Debug)]
pub(crate) struct Fresh {
    name: String,
    admin_url: String,
    url: String,
    server: Option<Server>,
}

impl Fresh {
    /// An empty database `attune_<purpose>_…` on the server behind `given`, or on the embedded one.
    pub(crate) async fn create(purpose: &str, given: Option<&str>) -> anyhow::Result<Self> {
        let server = match given {
            Some(_) => None,
            None => Some(Server::start(Options::in_state_directory()?).await?),
        };
        let admin_url = match (&server, given) {
            (Some(server), _) => server.url(),
            (None, url) => url.unwrap_or_default().to_owned(),
        };
        let prefix = format!("attune_{purpose}_");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!(
            "{prefix}{}_{:x}",
            now.as_secs(),
            now.subsec_nanos() ^ std::process::id()
        );
        let mut admin = connect(&admin_url).await?;
        sweep(&mut admin, &prefix, now.as_secs()).await;
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE \"{name}\"")))
            .execute(&mut admin)
            .await
            .context("cannot create a database; the login needs CREATEDB, CREATEROLE and membership in what it makes")?;
        admin.close().await?;
        let url = with_database(&admin_url, &name);
        Ok(Self {
            name,
            admin_url,
            url,
            server,
        })
    }

    /// Its URL, with the login that made it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether the server was started for it.
    pub(crate) fn is_embedded(&self) -> bool {
        self.server.is_some()
    }

    /// A pool of a few connections as the login that made it.
    pub(crate) async fn pool(&self) -> anyhow::Result<PgPool> {
        pool(&self.url).await
    }

    /// Removes the database, and stops the server if it was started for it.
    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        let mut admin = connect(&self.admin_url).await?;
        let dropped = drop_database(&mut admin, &self.name).await;
        admin.close().await?;
        if let Some(server) = self.server {
            server.stop().await?;
        }
        dropped.with_context(|| format!("cannot drop the database {}; drop it by hand", self.name))
    }
}

/// The embedded server with its lasting database `attune`, made when missing.
pub(crate) async fn lasting() -> anyhow::Result<(Server, String)> {
    const NAME: &str = "attune";
    let server = Server::start(Options::in_state_directory()?).await?;
    let mut admin = connect(&server.url()).await?;
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(NAME)
        .fetch_one(&mut admin)
        .await?;
    if !there {
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE \"{NAME}\"")))
            .execute(&mut admin)
            .await?;
    }
    admin.close().await?;
    let url = with_database(&server.url(), NAME);
    Ok((server, url))
}

/// A pool of a few connections.
pub(crate) async fn pool(url: &str) -> anyhow::Result<PgPool> {
    let pool = PgPoolOptions::new().max_connections(2).connect(url).await;
    pool.context(
        "cannot reach Postgres; check the URL in DATABASE_URL, or leave it out to use an embedded one",
    )
}

async fn connect(url: &str) -> anyhow::Result<PgConnection> {
    PgConnection::connect(url).await.context(
        "cannot reach Postgres; check the URL in DATABASE_URL, or leave it out to use an embedded one",
    )
}

/// Removes what earlier runs left. Whatever cannot be removed now is tried by a later run.
async fn sweep(admin: &mut PgConnection, prefix: &str, now: u64) {
    const LEFT: &str = "SELECT datname::text FROM pg_database AS d WHERE starts_with(datname, $1)
                        AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datname = d.datname)";
    let names: Vec<String> = sqlx::query_scalar(LEFT)
        .bind(prefix)
        .fetch_all(&mut *admin)
        .await
        .unwrap_or_default();
    for name in names {
        let made = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('_').next()?.parse::<u64>().ok());
        if made.is_some_and(|made| made + ABANDONED_AFTER < now)
            && let Err(error) = drop_database(admin, &name).await
        {
            tracing::debug!(name, %error, "an abandoned database stays");
        }
    }
}

async fn drop_database(admin: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let statement = AssertSqlSafe(format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"));
    sqlx::raw_sql(statement).execute(admin).await.map(|_| ())
}

/// The same server, another database.
fn with_database(url: &str, name: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = url.split_at(start);
    let (place, parameters) = match rest.split_once('?') {
        Some((place, parameters)) => (place, format!("?{parameters}")),
        None => (rest, String::new()),
    };
    let authority = place.split('/').next().unwrap_or_default();
    format!("{scheme}{authority}/{name}{parameters}")
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_of_a_url_is_exchanged() {
        for (url, wanted) in [
            (
                "postgres://a:b@host:5432/postgres?host=%2Ftmp&port=1",
                "postgres://a:b@host:5432/x?host=%2Ftmp&port=1",
            ),
            ("postgres://a@host/one", "postgres://a@host/x"),
            ("postgresql://host", "postgresql://host/x"),
        ] {
            assert_eq!(with_database(url, "x"), wanted);
        }
    }
}
