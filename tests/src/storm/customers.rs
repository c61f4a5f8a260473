//! The people of the story.

use attune_api::profiles::v1::{
    Consent, ConsentState, CreateProfileRequest, Identity, IdentityKind, MessageChannel, Profile, Purpose,
};
use attune_testkit::{Failure, Tenant};
use futures::stream::{StreamExt, TryStreamExt};

use super::patience::ask;

/// How many customers the company has.
const CUSTOMERS: usize = 300;

/// Creates the company's customers and answers their profile ids. Most may be told what changed; every eighth
/// has refused, every eleventh was never asked, every thirteenth has no mail address.
pub(super) async fn create(company: &Tenant) -> Result<Vec<String>, Failure> {
    futures::stream::iter(0..CUSTOMERS)
        .map(|number| one(company, number))
        .buffered(16)
        .try_collect()
        .await
}

async fn one(company: &Tenant, number: usize) -> Result<String, Failure> {
    let email = Identity {
        kind: IdentityKind::Email.into(),
        system: String::new(),
        value: format!("customer{number}@example.com"),
    };
    let external = Identity {
        kind: IdentityKind::External.into(),
        system: "crm".into(),
        value: format!("c-{number}"),
    };
    let identities = if number.is_multiple_of(13) {
        vec![external]
    } else {
        vec![external, email]
    };
    let profile = Profile {
        display_name: format!("Customer {number}"),
        language: if number.is_multiple_of(5) { "ru" } else { "en" }.into(),
        identities,
        ..Profile::default()
    };
    let decision = match number {
        refused if refused.is_multiple_of(8) => Some(ConsentState::Denied),
        never_asked if never_asked.is_multiple_of(11) => None,
        _ => Some(ConsentState::Granted),
    };
    let consents = decision.into_iter().map(|state| Consent {
        channel: MessageChannel::Email.into(),
        purpose: Purpose::FollowUp.into(),
        state: state.into(),
        source: "crm.import".into(),
        decided_at: None,
    });
    let request = CreateProfileRequest {
        profile: Some(profile),
        consents: consents.collect(),
        request_id: uuid::Uuid::from_u128(number as u128 + 1).to_string(),
    };
    let created = ask(async || company.profiles().create_profile(request.clone()).await).await?;
    Ok(created.profile.ok_or("no profile")?.profile_id)
}
