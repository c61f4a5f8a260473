//! Digests that are due.

use async_trait::async_trait;
use attune_database::Tx;
use attune_timers::{Timer, TimerError, TimerHandler};

use crate::commands::digest;

/// Composes digests. Everything they say is here and the letter leaves as an event, so it happens in the transaction that
/// removes the timer: who dies in the middle has sent nothing and recorded nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digests;

#[async_trait]
impl TimerHandler for Digests {
    fn kind(&self) -> &'static str {
        digest::DIGEST
    }

    async fn fire(&self, tx: &mut Tx, timer: &Timer) -> Result<(), TimerError> {
        digest::compose(tx, timer.subject)
            .await
            .map_err(|error| TimerError::from(attune_rpc::Error::from(error)))
    }
}
