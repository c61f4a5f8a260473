//! Running pilots, looked at each day.

use async_trait::async_trait;
use attune_database::Tx;
use attune_timers::{Timer, TimerError, TimerHandler};

use crate::commands::pilot_look;

/// Looks at pilots. Nobody else is asked: the answers of assigned customers are here, so everything that follows happens
/// in the transaction that removes the timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pilots;

#[async_trait]
impl TimerHandler for Pilots {
    fn kind(&self) -> &'static str {
        pilot_look::PILOT
    }

    async fn fire(&self, tx: &mut Tx, timer: &Timer) -> Result<(), TimerError> {
        pilot_look::fire(tx, timer.subject)
            .await
            .map_err(|error| TimerError::from(attune_rpc::Error::from(error)))
    }
}
