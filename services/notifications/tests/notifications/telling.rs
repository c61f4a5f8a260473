use std::collections::BTreeMap;

use attune_api::improvement::v1::{
    CohortTellingRequested, Department, DepartmentTellingRequested, DigestComposed,
};
use attune_api::notifications::v1::{ListMessagesRequest, MessageState};
use attune_testkit::{Failure, TestPlatform};
use chrono::Utc;
use prost::{Message, Name};
use uuid::Uuid;

use crate::fixture::{person, template, told, variables, variant};

/// Puts into the feed of improvement what it would tell.
pub(crate) async fn tell<M: Message + Name>(
    platform: &TestPlatform,
    subject: Uuid,
    version: i64,
    event: &M,
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO improvement.outbox (event_id, subject, subject_version, occurred_at, tenant_id, type, payload)
         VALUES ($1, $2, $3, $4, 'acme', $5, $6)",
    )
    .bind(Uuid::now_v7())
    .bind(subject)
    .bind(version)
    .bind(Utc::now())
    .bind(M::full_name())
    .bind(event.encode_to_vec())
    .execute(platform.admin())
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_cohort_told_twice_about_an_iteration_gets_one_message_each() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let mut profile_ids = Vec::new();
    for n in 0..12 {
        profile_ids.push(person(&acme, &format!("P{n}"), &format!("p{n}@example.com"), "").await?);
    }
    let template_id = template(
        &acme,
        vec![variant(
            "en",
            "About {{ issue_title }}",
            "Dear {{ display_name }}: {{ change }}",
        )],
    )
    .await?;
    let initiative = Uuid::now_v7();
    let mut asked = CohortTellingRequested {
        initiative_id: initiative.to_string(),
        iteration: 1,
        template_id,
        variables: variables(&[("issue_title", "late bags"), ("change", "a new belt")]),
        profile_ids: profile_ids.clone(),
    };
    tell(&platform, initiative, 1, &asked).await?;
    platform.settle().await?;
    assert_eq!(platform.mailbox().count(), 12);
    // Again, in another cut, with one of them named twice.
    asked.profile_ids = profile_ids[5..]
        .iter()
        .chain(&profile_ids[..7])
        .cloned()
        .collect();
    tell(&platform, initiative, 2, &asked).await?;
    platform.settle().await?;
    assert_eq!((platform.mailbox().count(), told(&acme).await?.len()), (12, 12));
    // The next iteration is another occasion.
    asked.iteration = 2;
    tell(&platform, initiative, 3, &asked).await?;
    platform.settle().await?;
    let mails = platform.mailbox().received();
    assert_eq!(mails.len(), 24);
    assert!(
        mails
            .iter()
            .all(|mail| mail.subject == "About late bags" && mail.text.contains(": a new belt"))
    );

    let request = ListMessagesRequest {
        origin_id: initiative.to_string(),
        page_size: 100,
        ..Default::default()
    };
    let messages = acme
        .messages()
        .list_messages(request)
        .await?
        .into_inner()
        .messages;
    let mut occasions = BTreeMap::new();
    for message in &messages {
        let origin = message.origin.clone().unwrap();
        assert_eq!(
            (message.state(), origin.kind.as_str()),
            (MessageState::Sent, "initiative")
        );
        *occasions.entry(origin.occasion).or_insert(0) += 1;
    }
    assert_eq!(
        occasions,
        BTreeMap::from([("1".to_owned(), 12), ("2".to_owned(), 12)])
    );
    Ok(())
}

#[tokio::test]
async fn each_department_gets_one_letter_of_an_occasion() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let department = |name: &str, email: &str| Department {
        name: name.into(),
        email: email.into(),
    };
    let initiative = Uuid::now_v7();
    let asked = DepartmentTellingRequested {
        initiative_id: initiative.to_string(),
        occasion: "planned".into(),
        departments: vec![
            department("Bags", "bags@acme.example"),
            department("Desk", "Desk@acme.example"),
        ],
        subject: "Planned:\r\nBcc: all@example.com".into(),
        body: "We will mend the belt.".into(),
    };
    for version in 1..=2 {
        tell(&platform, initiative, version, &asked).await?;
        platform.settle().await?;
    }
    let mails = platform.mailbox().received();
    let mut to: Vec<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    to.sort_unstable();
    assert_eq!(to, ["bags@acme.example", "desk@acme.example"]);
    assert!(
        mails
            .iter()
            .all(|mail| mail.subject == "Planned: Bcc: all@example.com" && mail.header("Bcc").is_none())
    );
    assert!(
        mails
            .iter()
            .all(|mail| mail.text.trim_end() == "We will mend the belt.")
    );
    let listed = acme
        .messages()
        .list_messages(ListMessagesRequest::default())
        .await?
        .into_inner()
        .messages;
    assert!(
        listed
            .iter()
            .all(|message| message.profile_id.is_empty() && message.state() == MessageState::Sent)
    );
    assert_eq!((listed.len(), told(&acme).await?.len()), (2, 2));
    Ok(())
}

#[tokio::test]
async fn a_digest_is_one_letter_a_number_however_often_it_is_told_of() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let subscription = Uuid::now_v7();
    let mut composed = DigestComposed {
        digest_subscription_id: subscription.to_string(),
        number: 1,
        member_id: "grace".into(),
        email: "Grace@acme.example".into(),
        subject: "What changed".into(),
        body: "Dear Grace,\n\n2 issues were opened.\n".into(),
    };
    for version in 1..=2 {
        tell(&platform, subscription, version, &composed).await?;
        platform.settle().await?;
    }
    assert_eq!(platform.mailbox().count(), 1);
    composed.number = 2;
    tell(&platform, subscription, 3, &composed).await?;
    platform.settle().await?;
    let mails = platform.mailbox().received();
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.to == ["grace@acme.example"]
        && mail.subject == "What changed"
        && mail.text.contains("2 issues were opened.")));
    let request = ListMessagesRequest {
        origin_id: subscription.to_string(),
        ..Default::default()
    };
    let messages = acme
        .messages()
        .list_messages(request)
        .await?
        .into_inner()
        .messages;
    let origins: Vec<_> = messages
        .into_iter()
        .filter_map(|message| message.origin)
        .map(|origin| (origin.kind, origin.occasion))
        .collect();
    assert_eq!(
        origins,
        [
            ("digest".to_owned(), "2".to_owned()),
            ("digest".to_owned(), "1".to_owned())
        ]
    );
    Ok(())
}
