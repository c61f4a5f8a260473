//! Waiting until the platform has heard everything and nothing is due: what a replay needs before it moves time.

use std::time::Duration;

use anyhow::{Context as _, bail};
use attune_database::Schema;
use chrono::{DateTime, Utc};
use sqlx::{PgPool, query_scalar};
use tokio::time::Instant;

use crate::services::schemas;

/// Between two looks.
const POLL: Duration = Duration::from_millis(1);
/// After which the platform is thought to be stuck.
const PATIENCE: Duration = Duration::from_mins(2);

/// Looks at the outboxes, subscriptions and timers of all services, as their administrator.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    admin: PgPool,
    schemas: [Schema; 5],
}

impl Settled {
    pub(crate) fn new(admin: PgPool) -> Self {
        Self {
            admin,
            schemas: schemas(),
        }
    }

    /// Returns when the services that follow others' feeds have begun to. Before that nothing that was told
    /// counts as unheard.
    pub(crate) async fn listening(&self) -> anyhow::Result<()> {
        const STARTED: &str = "SELECT EXISTS (SELECT FROM interactions.subscription)
            AND EXISTS (SELECT FROM feedback.subscription)
            AND (SELECT count(*) > 1 FROM improvement.subscription)
            AND EXISTS (SELECT FROM notifications.subscription)";
        let end = Instant::now() + PATIENCE;
        while !query_scalar::<_, bool>(STARTED).fetch_one(&self.admin).await? {
            if Instant::now() > end {
                bail!(
                    "the services do not follow each other's feeds; run again with RUST_LOG=info to see why"
                );
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Returns when everything told has been heard and nothing is due at `now`.
    pub(crate) async fn wait(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while !attune_server::is_settled(&self.admin, &self.schemas, now)
            .await
            .context("cannot see whether the platform has settled")?
        {
            if Instant::now() > end {
                bail!(
                    "the platform did not settle at {now} within {PATIENCE:?}; run again with RUST_LOG=info to see why"
                );
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}
