//! Persons as profiles knows them.

use attune_api::profiles::v1 as pb;

use crate::domain::invitation::Person;

/// What surveys need to know of a person: the consent in force for mail and surveys, and where and how to write.
pub(crate) fn from_profile(profile: &pb::Profile) -> Person {
    let wanted = |consent: &&pb::Consent| {
        consent.channel() == pb::MessageChannel::Email && consent.purpose() == pb::Purpose::Survey
    };
    let consent = profile.consents.iter().find(wanted);
    let email = |identity: &pb::Identity| identity.kind() == pb::IdentityKind::Email;
    Person {
        consent: consent.map(|consent| consent.state() == pb::ConsentState::Granted),
        has_address: profile.identities.iter().any(email),
        language: profile.language.clone(),
    }
}
