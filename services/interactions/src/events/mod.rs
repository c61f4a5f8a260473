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

/// The version of a contact when it is recorded, and when it is closed: it changes once.
const RECORDED: i64 = 1;
const CLOSED: i64 = 2;

/// Tells of `items`, each in its trace, and of those among them that are closed by now.
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
            subject_version: RECORDED,
            payload: pb::InteractionRecorded {
                interaction: Some(convert::interaction::to_proto(item.clone())),
            },
        })
        .collect();
    attune_events::append_traced(tx, &events, &traces).await?;
    let over = items
        .iter()
        .zip(traces)
        .filter(|(item, _)| item.draft.closed_at.is_some());
    let (events, traces): (Vec<_>, Vec<_>) = over.map(|(item, trace)| (closing(item), trace)).unzip();
    attune_events::append_traced(tx, &events, &traces).await?;
    Ok(())
}

/// Tells that a contact that was open is closed.
pub(crate) async fn closed(tx: &mut Tx, item: &Interaction) -> Result<(), sqlx::Error> {
    attune_events::append_many(tx, &[closing(item)]).await?;
    Ok(())
}

fn closing(item: &Interaction) -> NewEvent<pb::InteractionClosed> {
    NewEvent {
        subject: item.interaction_id,
        subject_version: CLOSED,
        payload: convert::interaction::closed(item.clone()),
    }
}
