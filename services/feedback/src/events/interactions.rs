//! What people say in interactions is feedback.

use std::time::Duration;

use async_trait::async_trait;
use attune_api::interactions::v1 as pb;
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};
use prost::Name;

use crate::analysis::Reader;
use crate::commands;
use crate::commands::record::record;
use crate::convert;
use crate::domain::Draft;
use crate::store::heard::Heard;

/// How long those gather events whom nobody waits for: while what was said in an interaction is recorded, they would only
/// stand in its way.
pub(super) const UNHURRIED: Duration = Duration::from_millis(20);

/// The events that tell where an interaction stands.
pub(super) fn recorded_and_closed() -> Vec<String> {
    vec![
        pb::InteractionRecorded::full_name(),
        pb::InteractionClosed::full_name(),
    ]
}

/// What some events tell a subscription that reads them with `read`; what is nothing to it is left out.
pub(super) fn told<T>(
    events: &[Event],
    read: impl Fn(&Event) -> Result<Option<T>, ConsumeError>,
) -> Result<Vec<T>, ConsumeError> {
    events
        .iter()
        .filter_map(|event| read(event).transpose())
        .collect()
}

/// Hears recorded interactions. One from a person to the company that holds a text becomes feedback, once;
/// others are none of this service's business.
///
/// The built-in engine understands texts inside the subscription's transaction, which is open by then: it holds
/// nothing that a caller waits for but the subscription's own cursor. Where an outside engine is asked, texts are put
/// aside there and understood as work of their own, which no transaction waits for.
#[derive(Clone, Debug)]
pub(crate) struct Interactions {
    reader: Reader,
}

impl Interactions {
    pub(crate) fn new(reader: Reader) -> Self {
        Self { reader }
    }
}

#[async_trait]
impl Consumer for Interactions {
    fn name(&self) -> &'static str {
        "feedback.interactions"
    }

    fn source(&self) -> &'static str {
        "interactions"
    }

    fn types(&self) -> Vec<String> {
        vec![pb::InteractionRecorded::full_name()]
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        self.handle_batch(tx, std::slice::from_ref(event)).await
    }

    async fn handle_batch(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ConsumeError> {
        let mut drafts: Vec<Draft> = Vec::with_capacity(events.len());
        let mut heard: Vec<Heard> = Vec::new();
        for event in events
            .iter()
            .filter(|event| event.is::<pb::InteractionRecorded>())
        {
            let recorded: pb::InteractionRecorded = event.decode()?;
            let Some(draft) = convert::interaction::heard(recorded)? else {
                continue;
            };
            heard.extend(draft.interaction_id.map(|interaction_id| Heard {
                interaction_id,
                payload: event.data.to_vec(),
            }));
            drafts.push(draft);
        }
        if drafts.is_empty() {
            return Ok(());
        }
        if self.reader.is_outside() {
            return Ok(commands::heard::put_aside(tx, &heard).await?);
        }
        let basis = self.reader.basis(tx).await?;
        let understood = self.reader.understand(drafts, &basis).await?;
        record(tx, understood).await?;
        Ok(())
    }
}
