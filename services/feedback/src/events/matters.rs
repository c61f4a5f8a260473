//! What is heard of interactions as far as matters go: whether customers came again, and how long they waited.

use std::time::Duration;

use async_trait::async_trait;
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};

use super::interactions::{UNHURRIED, recorded_and_closed, told};
use crate::commands::matter::hear;
use crate::convert;

/// Hears recorded and closed interactions for first-contact resolution and waiting times. A subscription of its own, so
/// that it waits neither for texts to be understood nor for surveys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matters;

#[async_trait]
impl Consumer for Matters {
    fn name(&self) -> &'static str {
        "feedback.matters"
    }

    fn source(&self) -> &'static str {
        "interactions"
    }

    fn types(&self) -> Vec<String> {
        recorded_and_closed()
    }

    fn patience(&self) -> Duration {
        UNHURRIED
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        self.handle_batch(tx, std::slice::from_ref(event)).await
    }

    async fn handle_batch(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ConsumeError> {
        let heard = told(events, convert::matter::heard)?;
        if heard.is_empty() {
            return Ok(());
        }
        Ok(hear(tx, heard).await?)
    }
}
