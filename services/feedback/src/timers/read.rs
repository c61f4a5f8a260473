//! Understanding what was heard, where an outside engine is asked.

use std::time::Duration;

use async_trait::async_trait;
use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_timers::{Leased, Work};
use uuid::Uuid;

use crate::analysis::Reader;
use crate::commands;

const KIND: &str = "feedback.read";

/// Sets the timers of interactions that wait to be understood, due at once.
pub(crate) async fn schedule(tx: &mut Tx, interactions: &[Uuid]) -> Result<(), sqlx::Error> {
    let now = tx.now();
    let timers: Vec<_> = interactions.iter().map(|&id| (id, now)).collect();
    attune_timers::schedule_many(tx, KIND, &timers).await
}

/// Understands and records under a lease.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    db: Database,
    reader: Reader,
}

impl Read {
    pub(crate) fn new(db: Database, reader: Reader) -> Self {
        Self { db, reader }
    }
}

#[async_trait]
impl Work for Read {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// What one request to the engine may hold.
    fn batch(&self) -> u16 {
        200
    }

    fn lease(&self) -> Duration {
        Duration::from_mins(1)
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        commands::heard::read(&self.db, &self.reader, tenant, due).await?;
        Ok(())
    }
}
