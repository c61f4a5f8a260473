//! Verdicts that are stated again.

use std::sync::Arc;

use async_trait::async_trait;
use attune_database::Database;
use attune_rpc::TenantId;
use attune_timers::{Leased, Work};

use crate::commands::{evaluation, restatement};
use crate::source::SeriesSource;

/// States verdicts again when their feedback may have arrived late. The feedback service is asked while the timer is
/// leased; the statement is stored in one transaction with the end of the timer. While the feedback service does not
/// answer, the timer stays and comes again.
#[derive(Clone, Debug)]
pub(crate) struct Restatements {
    db: Database,
    source: Arc<dyn SeriesSource>,
}

impl Restatements {
    pub(crate) fn new(db: Database, source: Arc<dyn SeriesSource>) -> Self {
        Self { db, source }
    }

    async fn restate(&self, tenant: &TenantId, leased: &Leased) -> anyhow::Result<()> {
        let initiative_id = leased.timer.subject;
        let again = restatement::judge_again(&self.db, &*self.source, tenant, initiative_id).await?;
        let mut tx = self.db.system(tenant).await?;
        evaluation::hold(&mut tx, initiative_id).await?;
        leased.finish(&mut tx).await?;
        for (look, judgement) in &again {
            restatement::state(&mut tx, look, judgement).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Work for Restatements {
    fn kind(&self) -> &'static str {
        restatement::RESTATEMENT
    }

    fn batch(&self) -> u16 {
        // Each may wait for the feedback service, and all of them must end within the lease.
        3
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        let mut failure = None;
        for leased in due {
            if let Err(error) = self.restate(tenant, leased).await {
                tracing::warn!(initiative_id = %leased.timer.subject, %error, "a verdict was not stated again");
                failure = Some(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }
}
