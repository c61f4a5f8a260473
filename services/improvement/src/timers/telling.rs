//! Cohorts that are told in steps.

use async_trait::async_trait;
use attune_database::Database;
use attune_rpc::TenantId;
use attune_timers::{Leased, Work};

use crate::commands::cohort_telling;
use crate::store;

/// Tells the next persons of a cohort. It calls nobody; it is leased because the initiative is locked before its timer, in
/// the order in which a rollout locks them.
#[derive(Clone, Debug)]
pub(crate) struct Tellings {
    db: Database,
}

impl Tellings {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    async fn go_on(&self, tenant: &TenantId, leased: &Leased) -> anyhow::Result<()> {
        let initiative_id = leased.timer.subject;
        let mut tx = self.db.system(tenant).await?;
        store::initiative::hold(&mut tx, initiative_id).await?;
        leased.finish(&mut tx).await?;
        cohort_telling::go_on(&mut tx, initiative_id).await?;
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Work for Tellings {
    fn kind(&self) -> &'static str {
        cohort_telling::TELLING
    }

    fn batch(&self) -> u16 {
        // A step is a second of work on a slow machine, and all of them must end within the lease.
        10
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        let mut failure = None;
        for leased in due {
            if let Err(error) = self.go_on(tenant, leased).await {
                tracing::warn!(initiative_id = %leased.timer.subject, %error, "a cohort was not told further");
                failure = Some(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }
}
