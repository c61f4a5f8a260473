//! Statements of SQL, one after the other on one connection.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, PgPool};

use super::calm;
use crate::measure::{Sample, Side};
use crate::stage::Stage;

/// Runs its statements and reads their rows, as often as it fits into the time and once at least.
pub(super) struct Statements<'a> {
    stage: &'a Stage,
    pool: PgPool,
    name: &'static str,
    statements: Vec<String>,
}

impl<'a> Statements<'a> {
    /// `name` stands in the table; the administrator's connection is to `database`.
    pub(super) async fn new(
        stage: &'a Stage,
        database: &str,
        name: &'static str,
        statements: Vec<String>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            stage,
            pool: stage.postgres.pool(database, 1).await?,
            name,
            statements,
        })
    }
}

#[async_trait]
impl Side for Statements<'_> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await
    }

    /// The median time of one round of all statements.
    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let (before, end) = (self.stage.cpu(), Instant::now() + timed);
        let mut rounds = Vec::new();
        while rounds.is_empty() || Instant::now() < end {
            let asked = Instant::now();
            for statement in &self.statements {
                sqlx::query(AssertSqlSafe(statement.as_str()))
                    .fetch_all(&self.pool)
                    .await?;
            }
            rounds.push(asked.elapsed());
        }
        Ok(Sample::median_of(rounds, self.stage.cpu().since(before)))
    }
}
