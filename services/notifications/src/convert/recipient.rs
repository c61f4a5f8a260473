//! Persons as profiles knows them.

use attune_api::profiles::v1 as profiles;

use crate::domain::{Purpose, Recipient};

/// What delivery needs of a profile, for mail and `purpose`.
pub(crate) fn from_profile(profile: &profiles::Profile, purpose: Purpose) -> Recipient {
    let wanted = super::template::purpose_to_proto(purpose);
    let decided = profile
        .consents
        .iter()
        .find(|consent| consent.channel() == profiles::MessageChannel::Email && consent.purpose() == wanted);
    let email = profile
        .identities
        .iter()
        .find(|identity| identity.kind() == profiles::IdentityKind::Email);
    Recipient {
        display_name: profile.display_name.clone(),
        language: profile.language.clone(),
        email: email.map(|identity| identity.value.clone()),
        consent: decided.map(|consent| consent.state() == profiles::ConsentState::Granted),
    }
}
