use attune_api::interactions::v1::Direction;
use attune_api::notifications::v1::{CreateTemplateRequest, SendMessageRequest, Template, TemplateVariant};
use attune_api::profiles::v1::{
    Consent, ConsentState, CreateProfileRequest, Identity, IdentityKind, MessageChannel, Profile, Purpose,
};
use attune_testkit::{Failure, Tenant, TestPlatform};

use crate::fixture::{list, time, told};

async fn person(tenant: &Tenant) -> Result<String, Failure> {
    let email = Identity {
        kind: IdentityKind::Email.into(),
        value: "ana@example.com".into(),
        ..Default::default()
    };
    let consent = Consent {
        channel: MessageChannel::Email.into(),
        purpose: Purpose::Service.into(),
        state: ConsentState::Granted.into(),
        source: "web".into(),
        decided_at: None,
    };
    let request = CreateProfileRequest {
        profile: Some(Profile {
            identities: vec![email],
            ..Default::default()
        }),
        consents: vec![consent],
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

#[tokio::test]
async fn a_message_that_was_sent_becomes_one_outbound_interaction() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme).await?;
    let template = Template {
        name: "hello".into(),
        purpose: Purpose::Service.into(),
        variants: vec![TemplateVariant {
            language: "en".into(),
            subject: "Hi".into(),
            body: "Hello".into(),
        }],
        ..Default::default()
    };
    let request = CreateTemplateRequest {
        template: Some(template),
        request_id: String::new(),
    };
    let template_id = acme
        .templates()
        .create_template(request)
        .await?
        .into_inner()
        .template
        .unwrap()
        .template_id;
    let send = SendMessageRequest {
        profile_id: ana.clone(),
        template_id,
        ..Default::default()
    };
    let message = acme
        .messages()
        .send_message(send.clone())
        .await?
        .into_inner()
        .message
        .unwrap();
    // One that is blocked is no contact.
    let nobody = SendMessageRequest {
        profile_id: uuid::Uuid::now_v7().to_string(),
        ..send
    };
    acme.messages().send_message(nobody).await?;
    platform.settle().await?;

    let contacts = list(&acme, "", 0).await?;
    let [contact] = contacts.as_slice() else {
        panic!("{} contacts", contacts.len())
    };
    assert_eq!(
        (contact.profile_id.as_str(), contact.direction()),
        (ana.as_str(), Direction::Outbound)
    );
    assert_eq!(
        (contact.channel.as_str(), contact.touchpoint.as_str()),
        ("email", "message.email")
    );
    assert_eq!(
        (contact.source_id.as_str(), contact.outcome.as_str()),
        (message.message_id.as_str(), "sent")
    );
    assert_eq!(contact.occurred_at, Some(time(platform.now())));
    assert_eq!(told(&acme).await?.len(), 1);

    // Told once more, it is the same contact.
    sqlx::query(
        "INSERT INTO notifications.outbox
             (event_id, subject, subject_version, occurred_at, tenant_id, type, payload)
         SELECT gen_random_uuid(), subject, subject_version + 1, occurred_at, tenant_id, type, payload
         FROM notifications.event_log",
    )
    .execute(platform.admin())
    .await?;
    platform.settle().await?;
    assert_eq!(
        (list(&acme, "", 0).await?, told(&acme).await?.len()),
        (contacts, 1)
    );
    Ok(())
}
