//! The numbers of goals that are due.

use std::sync::Arc;

use async_trait::async_trait;
use attune_database::Database;
use attune_rpc::TenantId;
use attune_timers::{Leased, Work};

use crate::commands::progress;
use crate::source::SeriesSource;

/// Records the numbers of goals. The feedback service is asked while the timer is leased; the number and everything
/// that follows from it are stored in one transaction, with the end of the timer. While the feedback service does
/// not answer, the timer stays and comes again, and asks for the same window.
#[derive(Clone, Debug)]
pub(crate) struct Goals {
    db: Database,
    source: Arc<dyn SeriesSource>,
}

impl Goals {
    pub(crate) fn new(db: Database, source: Arc<dyn SeriesSource>) -> Self {
        Self { db, source }
    }

    async fn record(&self, tenant: &TenantId, leased: &Leased) -> anyhow::Result<()> {
        let goal_id = leased.timer.subject;
        let measured = progress::measure(&self.db, &*self.source, tenant, goal_id).await?;
        let mut tx = self.db.system(tenant).await?;
        progress::hold(&mut tx, goal_id).await?;
        leased.finish(&mut tx).await?;
        progress::record(&mut tx, goal_id, measured).await?;
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Work for Goals {
    fn kind(&self) -> &'static str {
        progress::GOAL
    }

    fn batch(&self) -> u16 {
        // Each may wait for the feedback service, and all of them must end within the lease.
        3
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        let mut failure = None;
        for leased in due {
            if let Err(error) = self.record(tenant, leased).await {
                tracing::warn!(goal_id = %leased.timer.subject, %error, "a number was not recorded");
                failure = Some(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }
}
