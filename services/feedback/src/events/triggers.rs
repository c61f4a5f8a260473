//! Events of interactions after which customers are asked.

use async_trait::async_trait;
use attune_api::interactions::v1 as pb;
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};
use prost::Name;

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
        vec![
            pb::InteractionRecorded::full_name(),
            pb::InteractionClosed::full_name(),
        ]
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        self.handle_batch(tx, std::slice::from_ref(event)).await
    }

    async fn handle_batch(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ConsumeError> {
        let mut heard = Vec::with_capacity(events.len());
        for event in events {
            heard.extend(convert::invitation::heard(event)?);
        }
        if heard.is_empty() {
            return Ok(());
        }
        Ok(hear(tx, &heard).await?)
    }
}
