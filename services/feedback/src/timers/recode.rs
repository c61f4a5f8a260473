//! Coding history, a part at a time.

use std::time::Duration;

use async_trait::async_trait;
use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_timers::{Leased, Work};
use uuid::Uuid;

use crate::analysis::Reader;
use crate::commands;

const KIND: &str = "feedback.recode";

/// Sets the next step of a recoding, due at once.
pub(crate) async fn schedule(tx: &mut Tx, recoding_id: Uuid) -> Result<(), sqlx::Error> {
    let now = tx.now();
    attune_timers::schedule(tx, KIND, recoding_id, now).await
}

/// Goes on with recodings under a lease: understanding a part takes a second of a core, or an outside engine.
#[derive(Clone, Debug)]
pub(crate) struct Recode {
    db: Database,
    reader: Reader,
}

impl Recode {
    pub(crate) fn new(db: Database, reader: Reader) -> Self {
        Self { db, reader }
    }
}

#[async_trait]
impl Work for Recode {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// A tenant has one at a time; its texts are in memory.
    fn batch(&self) -> u16 {
        1
    }

    /// What is said now is not to wait for what was said once.
    fn concurrency(&self) -> usize {
        1
    }

    fn lease(&self) -> Duration {
        Duration::from_mins(2)
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        for leased in due {
            commands::recoding::step(&self.db, &self.reader, tenant, leased).await?;
        }
        Ok(())
    }
}
