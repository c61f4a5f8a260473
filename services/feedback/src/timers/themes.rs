//! Putting texts into themes, once an hour for a tenant that has any.

use std::time::Duration;

use async_trait::async_trait;
use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_timers::{Leased, Work};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::commands;

const KIND: &str = "feedback.themes";
/// A tenant has one timer of this kind; it is about nothing smaller.
const SUBJECT: Uuid = Uuid::nil();

/// Sets the tenant's next step, in the place of the one that was set.
pub(crate) async fn schedule(tx: &mut Tx, due_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    attune_timers::schedule(tx, KIND, SUBJECT, due_at).await
}

/// Puts texts into themes under a lease: it takes a second of a core at most, which no transaction waits for.
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    db: Database,
}

impl Gather {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}

#[async_trait]
impl Work for Gather {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// One tenant at a time: its themes and texts are in memory.
    fn batch(&self) -> u16 {
        1
    }

    fn lease(&self) -> Duration {
        Duration::from_mins(1)
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        for leased in due {
            commands::theme::gather(&self.db, tenant, leased).await?;
        }
        Ok(())
    }
}
