//! What the service tells.

use attune_api::profiles::v1 as pb;
use attune_database::Tx;
use chrono::{DateTime, Utc};

use crate::convert;
use crate::domain::{Consent, Profile};

pub(crate) async fn created(tx: &mut Tx, profile: &Profile) -> Result<(), sqlx::Error> {
    let event = pb::ProfileCreated { profile_id: profile.profile_id.to_string() };
    attune_events::append(tx, profile.profile_id, profile.version, &event).await?;
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

pub(crate) async fn consent_changed(
    tx: &mut Tx,
    profile: &Profile,
    consent: &Consent,
    decided_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let decided = Consent { decided_at: Some(decided_at), ..consent.clone() };
    let event = pb::ConsentChanged {
        profile_id: profile.profile_id.to_string(),
        consent: Some(convert::consent::to_proto(decided)),
    };
    attune_events::append(tx, profile.profile_id, profile.version, &event).await?;
    Ok(())
}
