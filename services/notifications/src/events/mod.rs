//! What the service tells, and what it hears.

mod telling;

use attune_api::notifications::v1 as pb;
use attune_database::Tx;

use crate::convert;
use crate::domain::{Message, State};

pub(crate) use telling::Tellings;

/// Tells the outcome of a message.
pub(crate) async fn decided(tx: &mut Tx, message: &Message) -> Result<(), sqlx::Error> {
    let (subject, version) = (message.message_id, message.version);
    let told = Some(convert::message::to_proto(message.clone()));
    match message.state {
        State::Queued => {}
        State::Sent => {
            attune_events::append(tx, subject, version, &pb::MessageSent { message: told }).await?;
        }
        State::Blocked => {
            attune_events::append(tx, subject, version, &pb::MessageBlocked { message: told }).await?;
        }
        State::Failed => {
            attune_events::append(tx, subject, version, &pb::MessageFailed { message: told }).await?;
        }
    }
    Ok(())
}
