use std::collections::HashMap;

use attune_api::notifications::v1::MessageState;
use attune_mailbox::Behaviour;
use attune_testkit::{Failure, Settings, TestPlatform, WEBHOOK_SECRET};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::fixture::{explain, get, letter, outcome, person, send, told};
use crate::provider::{one_is_refused_for_good, some_are_never_answered};

async fn platform() -> Result<TestPlatform, Failure> {
    TestPlatform::start_with(Settings {
        mail_by_webhook: true,
        mail_timeout_seconds: 2,
        ..Settings::new()?
    })
    .await
}

#[tokio::test]
async fn an_endpoint_is_given_the_mail_as_a_document_that_it_can_trust() -> Result<(), Failure> {
    let platform = platform().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let message_id = send(&acme, &ana, &letter(&acme).await?, &[]).await?;
    platform.settle().await?;
    assert_eq!(
        outcome(&acme, &message_id).await?,
        (MessageState::Sent, String::new())
    );
    let received = platform.mailbox().received();
    let [mail] = received.as_slice() else {
        return Err(format!("{} mails arrived", received.len()).into());
    };
    let document: Value = serde_json::from_slice(&mail.raw)?;
    assert_eq!(document["type"], "mail.send");
    assert_eq!(document["timestamp"], "2026-03-02T08:00:00.000Z");
    let expected = json!({
        "message_id": message_id,
        "from": attune_notifications::Config::default().mail_from,
        "to": "ana@example.com",
        "subject": "News",
        "body": "Dear Ana, we did it.",
    });
    assert_eq!(document["data"], expected);

    let header = |name: &str| mail.header(name).unwrap_or_default();
    assert_eq!(header("webhook-id"), message_id);
    let mut signed = format!("{message_id}.{}.", header("webhook-timestamp")).into_bytes();
    signed.extend_from_slice(&mail.raw);
    let secret = STANDARD.decode(WEBHOOK_SECRET.trim_start_matches("whsec_"))?;
    let signature = STANDARD.decode(header("webhook-signature").trim_start_matches("v1,"))?;
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &secret), &signed, &signature)?;
    assert_eq!(told(&acme).await?, [("MessageSent".to_owned(), message_id)]);
    Ok(())
}

#[tokio::test]
async fn an_endpoint_that_asks_for_a_rest_is_left_alone_that_long() -> Result<(), Failure> {
    let platform = platform().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    platform.mailbox().behave(Behaviour::SlowDown { seconds: 3600 });
    let message_id = send(&acme, &ana, &letter(&acme).await?, &[]).await?;
    for _ in 0..59 {
        platform.advance(TimeDelta::minutes(1)).await?;
    }
    assert_eq!(platform.mailbox().attempts(), 1);
    assert_eq!(outcome(&acme, &message_id).await?.0, MessageState::Queued);

    platform.mailbox().behave(Behaviour::Accept);
    // A rest is up to a quarter longer.
    platform.advance(TimeDelta::minutes(17)).await?;
    assert_eq!(outcome(&acme, &message_id).await?.0, MessageState::Sent);
    assert_eq!(
        (platform.mailbox().attempts(), platform.mailbox().count()),
        (2, 1)
    );
    let decisions = explain(&acme, &message_id).await?;
    let told = decisions
        .iter()
        .map(|decision| (decision.outcome.as_str(), decision.reason.as_str()));
    assert_eq!(told.collect::<Vec<_>>(), [("retry", "refused_429"), ("sent", "")]);
    Ok(())
}

#[tokio::test]
async fn an_endpoint_that_is_down_gets_the_mail_when_it_is_back() -> Result<(), Failure> {
    let platform = platform().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    for (behaviour, reason) in [
        (Behaviour::Refuse, "refused_503"),
        (Behaviour::DropMidData, "unreachable"),
    ] {
        platform.mailbox().behave(behaviour);
        let message_id = send(&acme, &ana, &letter(&acme).await?, &[]).await?;
        platform.advance(TimeDelta::minutes(2)).await?;
        assert_eq!(outcome(&acme, &message_id).await?.0, MessageState::Queued);
        let decisions = explain(&acme, &message_id).await?;
        assert!(decisions.iter().all(|decision| decision.reason == reason));
        platform.mailbox().behave(Behaviour::Accept);
        platform.advance(TimeDelta::hours(1)).await?;
        assert_eq!(outcome(&acme, &message_id).await?.0, MessageState::Sent);
    }
    assert_eq!(platform.mailbox().count(), 2);
    Ok(())
}

#[tokio::test]
async fn a_document_refused_for_good_fails_with_the_code_and_the_others_arrive() -> Result<(), Failure> {
    one_is_refused_for_good(&platform().await?, "refused_422").await
}

#[tokio::test]
async fn what_an_endpoint_took_without_saying_so_is_handed_over_again_under_the_same_id()
-> Result<(), Failure> {
    let platform = platform().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    platform.mailbox().behave(Behaviour::AcceptThenDropBeforeReply);
    let message_id = send(&acme, &ana, &letter(&acme).await?, &[]).await?;
    for _ in 0..20 {
        platform.advance(TimeDelta::hours(6)).await?;
    }
    let message = get(&acme, &message_id).await?;
    assert_eq!(message.state(), MessageState::Failed);
    let mut copies = HashMap::new();
    for mail in platform.mailbox().received() {
        *copies
            .entry(mail.header("webhook-id").unwrap().to_owned())
            .or_insert(0) += 1;
    }
    assert_eq!(copies, HashMap::from([(message_id, message.attempts)]));
    assert_eq!(told(&acme).await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_never_answers_for_some_does_not_hold_the_others() -> Result<(), Failure> {
    some_are_never_answered(&platform().await?).await
}
