//! However many want to write to a person, together they do not write more often than the company says.

mod holding;
mod reserving;
mod waking;

use attune_api::notifications::v1::{
    Contact, ContactAllowance, ContactBudget, GetContactAllowanceRequest, MessageOrigin,
    ReleaseContactRequest, ReserveContactRequest, ReserveContactResponse, SendMessageRequest,
    SetContactBudgetRequest,
};
use attune_api::profiles::v1::{ConsentState, Identity, IdentityKind, Profile, Purpose};
use attune_rpc::instant;
use attune_testkit::Tenant;
use chrono::{DateTime, Utc};
use tonic::Status;

use crate::fixture::{consent_for, create, template_for, variant};

async fn allow(tenant: &Tenant, most_contacts: i32, window_days: i32) -> Result<ContactBudget, Status> {
    let budget = ContactBudget {
        most_contacts,
        window_days,
        ..Default::default()
    };
    set(tenant, budget).await
}

async fn set(tenant: &Tenant, budget: ContactBudget) -> Result<ContactBudget, Status> {
    let request = SetContactBudgetRequest {
        budget: Some(budget),
        request_id: String::new(),
    };
    let answer = tenant.contacts().set_contact_budget(request).await?;
    Ok(answer.into_inner().budget.unwrap())
}

async fn allowance(tenant: &Tenant, profile_id: &str) -> Result<(ContactAllowance, Vec<Contact>), Status> {
    let request = GetContactAllowanceRequest {
        profile_id: profile_id.into(),
    };
    let answer = tenant
        .contacts()
        .get_contact_allowance(request)
        .await?
        .into_inner();
    Ok((answer.allowance.unwrap(), answer.contacts))
}

async fn used(tenant: &Tenant, profile_id: &str) -> Result<i32, Status> {
    Ok(allowance(tenant, profile_id).await?.0.used)
}

fn origin(occasion: &str) -> MessageOrigin {
    MessageOrigin {
        kind: "survey".into(),
        id: "spring".into(),
        occasion: occasion.into(),
    }
}

async fn reserve(
    tenant: &Tenant,
    profile_id: &str,
    occasion: &str,
) -> Result<ReserveContactResponse, Status> {
    let request = ReserveContactRequest {
        profile_id: profile_id.into(),
        purpose: Purpose::FollowUp.into(),
        origin: Some(origin(occasion)),
        request_id: String::new(),
    };
    Ok(tenant.contacts().reserve_contact(request).await?.into_inner())
}

async fn release(tenant: &Tenant, contact_id: &str) -> Result<(), Status> {
    let request = ReleaseContactRequest {
        contact_id: contact_id.into(),
        request_id: String::new(),
    };
    tenant.contacts().release_contact(request).await?;
    Ok(())
}

async fn send_of(
    tenant: &Tenant,
    profile_id: &str,
    template_id: &str,
    occasion: &str,
) -> Result<String, Status> {
    let request = SendMessageRequest {
        profile_id: profile_id.into(),
        template_id: template_id.into(),
        origin: Some(origin(occasion)),
        ..Default::default()
    };
    let answer = tenant.messages().send_message(request).await?.into_inner();
    Ok(answer.message.unwrap().message_id)
}

/// Somebody who agreed to mail for every purpose.
async fn agreeable(tenant: &Tenant, email: &str) -> Result<String, Status> {
    let profile = Profile {
        display_name: "Ana".into(),
        identities: vec![Identity {
            kind: IdentityKind::Email.into(),
            value: email.into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let purposes = [
        Purpose::Service,
        Purpose::FollowUp,
        Purpose::Survey,
        Purpose::Marketing,
    ];
    let consents = purposes.map(|purpose| consent_for(purpose, ConsentState::Granted));
    create(tenant, profile, consents.into()).await
}

async fn letter_for(tenant: &Tenant, purpose: Purpose) -> Result<String, Status> {
    template_for(tenant, purpose, vec![variant("en", "News", "Dear you")]).await
}

fn at(time: Option<prost_types::Timestamp>) -> DateTime<Utc> {
    instant(time.unwrap()).unwrap()
}
