//! What customers said, in the transaction of the subscription.

use attune_database::Tx;
use uuid::Uuid;

use super::priority;
use crate::domain::{PilotMetric, Said, Setup, complaints, count_mentions};
use crate::error::Error;
use crate::store;
use crate::store::outcome::{Outcome, Participation};

/// Counts what is said of each topic, for priorities, has the evidence of issues grow, and keeps what counts for a pilot.
pub(crate) async fn take_in(tx: &mut Tx, said: &[Said]) -> Result<(), Error> {
    if said.is_empty() {
        return Ok(());
    }
    let counted = count_mentions(said, tx.now().date_naive());
    if !counted.is_empty() {
        store::mention::add(tx, &counted).await?;
        priority::look_at_midnight(tx).await?;
    }
    grow(tx, said).await?;
    keep_for_pilots(tx, said).await
}

/// While an issue is merged at this moment, it is heard a little later.
async fn grow(tx: &mut Tx, said: &[Said]) -> Result<(), Error> {
    let complaints = complaints(said);
    if complaints.is_empty() {
        return Ok(());
    }
    if !store::later_evidence::try_hear(tx).await? {
        return Err(Error::Raced);
    }
    store::later_evidence::hear(tx, &complaints).await?;
    Ok(())
}

/// Only what customers said who are assigned in one.
async fn keep_for_pilots(tx: &mut Tx, said: &[Said]) -> Result<(), Error> {
    let mut profiles: Vec<Uuid> = said.iter().filter_map(|one| one.profile_id).collect();
    if profiles.is_empty() {
        return Ok(());
    }
    profiles.sort_unstable();
    profiles.dedup();
    let participations = store::outcome::participations(tx, &profiles).await?;
    let outcomes: Vec<Outcome> = participations
        .iter()
        .flat_map(|participation| {
            said.iter()
                .filter(|one| one.profile_id == Some(participation.profile_id))
                .flat_map(|one| outcomes(participation, one))
        })
        .collect();
    if !outcomes.is_empty() {
        store::outcome::insert(tx, &outcomes).await?;
    }
    Ok(())
}

fn outcomes<'a>(participation: &'a Participation, said: &'a Said) -> impl Iterator<Item = Outcome> + 'a {
    let Setup { metric, guards, .. } = &participation.setup.0;
    let guards = guards.iter().map(|guard| &guard.metric);
    let metrics = std::iter::once(metric).chain(guards);
    (0_i16..)
        .zip(metrics)
        .filter_map(move |(place, metric): (i16, &PilotMetric)| {
            Some(Outcome {
                pilot_id: participation.pilot_id,
                metric: place,
                profile_id: participation.profile_id,
                feedback_id: said.feedback_id,
                value: metric.outcome(said)?,
                occurred_at: said.occurred_at,
            })
        })
}
