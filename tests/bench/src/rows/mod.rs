//! The rows of the table.

mod answers;
pub(crate) mod bulk;
pub(crate) mod detection;
pub(crate) mod dispatch;
pub(crate) mod events;
pub(crate) mod growth;
mod initiative;
pub(crate) mod metric;
pub(crate) mod read;
pub(crate) mod rest;
mod statements;
pub(crate) mod telling;
pub(crate) mod trace;
pub(crate) mod verdict;
pub(crate) mod whole_loop;
pub(crate) mod write;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::bail;
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::cpu::{self, Cpu};
use crate::measure::{Sample, Side};
use crate::postgres::{OURS, PARTNER};
use crate::stage::Stage;

/// How long the platform may take to number what was told.
const PATIENCE: Duration = Duration::from_mins(2);

/// pgbench with a script of its own.
pub(crate) struct Pgbench<'a> {
    stage: &'a Stage,
    database: &'static str,
    name: String,
    script: PathBuf,
    clients: usize,
}

impl<'a> Pgbench<'a> {
    /// `name` stands in the table; `script` is written to a file of the run.
    pub(crate) fn new(
        stage: &'a Stage,
        database: &'static str,
        name: &str,
        script: &str,
        clients: usize,
    ) -> anyhow::Result<Self> {
        let file = format!("{}.sql", uuid::Uuid::new_v4().simple());
        let path = stage.folder().join(file);
        std::fs::write(&path, script)?;
        Ok(Self {
            stage,
            database,
            name: name.to_owned(),
            script: path,
            clients,
        })
    }
}

#[async_trait]
impl Side for Pgbench<'_> {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let (before, own) = (self.stage.cpu(), cpu::ended_children());
        let postgres = &self.stage.postgres;
        let value = postgres
            .pgbench(self.database, &self.script, self.clients, timed)
            .await?;
        let cpu = self.stage.cpu().since(before);
        Ok(Sample {
            value,
            latencies: None,
            cpu: Cpu {
                generator: 0.0,
                servers: cpu::ended_children() - own,
                ..cpu
            },
        })
    }
}

/// The services with an outbox that rows fill.
const TELLING: [&str; 2] = ["interactions", "feedback"];

/// Whether a service that runs has told something that has no position in its feed yet; one that does not run numbers
/// nothing, however long it is waited for.
pub(crate) async fn told_and_not_numbered(
    stage: &Stage,
    connection: &mut PgConnection,
) -> sqlx::Result<bool> {
    for service in TELLING {
        let select = format!("SELECT EXISTS (SELECT FROM {service}.outbox)");
        let select = sqlx::query_scalar(AssertSqlSafe(select));
        if stage.runs(service) && select.fetch_one(&mut *connection).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Says what Postgres has worked on most since it was asked last, where it keeps account of that.
pub(crate) async fn tell_costliest(stage: &Stage) -> anyhow::Result<()> {
    let costliest = stage.postgres.costliest().await?;
    if !costliest.is_empty() {
        let mut out = std::io::stderr().lock();
        writeln!(out, "Postgres worked most on:")?;
        for statement in costliest {
            writeln!(out, "{statement}")?;
        }
    }
    Ok(())
}

/// Waits until everything told is numbered, takes the statistics that autovacuum takes within a minute (what was planned
/// for an empty table is planned again then), and writes what is dirty: no run pays for another.
pub(crate) async fn calm(stage: &Stage) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(&stage.postgres.url(OURS)?).await?;
    let end = Instant::now() + PATIENCE;
    while told_and_not_numbered(stage, &mut connection).await? {
        if Instant::now() > end {
            bail!("events are not numbered within {PATIENCE:?}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    connection.close().await?;
    tell_costliest(stage).await?;
    for database in [OURS, PARTNER] {
        stage.postgres.run(database, "ANALYZE").await?;
    }
    stage.postgres.checkpoint().await?;
    // What was done to come here is nobody's.
    stage.postgres.costliest().await?;
    Ok(())
}
