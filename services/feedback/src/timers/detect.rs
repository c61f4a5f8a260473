//! The hourly look for hot issues, one timer a tenant.

use async_trait::async_trait;
use attune_database::Tx;
use attune_timers::{Timer, TimerError, TimerHandler};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::analysis::Taxonomies;
use crate::commands::detection;
use crate::domain::Grain;

const KIND: &str = "detect";
/// A tenant has one timer of this kind; it is about nothing smaller.
const SUBJECT: Uuid = Uuid::nil();

/// Sets the tenant's next look, in the place of the one that was set.
pub(crate) async fn schedule(tx: &mut Tx, due_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    attune_timers::schedule(tx, KIND, SUBJECT, due_at).await
}

/// Looks for hot issues when an hour is full.
#[derive(Clone, Debug)]
pub(crate) struct Detect {
    taxonomies: Taxonomies,
}

impl Detect {
    pub(crate) fn new(taxonomies: Taxonomies) -> Self {
        Self { taxonomies }
    }
}

#[async_trait]
impl TimerHandler for Detect {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// Runs for the latest full hour. Where time has passed several (a virtual clock was moved, or no process
    /// was up), the ones between are not run: the tested windows reach 24 hours back, and an issue is opened at
    /// the hour it is found. The record of the run says how many were skipped.
    async fn fire(&self, tx: &mut Tx, _timer: &Timer) -> Result<(), TimerError> {
        let hour = Grain::Hour.start_of(tx.now());
        let taxonomy = self
            .taxonomies
            .current(tx)
            .await
            .map_err(attune_rpc::Error::from)?;
        detection::run(tx, &taxonomy, hour)
            .await
            .map_err(attune_rpc::Error::from)?;
        schedule(tx, hour + Grain::Hour.width()).await?;
        Ok(())
    }
}
