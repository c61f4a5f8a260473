//! Events of interactions after which customers are asked.

use std::time::Duration;

use async_trait::async_trait;
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};

use super::interactions::{UNHURRIED, recorded_and_closed, told};
use crate::commands::invitation::hear;
use crate::convert;

/// Hears recorded and closed interactions for surveys. A subscription of its own, so that neither waits for the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Triggers;

#[async_trait]
impl Consumer for Triggers {
    fn name(&self) -> &'static str {
        "feedback.surveys"
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
        let heard = told(events, convert::invitation::heard)?;
        if heard.is_empty() {
            return Ok(());
        }
        Ok(hear(tx, &heard).await?)
    }
}
