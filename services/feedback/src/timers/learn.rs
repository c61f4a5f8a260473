//! Learning from rated answers, once a day for a tenant that has any.

use std::time::Duration;

use async_trait::async_trait;
use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_timers::{Leased, Work};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::analysis::Engines;
use crate::commands;

const KIND: &str = "feedback.learn";
/// A tenant has one timer of this kind; it is about nothing smaller.
const SUBJECT: Uuid = Uuid::nil();

/// Sets the tenant's next attempt, in the place of the one that was set.
pub(crate) async fn schedule(tx: &mut Tx, due_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    attune_timers::schedule(tx, KIND, SUBJECT, due_at).await
}

/// Learns under a lease: it takes seconds of a core, which no transaction waits for.
#[derive(Clone, Debug)]
pub(crate) struct Learn {
    db: Database,
    engines: Engines,
}

impl Learn {
    pub(crate) fn new(db: Database, engines: Engines) -> Self {
        Self { db, engines }
    }
}

#[async_trait]
impl Work for Learn {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// One tenant at a time: its texts are in memory.
    fn batch(&self) -> u16 {
        1
    }

    fn concurrency(&self) -> usize {
        1
    }

    fn lease(&self) -> Duration {
        Duration::from_mins(5)
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        for leased in due {
            commands::learning::learn(&self.db, &self.engines, tenant, leased).await?;
        }
        Ok(())
    }
}
