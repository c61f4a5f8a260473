//! What the service tells, and what it hears.

mod sent;

use std::collections::HashMap;

use attune_api::interactions::v1 as pb;
use attune_database::Tx;
use attune_events::NewEvent;
use uuid::Uuid;

use crate::convert;
use crate::domain::Interaction;

pub(crate) use sent::SentMessages;

/// Tells of `items`, each in its trace.
pub(crate) async fn recorded(
    tx: &mut Tx,
    items: &[Interaction],
    mut traces: HashMap<Uuid, Option<String>>,
) -> Result<(), sqlx::Error> {
    let traces: Vec<Option<String>> = items
        .iter()
        .map(|item| traces.remove(&item.interaction_id).flatten())
        .collect();
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
    attune_events::append_traced(tx, &events, &traces).await?;
    Ok(())
}
