//! What is told about pilots.

use attune_api::improvement::v1 as pb;
use attune_database::Tx;
use uuid::Uuid;

use crate::commands::pilot::Shown;
use crate::convert;
use crate::domain::{Pilot, PilotLook, StratumCheck};

/// It was planned.
pub(crate) async fn planned(tx: &mut Tx, pilot: &mut Pilot) -> Result<(), sqlx::Error> {
    let shown = Shown {
        pilot: pilot.clone(),
        gathered: None,
        verdict: None,
    };
    let event = pb::PilotPlanned {
        pilot: Some(convert::pilot::to_proto(shown)),
    };
    append(tx, pilot, &event).await
}

/// It began.
pub(crate) async fn started(tx: &mut Tx, pilot: &mut Pilot) -> Result<(), sqlx::Error> {
    let event = pb::PilotStarted {
        pilot_id: pilot.pilot_id.to_string(),
        initiative_id: pilot.initiative_id.to_string(),
    };
    append(tx, pilot, &event).await
}

/// A look was taken that is no verdict.
pub(crate) async fn look_taken(tx: &mut Tx, pilot: &mut Pilot, look: &PilotLook) -> Result<(), sqlx::Error> {
    let event = pb::PilotLookTaken {
        pilot_id: pilot.pilot_id.to_string(),
        look: Some(convert::pilot_look::to_proto(look.clone())),
    };
    append(tx, pilot, &event).await
}

/// It has a verdict, or says one again.
pub(crate) async fn verdict_reached(
    tx: &mut Tx,
    pilot: &mut Pilot,
    look: &PilotLook,
) -> Result<(), sqlx::Error> {
    let event = pb::PilotVerdictReached {
        pilot_id: pilot.pilot_id.to_string(),
        initiative_id: pilot.initiative_id.to_string(),
        look: Some(convert::pilot_look::to_proto(look.clone())),
    };
    append(tx, pilot, &event).await
}

/// It was ended without a verdict.
pub(crate) async fn stopped(tx: &mut Tx, pilot: &mut Pilot) -> Result<(), sqlx::Error> {
    let event = pb::PilotStopped {
        pilot_id: pilot.pilot_id.to_string(),
        initiative_id: pilot.initiative_id.to_string(),
        reason: pilot.stopped_reason.clone(),
    };
    append(tx, pilot, &event).await
}

/// Customers of the control arm got the change.
pub(crate) async fn contaminated(
    tx: &mut Tx,
    pilot: &mut Pilot,
    profiles: &[Uuid],
) -> Result<(), sqlx::Error> {
    let event = pb::PilotContaminated {
        pilot_id: pilot.pilot_id.to_string(),
        profile_ids: profiles.iter().map(Uuid::to_string).collect(),
    };
    append(tx, pilot, &event).await
}

/// The arms have sizes that the assignment cannot have given them.
pub(crate) async fn ratio_mismatched(
    tx: &mut Tx,
    pilot: &mut Pilot,
    found: &StratumCheck,
) -> Result<(), sqlx::Error> {
    let event = pb::PilotRatioMismatched {
        pilot_id: pilot.pilot_id.to_string(),
        ratio: Some(convert::pilot::ratio_to_proto(found.clone())),
    };
    append(tx, pilot, &event).await
}

async fn append<P>(tx: &mut Tx, pilot: &mut Pilot, payload: &P) -> Result<(), sqlx::Error>
where
    P: prost::Message + prost::Name,
{
    let number = pilot.next_event();
    attune_events::append(tx, pilot.pilot_id, number, payload).await?;
    Ok(())
}
