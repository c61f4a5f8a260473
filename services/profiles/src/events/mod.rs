//! What the service tells.

use attune_api::profiles::v1 as pb;
use attune_database::Tx;
use attune_events::NewEvent;
use uuid::Uuid;

use crate::convert;
use crate::domain::{Consent, Profile};

pub(crate) async fn created(tx: &mut Tx, profile_id: Uuid, version: i64) -> Result<(), sqlx::Error> {
    let event = pb::ProfileCreated {
        profile_id: profile_id.to_string(),
    };
    attune_events::append(tx, profile_id, version, &event).await?;
    Ok(())
}

pub(crate) async fn updated(tx: &mut Tx, profile: &Profile, changed: &[&str]) -> Result<(), sqlx::Error> {
    let event = pb::ProfileUpdated {
        profile_id: profile.profile_id.to_string(),
        changed_fields: changed.iter().map(ToString::to_string).collect(),
    };
    attune_events::append(tx, profile.profile_id, profile.version, &event).await?;
    Ok(())
}

/// Tells decisions that came into force, the last of which made the profile's version.
pub(crate) async fn consents_changed(
    tx: &mut Tx,
    profile: &Profile,
    consents: &[Consent],
) -> Result<(), sqlx::Error> {
    let versions = (profile.version + 1).saturating_sub_unsigned(consents.len() as u64)..;
    let told: Vec<_> = consents
        .iter()
        .zip(versions)
        .map(|(consent, subject_version)| NewEvent {
            subject: profile.profile_id,
            subject_version,
            payload: pb::ConsentChanged {
                profile_id: profile.profile_id.to_string(),
                consent: Some(convert::consent::to_proto(consent.clone())),
            },
        })
        .collect();
    attune_events::append_many(tx, &told).await?;
    Ok(())
}
