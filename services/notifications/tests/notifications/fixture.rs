//! Short ways to say what a test is about.

use std::collections::BTreeMap;

use attune_api::events::v1::SubscribeRequest;
use attune_api::notifications::v1::{
    CreateTemplateRequest, ExplainMessageRequest, GetMessageRequest, Message, MessageDecision, MessageState,
    SendMessageRequest, Template, TemplateVariant,
};
use attune_api::profiles::v1::{
    Consent, ConsentState, CreateProfileRequest, Identity, IdentityKind, MessageChannel, Profile, Purpose,
    SetConsentRequest,
};
use attune_testkit::{Failure, Tenant};
use tonic::Status;

pub(crate) fn follow_up(state: ConsentState) -> Consent {
    consent_for(Purpose::FollowUp, state)
}

pub(crate) fn consent_for(purpose: Purpose, state: ConsentState) -> Consent {
    Consent {
        channel: MessageChannel::Email.into(),
        purpose: purpose.into(),
        state: state.into(),
        source: "web".into(),
        decided_at: None,
    }
}

/// A person with a mail address who agreed to follow-ups by mail.
pub(crate) async fn person(
    tenant: &Tenant,
    name: &str,
    email: &str,
    language: &str,
) -> Result<String, Status> {
    let identity = Identity {
        kind: IdentityKind::Email.into(),
        value: email.into(),
        ..Default::default()
    };
    let profile = Profile {
        display_name: name.into(),
        language: language.into(),
        identities: if email.is_empty() { vec![] } else { vec![identity] },
        ..Default::default()
    };
    create(tenant, profile, vec![follow_up(ConsentState::Granted)]).await
}

pub(crate) async fn create(
    tenant: &Tenant,
    profile: Profile,
    consents: Vec<Consent>,
) -> Result<String, Status> {
    let request = CreateProfileRequest {
        profile: Some(profile),
        consents,
        request_id: String::new(),
    };
    Ok(tenant
        .profiles()
        .create_profile(request)
        .await?
        .into_inner()
        .profile
        .unwrap()
        .profile_id)
}

pub(crate) async fn withdraw(tenant: &Tenant, profile_id: &str) -> Result<(), Status> {
    let consent = Some(follow_up(ConsentState::Denied));
    let request = SetConsentRequest {
        profile_id: profile_id.into(),
        consent,
        request_id: String::new(),
    };
    tenant.profiles().set_consent(request).await?;
    Ok(())
}

pub(crate) fn variant(language: &str, subject: &str, body: &str) -> TemplateVariant {
    TemplateVariant {
        language: language.into(),
        subject: subject.into(),
        body: body.into(),
    }
}

pub(crate) async fn template(tenant: &Tenant, variants: Vec<TemplateVariant>) -> Result<String, Status> {
    template_for(tenant, Purpose::FollowUp, variants).await
}

pub(crate) async fn template_for(
    tenant: &Tenant,
    purpose: Purpose,
    variants: Vec<TemplateVariant>,
) -> Result<String, Status> {
    let template = Template {
        name: uuid::Uuid::now_v7().to_string(),
        purpose: purpose.into(),
        variants,
        ..Default::default()
    };
    let request = CreateTemplateRequest {
        template: Some(template),
        request_id: String::new(),
    };
    Ok(tenant
        .templates()
        .create_template(request)
        .await?
        .into_inner()
        .template
        .unwrap()
        .template_id)
}

/// A template about nothing in particular.
pub(crate) async fn letter(tenant: &Tenant) -> Result<String, Status> {
    template(
        tenant,
        vec![variant("en", "News", "Dear {{ display_name }}, we did it.")],
    )
    .await
}

pub(crate) fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

pub(crate) async fn send(
    tenant: &Tenant,
    profile_id: &str,
    template_id: &str,
    pairs: &[(&str, &str)],
) -> Result<String, Status> {
    let request = SendMessageRequest {
        profile_id: profile_id.into(),
        template_id: template_id.into(),
        variables: variables(pairs),
        request_id: String::new(),
        origin: None,
    };
    Ok(tenant
        .messages()
        .send_message(request)
        .await?
        .into_inner()
        .message
        .unwrap()
        .message_id)
}

pub(crate) async fn get(tenant: &Tenant, message_id: &str) -> Result<Message, Status> {
    let request = GetMessageRequest {
        message_id: message_id.into(),
    };
    Ok(tenant
        .messages()
        .get_message(request)
        .await?
        .into_inner()
        .message
        .unwrap())
}

/// Where a message stands, and why.
pub(crate) async fn outcome(tenant: &Tenant, message_id: &str) -> Result<(MessageState, String), Status> {
    let message = get(tenant, message_id).await?;
    Ok((message.state(), message.reason))
}

pub(crate) async fn explain(tenant: &Tenant, message_id: &str) -> Result<Vec<MessageDecision>, Status> {
    let request = ExplainMessageRequest {
        message_id: message_id.into(),
    };
    Ok(tenant
        .messages()
        .explain_message(request)
        .await?
        .into_inner()
        .decisions)
}

/// The name and the subject of everything that notifications told of the tenant so far.
pub(crate) async fn told(tenant: &Tenant) -> Result<Vec<(String, String)>, Failure> {
    let request = SubscribeRequest {
        source: "notifications".into(),
        ..Default::default()
    };
    let mut feed = tenant
        .events(&tenant.channel())
        .subscribe(request)
        .await?
        .into_inner();
    let mut told = Vec::new();
    while let Some(response) = feed.message().await? {
        let events = response.events.into_iter();
        told.extend(events.map(|event| (event.r#type.rsplit('.').next().unwrap().to_owned(), event.subject)));
        if response.caught_up {
            break;
        }
    }
    Ok(told)
}
