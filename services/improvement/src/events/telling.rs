//! What the cohort is told.

use attune_api::improvement::v1 as pb;
use attune_database::Tx;
use attune_events::NewEvent;
use uuid::Uuid;

use crate::domain::CohortTelling;
use crate::error::Error;

/// Persons named in one event.
const CHUNK: usize = 500;

/// How many events ask for messages to so many persons.
pub(crate) fn cohort_telling_parts(persons: &[Uuid]) -> i64 {
    i64::try_from(persons.chunks(CHUNK).len()).unwrap_or(i64::MAX)
}

/// Asks for a message to each of `persons`, in parts, each with the initiative's `next` number.
pub(crate) async fn cohort_telling(
    tx: &mut Tx,
    telling: &CohortTelling,
    persons: &[Uuid],
    mut next: impl FnMut() -> i64,
) -> Result<(), Error> {
    let events: Vec<_> = persons
        .chunks(CHUNK)
        .map(|part| NewEvent {
            subject: telling.initiative_id,
            subject_version: next(),
            payload: payload(telling, part),
        })
        .collect();
    attune_events::append_many(tx, &events).await?;
    Ok(())
}

fn payload(telling: &CohortTelling, persons: &[Uuid]) -> pb::CohortTellingRequested {
    pb::CohortTellingRequested {
        initiative_id: telling.initiative_id.to_string(),
        iteration: telling.iteration,
        template_id: telling.template_id.to_string(),
        variables: telling.variables.0.clone(),
        profile_ids: persons.iter().map(Uuid::to_string).collect(),
    }
}
