//! Waking what waits for a contact budget that is larger by now, a part at a time.

use async_trait::async_trait;
use attune_database::Tx;
use attune_timers::{Timer, TimerError, TimerHandler};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::commands::contact_budget;

const KIND: &str = "notifications.waking";
/// A tenant has one timer of this kind: its budget.
const SUBJECT: Uuid = Uuid::nil();
/// Between two parts.
const REST: TimeDelta = TimeDelta::seconds(1);

/// Begins at once.
pub(crate) async fn begin(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.now();
    attune_timers::schedule(tx, KIND, SUBJECT, now).await
}

/// Sets the next part.
pub(crate) async fn go_on(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let next = tx.now() + REST;
    attune_timers::schedule(tx, KIND, SUBJECT, next).await
}

/// Wakes a part of what waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waking;

#[async_trait]
impl TimerHandler for Waking {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn fire(&self, tx: &mut Tx, _timer: &Timer) -> Result<(), TimerError> {
        Ok(contact_budget::wake(tx).await?)
    }
}
