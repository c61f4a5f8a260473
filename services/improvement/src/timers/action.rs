//! Actions that are overdue.

use async_trait::async_trait;
use attune_database::Tx;
use attune_timers::{Timer, TimerError, TimerHandler};

use crate::commands::workload;

/// Escalates actions that are not done by their date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Actions;

#[async_trait]
impl TimerHandler for Actions {
    fn kind(&self) -> &'static str {
        workload::ACTION
    }

    async fn fire(&self, tx: &mut Tx, timer: &Timer) -> Result<(), TimerError> {
        workload::escalate(tx, timer.subject)
            .await
            .map_err(|error| TimerError::from(attune_rpc::Error::from(error)))
    }
}
