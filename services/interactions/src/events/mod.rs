//! What the service tells, and what it hears.

mod sent;

use attune_api::interactions::v1 as pb;
use attune_database::Tx;
use attune_events::NewEvent;

use crate::convert;
use crate::domain::Interaction;

pub(crate) use sent::SentMessages;

pub(crate) async fn recorded(tx: &mut Tx, items: &[Interaction]) -> Result<(), sqlx::Error> {
    let events: Vec<_> = items
        .iter()
        .map(|item| NewEvent {
            subject: item.interaction_id,
            subject_version: 1,
            payload: pb::InteractionRecorded {
                interaction: Some(convert::interaction::to_proto(item.clone())),
            },
        })
        .collect();
    attune_events::append_many(tx, &events).await?;
    Ok(())
}
