//! The release of what employees report, at midnight UTC for a tenant with reports that wait.

use async_trait::async_trait;
use attune_database::Tx;
use attune_timers::{Timer, TimerError, TimerHandler};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::commands::employee;

const KIND: &str = "feedback.report_groups";
/// A tenant has one timer of this kind; it is about nothing smaller.
const SUBJECT: Uuid = Uuid::nil();

/// Sets the tenant's next release, in the place of the one that was set.
pub(crate) async fn schedule(tx: &mut Tx, due_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    attune_timers::schedule(tx, KIND, SUBJECT, due_at).await
}

/// Releases groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Release;

#[async_trait]
impl TimerHandler for Release {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// Fired late, it releases what one fired in time would have, and what was reported on the days between.
    async fn fire(&self, tx: &mut Tx, _timer: &Timer) -> Result<(), TimerError> {
        employee::release(tx).await.map_err(attune_rpc::Error::from)?;
        Ok(())
    }
}
