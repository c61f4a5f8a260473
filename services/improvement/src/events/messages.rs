//! What became of messages to the cohort.

use async_trait::async_trait;
use attune_api::notifications::v1::{MessageBlocked, MessageFailed, MessageRead, MessageSent};
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};
use prost::Name as _;

use super::hot_issues::failed;
use crate::commands::telling;
use crate::convert::heard;
use crate::store::telling::Outcome;

/// The subscription to the notifications service's outcomes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Messages;

#[async_trait]
impl Consumer for Messages {
    fn name(&self) -> &'static str {
        "improvement.messages"
    }

    fn source(&self) -> &'static str {
        "notifications"
    }

    fn types(&self) -> Vec<String> {
        vec![
            MessageSent::full_name(),
            MessageBlocked::full_name(),
            MessageFailed::full_name(),
            MessageRead::full_name(),
        ]
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        self.handle_batch(tx, std::slice::from_ref(event)).await
    }

    // A large cohort's outcomes come by the thousand: one statement takes in a batch.
    async fn handle_batch(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ConsumeError> {
        let (mut outcomes, mut readings) = (Vec::with_capacity(events.len()), Vec::new());
        for event in events {
            if event.is::<MessageRead>() {
                readings.extend(heard::reading(event.decode::<MessageRead>()?.message)?);
            } else {
                outcomes.extend(outcome(event)?);
            }
        }
        // A message is told of as sent before it is told of as read: in this order a batch loses neither.
        telling::decide(tx, outcomes).await.map_err(failed)?;
        telling::read(tx, &readings).await.map_err(failed)
    }
}

fn outcome(event: &Event) -> Result<Option<Outcome>, ConsumeError> {
    let message = if event.is::<MessageSent>() {
        event.decode::<MessageSent>()?.message
    } else if event.is::<MessageBlocked>() {
        event.decode::<MessageBlocked>()?.message
    } else if event.is::<MessageFailed>() {
        event.decode::<MessageFailed>()?.message
    } else {
        return Ok(None);
    };
    Ok(heard::outcome(message, event.time)?)
}
