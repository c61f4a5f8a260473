//! Short ways to say what a test is about.

use attune_api::profiles::v1::{
    BatchGetProfilesRequest, Consent, ConsentState, CreateProfileRequest, GetProfileRequest, Identity,
    IdentityKind, MessageChannel, Profile, Purpose, SetConsentRequest, UpdateProfileRequest,
};
use attune_testkit::Tenant;
use chrono::{DateTime, Utc};
use prost_types::{FieldMask, Timestamp};
use tonic::Status;

pub(crate) fn email(value: &str) -> Identity {
    Identity {
        kind: IdentityKind::Email.into(),
        system: String::new(),
        value: value.into(),
    }
}

pub(crate) fn external(system: &str, value: &str) -> Identity {
    Identity {
        kind: IdentityKind::External.into(),
        system: system.into(),
        value: value.into(),
    }
}

pub(crate) fn named(display_name: &str, identities: Vec<Identity>) -> Profile {
    Profile {
        display_name: display_name.into(),
        identities,
        ..Profile::default()
    }
}

pub(crate) fn time(instant: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: instant.timestamp(),
        nanos: instant.timestamp_subsec_nanos().try_into().unwrap(),
    }
}

/// A decision about follow-ups by mail.
pub(crate) fn decision(state: ConsentState, decided_at: Option<DateTime<Utc>>) -> Consent {
    Consent {
        channel: MessageChannel::Email.into(),
        purpose: Purpose::FollowUp.into(),
        state: state.into(),
        source: "web.preferences".into(),
        decided_at: decided_at.map(time),
    }
}

pub(crate) async fn create(tenant: &Tenant, profile: Profile) -> Result<Profile, Status> {
    create_with(
        tenant,
        CreateProfileRequest {
            profile: Some(profile),
            ..Default::default()
        },
    )
    .await
}

pub(crate) async fn create_with(tenant: &Tenant, request: CreateProfileRequest) -> Result<Profile, Status> {
    Ok(tenant
        .profiles()
        .create_profile(request)
        .await?
        .into_inner()
        .profile
        .unwrap())
}

pub(crate) async fn update(tenant: &Tenant, profile: Profile, mask: &[&str]) -> Result<Profile, Status> {
    let paths = mask.iter().map(ToString::to_string).collect();
    let request = UpdateProfileRequest {
        profile: Some(profile),
        update_mask: Some(FieldMask { paths }),
        request_id: String::new(),
    };
    Ok(tenant
        .profiles()
        .update_profile(request)
        .await?
        .into_inner()
        .profile
        .unwrap())
}

pub(crate) async fn get(tenant: &Tenant, profile_id: &str) -> Result<Profile, Status> {
    let request = GetProfileRequest {
        profile_id: profile_id.into(),
    };
    Ok(tenant
        .profiles()
        .get_profile(request)
        .await?
        .into_inner()
        .profile
        .unwrap())
}

pub(crate) async fn batch_get(tenant: &Tenant, profile_ids: Vec<String>) -> Result<Vec<Profile>, Status> {
    let request = BatchGetProfilesRequest { profile_ids };
    Ok(tenant
        .profiles()
        .batch_get_profiles(request)
        .await?
        .into_inner()
        .profiles)
}

pub(crate) async fn set_consent(
    tenant: &Tenant,
    profile_id: &str,
    consent: Consent,
) -> Result<Profile, Status> {
    let request = SetConsentRequest {
        profile_id: profile_id.into(),
        consent: Some(consent),
        request_id: String::new(),
    };
    Ok(tenant
        .profiles()
        .set_consent(request)
        .await?
        .into_inner()
        .profile
        .unwrap())
}
