use attune_api::notifications::v1::{ListMessagesRequest, MessageOrigin, MessageState, SendMessageRequest};
use attune_mailbox::Behaviour;
use attune_testkit::{Failure, TestPlatform, violated_fields};
use chrono::TimeDelta;
use tonic::Code;
use uuid::Uuid;

use crate::fixture::{
    explain, get, letter, outcome, person, send, template, told, variables, variant, withdraw,
};

#[tokio::test]
async fn a_person_who_agreed_gets_the_letter_in_their_language_under_the_messages_id() -> Result<(), Failure>
{
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana Sánchez", "ana@example.com", "es").await?;
    let variants = vec![
        variant("en", "About {{ issue }}", "Dear {{ display_name }}"),
        variant(
            "es",
            "Sobre {{ issue }} ✈",
            "Querida {{ display_name }}:\n\nya está.\n.\n",
        ),
    ];
    let template_id = template(&acme, variants).await?;
    let message_id = send(&acme, &ana, &template_id, &[("issue", "el equipaje")]).await?;
    platform.settle().await?;

    let mails = platform.mailbox().received();
    let [mail] = mails.as_slice() else {
        panic!("{} mails", mails.len())
    };
    assert_eq!(mail.to, ["ana@example.com"]);
    assert_eq!(mail.subject, "Sobre el equipaje ✈");
    assert_eq!(
        mail.text.replace("\r\n", "\n").trim_end(),
        "Querida Ana Sánchez:\n\nya está.\n."
    );
    assert!(
        mail.message_id
            .as_deref()
            .unwrap()
            .starts_with(&format!("{message_id}@"))
    );
    assert!(mail.header("Date").unwrap().contains("2 Mar 2026 08:00:00"));

    let message = get(&acme, &message_id).await?;
    assert_eq!(
        (message.state(), message.reason.as_str(), message.attempts),
        (MessageState::Sent, "", 1)
    );
    let decisions = explain(&acme, &message_id).await?;
    let [decision] = decisions.as_slice() else {
        panic!("{} decisions", decisions.len())
    };
    assert_eq!(
        (decision.outcome.as_str(), decision.rule.as_str()),
        ("sent", "consent-1")
    );
    for fact in [
        r#""consent":"granted""#,
        r#""purpose":"follow_up""#,
        r#""variant":"es""#,
    ] {
        assert!(decision.inputs_json.contains(fact), "{}", decision.inputs_json);
    }
    for personal in ["ana@", "Ana", "equipaje"] {
        assert!(!decision.inputs_json.contains(personal));
    }
    assert_eq!(told(&acme).await?, [("MessageSent".to_owned(), message_id)]);
    Ok(())
}

#[tokio::test]
async fn nothing_a_person_or_a_caller_writes_becomes_a_header() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let evil = "x\r\nBcc: all@example.com\r\n\r\n<html>";
    let ana = person(&acme, evil, "ana@example.com", "").await?;
    let template_id = template(
        &acme,
        vec![variant(
            "en",
            "{{ display_name }} {{ v }}\nCc: them",
            "{{ display_name }} {{ v }}",
        )],
    )
    .await?;
    send(&acme, &ana, &template_id, &[("v", evil)]).await?;
    platform.settle().await?;
    let mail = platform.mailbox().received().pop().unwrap();
    assert_eq!(mail.to, ["ana@example.com"]);
    let names: Vec<_> = mail.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
    assert!(
        !names.iter().any(|name| name == "bcc" || name == "cc"),
        "{names:?}"
    );
    assert!(mail.subject.starts_with("x Bcc: all@example.com") && mail.subject.ends_with("Cc: them"));
    assert!(mail.html.is_none());
    Ok(())
}

#[tokio::test]
async fn a_message_with_a_hole_is_not_sent() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let template_id = template(&acme, vec![variant("en", "Hi", "Your {{ item }} is here")]).await?;
    let message_id = send(&acme, &ana, &template_id, &[("other", "secret words")]).await?;
    platform.settle().await?;
    assert_eq!(
        outcome(&acme, &message_id).await?,
        (MessageState::Failed, "template_error".into())
    );
    let decision = explain(&acme, &message_id).await?.pop().unwrap();
    assert_eq!(decision.rule, "template-1");
    assert!(decision.inputs_json.contains("no value for item") && !decision.inputs_json.contains("secret"));
    assert_eq!(
        (
            platform.mailbox().attempts(),
            get(&acme, &message_id).await?.attempts
        ),
        (0, 0)
    );
    assert_eq!(told(&acme).await?, [("MessageFailed".to_owned(), message_id)]);
    Ok(())
}

#[tokio::test]
async fn a_repeated_request_sends_once() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let request = SendMessageRequest {
        profile_id: ana,
        template_id: letter(&acme).await?,
        variables: variables(&[("issue", "late")]),
        request_id: Uuid::new_v4().to_string(),
        origin: None,
    };
    let first = acme
        .messages()
        .send_message(request.clone())
        .await?
        .into_inner()
        .message
        .unwrap();
    platform.settle().await?;
    let second = acme
        .messages()
        .send_message(request)
        .await?
        .into_inner()
        .message
        .unwrap();
    platform.settle().await?;
    assert_eq!(
        (first.state(), second.state()),
        (MessageState::Queued, MessageState::Sent)
    );
    assert_eq!(
        (first.message_id, platform.mailbox().count()),
        (second.message_id, 1)
    );
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_when_it_is_asked_for() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let wrong = send(&acme, "ana", "hello", &[("Key", "v")]).await.unwrap_err();
    assert_eq!(
        violated_fields(&wrong),
        ["profile_id", "template_id", "variables[0].key"]
    );
    let somebody = Uuid::now_v7().to_string();
    let unknown = send(&acme, &somebody, &Uuid::now_v7().to_string(), &[])
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let theirs = letter(&platform.tenant("globex")).await?;
    assert_eq!(
        send(&acme, &somebody, &theirs, &[]).await.unwrap_err().code(),
        Code::NotFound
    );
    Ok(())
}

