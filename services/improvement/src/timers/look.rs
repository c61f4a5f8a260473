//! The looks of measurement plans.

use std::sync::Arc;

use async_trait::async_trait;
use attune_database::Database;
use attune_rpc::TenantId;
use attune_timers::{Leased, Work};

use crate::commands::evaluation;
use crate::source::SeriesSource;

/// Judges iterations when a look is due. The feedback service is asked while the timer is leased; the judgement
/// and everything that follows from it are stored in one transaction, with the end of the timer. While the
/// feedback service does not answer, the timer stays and comes again.
#[derive(Clone, Debug)]
pub(crate) struct Looks {
    db: Database,
    source: Arc<dyn SeriesSource>,
}

impl Looks {
    pub(crate) fn new(db: Database, source: Arc<dyn SeriesSource>) -> Self {
        Self { db, source }
    }

    async fn look(&self, tenant: &TenantId, leased: &Leased) -> anyhow::Result<()> {
        let judged = evaluation::evaluate(&self.db, &*self.source, tenant, leased.timer.subject).await?;
        let mut tx = self.db.system(tenant).await?;
        evaluation::hold(&mut tx, leased.timer.subject).await?;
        leased.finish(&mut tx).await?;
        match &judged {
            Some((look, judgement)) => evaluation::conclude(&mut tx, look, judgement).await?,
            None => evaluation::reschedule(&mut tx, leased.timer.subject).await?,
        }
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Work for Looks {
    fn kind(&self) -> &'static str {
        evaluation::LOOK
    }

    fn batch(&self) -> u16 {
        // Each may wait for the feedback service, and all of them must end within the lease.
        3
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        let mut failure = None;
        for leased in due {
            if let Err(error) = self.look(tenant, leased).await {
                tracing::warn!(initiative_id = %leased.timer.subject, %error, "a look was not taken");
                failure = Some(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }
}
