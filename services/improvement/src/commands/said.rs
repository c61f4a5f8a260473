//! What the customers of pilots said, in the transaction of the subscription.

use attune_database::Tx;
use uuid::Uuid;

use crate::domain::{PilotMetric, Said, Setup};
use crate::error::Error;
use crate::store;
use crate::store::outcome::Outcome;

/// Keeps what counts for a pilot: only of customers who are assigned in one.
pub(crate) async fn take_in(tx: &mut Tx, said: &[Said]) -> Result<(), Error> {
    if said.is_empty() {
        return Ok(());
    }
    let mut profiles: Vec<Uuid> = said.iter().map(|one| one.profile_id).collect();
    profiles.sort_unstable();
    profiles.dedup();
    let participations = store::outcome::participations(tx, &profiles).await?;
    let outcomes: Vec<Outcome> = participations
        .iter()
        .flat_map(|participation| {
            said.iter()
                .filter(|one| one.profile_id == participation.profile_id)
                .flat_map(|one| outcomes(participation.pilot_id, &participation.setup, one))
        })
        .collect();
    if !outcomes.is_empty() {
        store::outcome::insert(tx, &outcomes).await?;
    }
    Ok(())
}

fn outcomes<'a>(pilot_id: Uuid, setup: &'a Setup, said: &'a Said) -> impl Iterator<Item = Outcome> + 'a {
    let guards = setup.guards.iter().map(|guard| &guard.metric);
    let metrics = std::iter::once(&setup.metric).chain(guards);
    (0_i16..)
        .zip(metrics)
        .filter_map(move |(place, metric): (i16, &PilotMetric)| {
            Some(Outcome {
                pilot_id,
                metric: place,
                profile_id: said.profile_id,
                feedback_id: said.feedback_id,
                value: metric.outcome(said)?,
                occurred_at: said.occurred_at,
            })
        })
}
