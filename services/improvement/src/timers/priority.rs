//! Priorities, looked at each midnight.

use async_trait::async_trait;
use attune_database::Tx;
use attune_timers::{Timer, TimerError, TimerHandler};

use crate::commands::priority;

/// Looks at a tenant's priorities: feelings and trends move with the days. Everything they rest on is here, so it happens
/// in the transaction that removes the timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Priorities;

#[async_trait]
impl TimerHandler for Priorities {
    fn kind(&self) -> &'static str {
        priority::PRIORITY
    }

    async fn fire(&self, tx: &mut Tx, _timer: &Timer) -> Result<(), TimerError> {
        priority::look(tx)
            .await
            .map_err(|error| TimerError::from(attune_rpc::Error::from(error)))
    }
}
