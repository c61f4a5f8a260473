//! A message that was sent is a contact like any other.

use async_trait::async_trait;
use attune_api::notifications::v1 as notifications;
use attune_api::profiles::v1::MessageChannel;
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};
use prost::Name;
use uuid::Uuid;

use crate::commands;
use crate::domain::{Direction, Draft};

/// Records every message that a provider accepted as an outbound interaction of the person it went to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentMessages;

#[async_trait]
impl Consumer for SentMessages {
    fn name(&self) -> &'static str {
        "interactions.notifications"
    }

    fn source(&self) -> &'static str {
        "notifications"
    }

    fn types(&self) -> Vec<String> {
        vec![notifications::MessageSent::full_name()]
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        self.handle_batch(tx, std::slice::from_ref(event)).await
    }

    async fn handle_batch(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ConsumeError> {
        let mut drafts = Vec::new();
        for event in events {
            let sent: notifications::MessageSent = event.decode()?;
            drafts.extend(sent.message.and_then(|message| contact(message, event)));
        }
        commands::interaction::insert(tx, drafts).await?;
        Ok(())
    }
}

/// The contact that a message was; none for a message to a department.
fn contact(message: notifications::Message, event: &Event) -> Option<Draft> {
    let profile_id = Uuid::try_parse(&message.profile_id).ok()?;
    let channel = match message.channel() {
        MessageChannel::Sms => "sms",
        MessageChannel::Voice => "phone",
        MessageChannel::InApp => "app",
        MessageChannel::Email | MessageChannel::Unspecified => "email",
    };
    Some(Draft {
        profile_id: Some(profile_id),
        channel: channel.to_owned(),
        direction: Direction::Outbound,
        touchpoint: format!("message.{channel}"),
        stage: None,
        outcome: "sent".to_owned(),
        product: String::new(),
        agent_id: String::new(),
        text: String::new(),
        occurred_at: event.time,
        source_id: Some(message.message_id),
        closed_at: None,
        matter_id: String::new(),
        waited: None,
    })
}
