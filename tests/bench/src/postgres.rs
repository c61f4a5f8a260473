//! The run's own Postgres, durable as in production, and the tools that come with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use attune_database::Schema;
use attune_database::embedded::{Options, Server};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool};
use tokio::process::Command;

use crate::cpu;

/// The database in which others are made and renamed.
pub(crate) const MAINTENANCE: &str = "postgres";
/// The database of the platform.
pub(crate) const OURS: &str = "attune";
/// The same tables without the platform, for those that it is compared with.
pub(crate) const PARTNER: &str = "partner";

const MAX_CONNECTIONS: u32 = 400;

/// Each by itself: no setting is changed inside a transaction.
const ACCOUNT: [&str; 3] = [
    "CREATE EXTENSION pg_stat_statements",
    "ALTER SYSTEM SET pg_stat_statements.track_planning = on",
    "SELECT pg_reload_conf()",
];

const COSTLIEST: &str = "
    SELECT calls, plans, total_plan_time AS planning, total_exec_time AS working, query AS statement
    FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'
    ORDER BY total_plan_time + total_exec_time DESC LIMIT 25";

/// A statement and what it cost, in milliseconds.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Costly {
    calls: i64,
    plans: i64,
    planning: f64,
    working: f64,
    statement: String,
}

impl std::fmt::Display for Costly {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.statement.split_whitespace().collect();
        let statement: String = words.join(" ").chars().take(SHOWN).collect();
        let Self {
            calls,
            plans,
            planning,
            working,
            statement: _,
        } = self;
        write!(
            formatter,
            "{working:9.1} ms in {calls:6} calls, {planning:8.1} ms in {plans:6} plans  {statement}"
        )
    }
}

/// Of a statement, in characters.
const SHOWN: usize = 100;

/// The server of one run.
#[derive(Debug)]
pub(crate) struct Postgres {
    server: Server,
    /// Its first process, whose children are the backends.
    pub(crate) postmaster: u32,
    /// Where its tools are.
    binaries: PathBuf,
    pub(crate) version: String,
    socket: String,
    port: String,
    /// Whether it keeps account of its statements.
    profiled: bool,
}

impl Postgres {
    /// Starts it in `folder` with fsync on and as distributions ship it, but that it remembers when each transaction
    /// committed: whoever asked again and again whether an effect is there would be part of what it waits for. Where
    /// it is to be `profiled` it also keeps account of its statements, which costs some percent.
    pub(crate) async fn start(folder: &Path, profiled: bool) -> anyhow::Result<Self> {
        let options = Options {
            max_connections: MAX_CONNECTIONS,
            ..Options::at(folder)
        };
        let server = Server::start(options.clone()).await?;
        let mut connection = PgConnection::connect(&server.url()).await?;
        sqlx::raw_sql("ALTER SYSTEM SET track_commit_timestamp = on")
            .execute(&mut connection)
            .await?;
        if profiled {
            sqlx::raw_sql("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
                .execute(&mut connection)
                .await?;
        }
        connection.close().await?;
        server.stop().await?;
        let server = Server::start(options).await?;
        let mut connection = PgConnection::connect(&server.url()).await?;
        for statement in ACCOUNT.into_iter().filter(|_| profiled) {
            sqlx::raw_sql(statement).execute(&mut connection).await?;
        }
        let (backend, version, socket, port): (i32, String, String, String) = sqlx::query_as(
            "SELECT pg_backend_pid(), current_setting('server_version'),
                    split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port')",
        )
        .fetch_one(&mut connection)
        .await?;
        let postmaster = cpu::parent(u32::try_from(backend)?).context("this needs Linux's /proc")?;
        let program = std::fs::read_link(format!("/proc/{postmaster}/exe"))?;
        connection.close().await?;
        Ok(Self {
            server,
            postmaster,
            binaries: program.parent().unwrap_or(Path::new("/")).to_owned(),
            version: format!("PostgreSQL {version}"),
            socket,
            port,
            profiled,
        })
    }

    /// The administrator's URL of `database`.
    pub(crate) fn url(&self, database: &str) -> anyhow::Result<String> {
        url_of(&self.server.url(), database)
    }

    /// The administrator's URL of `database` as libpq and what follows it read it.
    pub(crate) fn libpq_url(&self, database: &str) -> String {
        format!(
            "postgres://postgres@/{database}?host={}&port={}",
            self.socket.replace('/', "%2F"),
            self.port
        )
    }

    /// The URL of `database` for the service that owns `schema`.
    pub(crate) fn service_url(&self, schema: Schema, database: &str) -> anyhow::Result<String> {
        url_of(&self.server.service_url(schema), database)
    }

    /// A pool of the administrator's on `database`.
    pub(crate) async fn pool(&self, database: &str, connections: u32) -> anyhow::Result<PgPool> {
        let url = self.url(database)?;
        let options = PgPoolOptions::new().max_connections(connections);
        Ok(options.connect(&url).await?)
    }

    /// Runs statements in `database`.
    pub(crate) async fn run(&self, database: &str, statements: &str) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.url(database)?).await?;
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(())
    }

    /// Writes what is dirty, so that no run pays for the one before it.
    pub(crate) async fn checkpoint(&self) -> anyhow::Result<()> {
        self.run(MAINTENANCE, "CHECKPOINT").await
    }

    /// What it has worked on most since it was asked last; nothing where no account is kept.
    pub(crate) async fn costliest(&self) -> anyhow::Result<Vec<Costly>> {
        if !self.profiled {
            return Ok(Vec::new());
        }
        let mut connection = PgConnection::connect(&self.server.url()).await?;
        let costliest = sqlx::query_as(COSTLIEST).fetch_all(&mut connection).await?;
        sqlx::raw_sql("SELECT pg_stat_statements_reset()")
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(costliest)
    }

    /// Stops it.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        Ok(self.server.stop().await?)
    }

    /// Runs `script` in `database` from `clients` connections for `timed`, prepared, and answers its
    /// transactions a second without the time to connect.
    pub(crate) async fn pgbench(
        &self,
        database: &str,
        script: &Path,
        clients: usize,
        timed: Duration,
    ) -> anyhow::Result<f64> {
        let seconds = timed.as_secs_f64().ceil().max(1.0);
        let output = Command::new(self.binaries.join("pgbench"))
            .args(["--no-vacuum", "--protocol=prepared", "--username=postgres"])
            .args(["--host", &self.socket, "--port", &self.port])
            .args([
                "--client",
                &clients.to_string(),
                "--jobs",
                &clients.min(2).to_string(),
            ])
            .args(["--time", &seconds.to_string()])
            .arg("--file")
            .arg(script)
            .arg(database)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("pgbench is not in {}", self.binaries.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let failures = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("pgbench: {failures}");
        }
        rate_in(&text).with_context(|| format!("pgbench said no rate: {text}{failures}"))
    }
}

/// The line `tps = 1234.5 (without initial connection time)`.
fn rate_in(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("tps = "))?;
    line.split_whitespace().nth(2)?.parse().ok()
}

fn url_of(url: &str, database: &str) -> anyhow::Result<String> {
    let options: PgConnectOptions = url.parse()?;
    Ok(options.database(database).to_url_lossy().into())
}

#[cfg(test)]
mod tests {
    use super::rate_in;

    #[test]
    fn the_rate_is_read_where_pgbench_says_it() {
        let said = "latency average = 1.2 ms\ninitial connection time = 9.0 ms\n\
                    tps = 8312.5 (without initial connection time)\n";
        assert_eq!(rate_in(said), Some(8312.5));
        assert_eq!(rate_in("nothing"), None);
    }
}