#[tokio::test]
async fn messages_are_listed_newest_first_by_person_origin_and_state() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let bo = person(&acme, "Bo", "bo@example.com", "").await?;
    withdraw(&acme, &bo).await?;
    let letter = letter(&acme).await?;
    let (mut to_ana, mut to_bo, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..9 {
        let (profile, theirs) = if n % 3 == 0 {
            (&bo, &mut to_bo)
        } else {
            (&ana, &mut to_ana)
        };
        let message_id = send(&acme, profile, &letter, &[]).await?;
        theirs.insert(0, message_id.clone());
        all.insert(0, message_id);
    }
    platform.settle().await?;
    let (blocked, sent) = (i32::from(MessageState::Blocked), i32::from(MessageState::Sent));
    let any = ListMessagesRequest::default();
    // The origin of a message that a caller asked for is the message itself.
    let origin = ListMessagesRequest {
        origin_id: to_ana[2].clone(),
        ..any.clone()
    };
    let cases = [
        (any.clone(), all),
        (
            ListMessagesRequest {
                profile_id: bo.clone(),
                ..any.clone()
            },
            to_bo.clone(),
        ),
        (
            ListMessagesRequest {
                profile_id: bo.clone(),
                state: blocked,
                ..any.clone()
            },
            to_bo.clone(),
        ),
        (
            ListMessagesRequest {
                profile_id: bo,
                state: sent,
                ..any.clone()
            },
            vec![],
        ),
        (
            ListMessagesRequest {
                state: blocked,
                ..any.clone()
            },
            to_bo,
        ),
        (
            ListMessagesRequest {
                state: MessageState::Failed.into(),
                ..any.clone()
            },
            vec![],
        ),
        (ListMessagesRequest { state: sent, ..any }, to_ana.clone()),
        (
            ListMessagesRequest {
                state: sent,
                ..origin.clone()
            },
            vec![to_ana[2].clone()],
        ),
        (
            ListMessagesRequest {
                state: blocked,
                ..origin.clone()
            },
            vec![],
        ),
        (origin, vec![to_ana[2].clone()]),
    ];
    for (mut request, expected) in cases {
        request.page_size = 2;
        let mut walked = Vec::new();
        loop {
            let page = acme.messages().list_messages(request.clone()).await?.into_inner();
            walked.extend(page.messages.into_iter().map(|message| message.message_id));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(walked, expected, "{request:?}");
    }
    Ok(())
}

#[tokio::test]
async fn of_one_occasion_a_person_gets_one_message_whoever_asks_how_often() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let template_id = letter(&acme).await?;
    let ask = |kind: &str, request_id: String| SendMessageRequest {
        profile_id: ana.clone(),
        template_id: template_id.clone(),
        variables: variables(&[("issue", "late")]),
        request_id,
        origin: Some(MessageOrigin {
            kind: kind.into(),
            id: "order 1".into(),
            occasion: "shipped".into(),
        }),
    };
    let mut ids = Vec::new();
    let repeated = Uuid::new_v4().to_string();
    for request_id in [String::new(), repeated.clone(), repeated] {
        let sent = acme
            .messages()
            .send_message(ask("crm", request_id))
            .await?
            .into_inner();
        let message = sent.message.unwrap();
        assert_eq!(message.origin.unwrap().occasion, "shipped");
        ids.push(message.message_id);
        platform.settle().await?;
    }
    assert_eq!((&ids[0], &ids[0]), (&ids[1], &ids[2]));
    assert_eq!(platform.mailbox().count(), 1);
    for own in ["api", "initiative", "", "CRM"] {
        let refused = acme
            .messages()
            .send_message(ask(own, String::new()))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{own}");
    }
    Ok(())
}

#[tokio::test]
async fn what_waits_is_listed_page_by_page_and_no_longer_once_it_left() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let (acme, other) = (platform.tenant("acme"), platform.tenant("other"));
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let letter = letter(&acme).await?;
    send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;
    platform.mailbox().behave(Behaviour::Refuse);
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.insert(0, send(&acme, &ana, &letter, &[]).await?);
    }
    platform.settle().await?;
    let queued = ListMessagesRequest {
        state: MessageState::Queued.into(),
        page_size: 2,
        ..ListMessagesRequest::default()
    };
    let (mut found, mut page) = (Vec::new(), queued.clone());
    loop {
        let answer = acme.messages().list_messages(page.clone()).await?.into_inner();
        found.extend(answer.messages.into_iter().map(|message| message.message_id));
        page.page_token = answer.next_page_token;
        if page.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, waiting);
    let theirs = other.messages().list_messages(queued.clone()).await?.into_inner();
    assert_eq!(theirs.messages, []);

    platform.mailbox().behave(Behaviour::Accept);
    platform.advance(TimeDelta::hours(1)).await?;
    let left = acme.messages().list_messages(queued).await?.into_inner();
    assert_eq!(left.messages, []);
    Ok(())
}
