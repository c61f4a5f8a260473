//! What became of invitations at the notifications service.

use async_trait::async_trait;
use attune_api::notifications::v1::{MessageBlocked, MessageFailed, MessageSent};
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};
use prost::Name as _;

use crate::commands::invitation::take_outcome;
use crate::convert;

/// Hears the outcomes of surveys' messages; others are none of this service's business.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Messages;

#[async_trait]
impl Consumer for Messages {
    fn name(&self) -> &'static str {
        "feedback.messages"
    }

    fn source(&self) -> &'static str {
        "notifications"
    }

    fn types(&self) -> Vec<String> {
        vec![
            MessageSent::full_name(),
            MessageBlocked::full_name(),
            MessageFailed::full_name(),
        ]
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        let message = if event.is::<MessageSent>() {
            event.decode::<MessageSent>()?.message
        } else if event.is::<MessageBlocked>() {
            event.decode::<MessageBlocked>()?.message
        } else if event.is::<MessageFailed>() {
            event.decode::<MessageFailed>()?.message
        } else {
            return Ok(());
        };
        if let Some(told) = convert::letter::told(message)? {
            take_outcome(tx, told).await?;
        }
        Ok(())
    }
}
