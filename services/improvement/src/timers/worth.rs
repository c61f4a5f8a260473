//! What initiatives are worth, stated anew.

use std::sync::Arc;

use async_trait::async_trait;
use attune_database::Database;
use attune_rpc::TenantId;
use attune_timers::{Leased, Work};

use crate::commands::worth;
use crate::source::SeriesSource;

/// States anew what an initiative is worth when something it rests on may have changed. The feedback service is asked
/// while the timer is leased; the statement is stored in one transaction with the end of the timer. While the feedback
/// service does not answer, the timer stays and comes again.
#[derive(Clone, Debug)]
pub(crate) struct Worths {
    db: Database,
    source: Arc<dyn SeriesSource>,
}

impl Worths {
    pub(crate) fn new(db: Database, source: Arc<dyn SeriesSource>) -> Self {
        Self { db, source }
    }

    async fn state(&self, tenant: &TenantId, leased: &Leased) -> anyhow::Result<()> {
        let initiative_id = leased.timer.subject;
        let appraisal = worth::appraise_anew(&self.db, &*self.source, tenant, initiative_id).await?;
        let mut tx = self.db.system(tenant).await?;
        worth::hold(&mut tx, initiative_id).await?;
        leased.finish(&mut tx).await?;
        if let Some(appraisal) = appraisal {
            worth::state_anew(&mut tx, initiative_id, appraisal).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Work for Worths {
    fn kind(&self) -> &'static str {
        worth::WORTH
    }

    fn batch(&self) -> u16 {
        // Each may wait for the feedback service, and all of them must end within the lease.
        3
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        let mut failure = None;
        for leased in due {
            if let Err(error) = self.state(tenant, leased).await {
                tracing::warn!(initiative_id = %leased.timer.subject, %error, "the worth was not stated anew");
                failure = Some(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }
}
