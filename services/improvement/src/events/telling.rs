//! What the cohort is told.

use std::collections::BTreeMap;

use attune_api::improvement::v1 as pb;
use attune_database::Tx;
use attune_events::NewEvent;
use uuid::Uuid;

use crate::domain::{Initiative, Issue};
use crate::error::Error;
use crate::store;

/// Persons named in one event.
const CHUNK: usize = 500;
/// Persons read at once.
const READ: i64 = 20 * 500;

/// Asks for a message to everyone of the issue's cohort who may be told now, in chunks.
pub(crate) async fn cohort_telling(
    tx: &mut Tx,
    issue: &Issue,
    initiative: &mut Initiative,
    template_id: Uuid,
) -> Result<(), Error> {
    let iteration = (initiative.initiative_id, initiative.current.number);
    let mut after = None;
    loop {
        let persons = store::telling::pending(tx, iteration, after, READ).await?;
        let events: Vec<_> = persons
            .chunks(CHUNK)
            .map(|chunk| chunk_event(issue, initiative, template_id, chunk))
            .collect();
        attune_events::append_many(tx, &events).await?;
        match persons.last() {
            Some(last) => after = Some(*last),
            None => return Ok(()),
        }
    }
}

fn chunk_event(
    issue: &Issue,
    initiative: &mut Initiative,
    template_id: Uuid,
    persons: &[Uuid],
) -> NewEvent<pb::CohortTellingRequested> {
    let current = &initiative.current;
    let variables = BTreeMap::from([
        ("change".to_owned(), current.change.clone()),
        ("issue_title".to_owned(), issue.title.clone()),
        ("iteration".to_owned(), current.number.to_string()),
    ]);
    let payload = pb::CohortTellingRequested {
        initiative_id: initiative.initiative_id.to_string(),
        iteration: current.number,
        template_id: template_id.to_string(),
        variables,
        profile_ids: persons.iter().map(Uuid::to_string).collect(),
    };
    NewEvent {
        subject: initiative.initiative_id,
        subject_version: initiative.next_event(),
        payload,
    }
}
