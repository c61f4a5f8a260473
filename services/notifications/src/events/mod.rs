//! What the service tells, and what it hears.

mod telling;

use attune_api::notifications::v1 as pb;
use attune_database::Tx;
use attune_events::NewEvent;

use crate::convert;
use crate::domain::{Message, State};

pub(crate) use telling::Tellings;

/// Tells the outcomes of messages; one that waits for its next attempt has none.
pub(crate) async fn decided(tx: &mut Tx, messages: &[Message]) -> Result<(), sqlx::Error> {
    let sent = told(messages, State::Sent, |message| pb::MessageSent { message });
    let blocked = told(messages, State::Blocked, |message| pb::MessageBlocked { message });
    let failed = told(messages, State::Failed, |message| pb::MessageFailed { message });
    attune_events::append_many(tx, &sent).await?;
    attune_events::append_many(tx, &blocked).await?;
    attune_events::append_many(tx, &failed).await?;
    Ok(())
}

/// Tells that a message was read.
pub(crate) async fn message_read(tx: &mut Tx, message: &Message) -> Result<(), sqlx::Error> {
    let event = pb::MessageRead {
        message: Some(convert::message::to_proto(message.clone())),
    };
    attune_events::append(tx, message.message_id, message.version, &event).await?;
    Ok(())
}

fn told<P>(messages: &[Message], state: State, payload: fn(Option<pb::Message>) -> P) -> Vec<NewEvent<P>> {
    let decided = messages.iter().filter(|message| message.state == state);
    decided
        .map(|message| NewEvent {
            subject: message.message_id,
            subject_version: message.version,
            payload: payload(Some(convert::message::to_proto(message.clone()))),
        })
        .collect()
}
