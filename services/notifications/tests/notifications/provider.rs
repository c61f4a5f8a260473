use std::collections::HashMap;
use std::time::Duration;

use attune_api::notifications::v1::MessageState;
use attune_mailbox::Behaviour;
use attune_testkit::{Failure, Settings, TestPlatform};
use chrono::TimeDelta;

use crate::fixture::{explain, get, letter, outcome, person, send, told};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn while_the_provider_is_down_attempts_come_at_growing_rests_and_then_one_mail_arrives()
-> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    platform.mailbox().behave(Behaviour::Refuse);
    let message_id = send(&acme, &ana, &letter(&acme).await?, &[]).await?;
    for _ in 0..30 {
        platform.advance(TimeDelta::minutes(1)).await?;
    }
    let waiting = get(&acme, &message_id).await?;
    assert_eq!(
        (waiting.state(), waiting.decided_at),
        (MessageState::Queued, None)
    );
    assert!(
        (5..=7).contains(&waiting.attempts),
        "{} attempts in half an hour",
        waiting.attempts
    );
    assert_eq!(u64::try_from(waiting.attempts)?, platform.mailbox().attempts());

    platform.mailbox().behave(Behaviour::Accept);
    platform.advance(TimeDelta::hours(1)).await?;
    let sent = get(&acme, &message_id).await?;
    assert_eq!(
        (sent.state(), platform.mailbox().count()),
        (MessageState::Sent, 1)
    );
    let decisions = explain(&acme, &message_id).await?;
    assert_eq!(decisions.len(), usize::try_from(sent.attempts)?);
    assert_eq!(decisions.last().unwrap().outcome, "sent");
    let (retries, _) = decisions.split_at(decisions.len() - 1);
    assert!(
        retries
            .iter()
            .all(|decision| decision.outcome == "retry" && decision.reason == "refused_450")
    );
    let seconds: Vec<i64> = decisions
        .iter()
        .map(|decision| decision.decided_at.unwrap().seconds)
        .collect();
    let rests: Vec<i64> = seconds.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Time moves in minutes here, so that the first rests look alike.
    assert!(rests.is_sorted() && rests.last() > rests.first(), "{rests:?}");
    assert_eq!(told(&acme).await?, [("MessageSent".to_owned(), message_id)]);
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_down_for_too_long_is_given_up() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    platform.mailbox().behave(Behaviour::DropMidData);
    let message_id = send(&acme, &ana, &letter(&acme).await?, &[]).await?;
    for _ in 0..16 {
        platform.advance(TimeDelta::hours(6)).await?;
    }
    assert_eq!(
        outcome(&acme, &message_id).await?,
        (MessageState::Failed, "gave_up".into())
    );
    assert_eq!(
        (
            get(&acme, &message_id).await?.attempts,
            platform.mailbox().attempts()
        ),
        (14, 14)
    );
    let last = explain(&acme, &message_id).await?.pop().unwrap();
    assert_eq!(
        (last.outcome.as_str(), last.reason.as_str()),
        ("failed", "unreachable")
    );
    assert_eq!(told(&acme).await?, [("MessageFailed".to_owned(), message_id)]);
    Ok(())
}

#[tokio::test]
async fn a_recipient_refused_for_good_fails_with_the_code_and_the_others_get_theirs() -> Result<(), Failure> {
    one_is_refused_for_good(&TestPlatform::start().await?, "refused_550").await
}

#[tokio::test]
async fn what_a_provider_took_without_saying_so_is_handed_over_again_under_the_same_message_id()
-> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
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
        *copies.entry(mail.message_id.unwrap()).or_insert(0) += 1;
    }
    // A receiver tells the copies by their id, and there are no more of them than attempts.
    assert_eq!(copies.len(), 1);
    assert!(
        copies
            .iter()
            .all(|(id, count)| id.starts_with(&message_id) && *count == message.attempts)
    );
    assert_eq!(told(&acme).await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_never_answers_for_some_does_not_hold_the_others() -> Result<(), Failure> {
    let platform = TestPlatform::start_with(Settings {
        mail_timeout_seconds: 2,
        ..Settings::new()?
    })
    .await?;
    some_are_never_answered(&platform).await
}

/// The provider refuses the mail of one recipient of eight for good: it has failed, for `reason`, and the others arrive.
pub(crate) async fn one_is_refused_for_good(platform: &TestPlatform, reason: &str) -> Result<(), Failure> {
    let acme = platform.tenant("acme");
    let letter = letter(&acme).await?;
    platform.mailbox().behave_for("p3@example.com", Behaviour::Reject);
    let mut sent = Vec::new();
    for n in 0..8 {
        let profile = person(&acme, "P", &format!("p{n}@example.com"), "").await?;
        sent.push(send(&acme, &profile, &letter, &[]).await?);
    }
    platform.settle().await?;
    for (n, message_id) in sent.iter().enumerate() {
        let expected = if n == 3 {
            (MessageState::Failed, reason.to_owned())
        } else {
            (MessageState::Sent, String::new())
        };
        assert_eq!(outcome(&acme, message_id).await?, expected);
        assert_eq!(get(&acme, message_id).await?.attempts, 1);
    }
    assert_eq!((platform.mailbox().count(), told(&acme).await?.len()), (7, 8));
    let decision = explain(&acme, &sent[3]).await?.pop().unwrap();
    assert!(!decision.reason.contains("p3@") && !decision.inputs_json.contains("p3@"));
    Ok(())
}

/// The provider never answers for every fourth of forty recipients: the others do not wait for them, and they get theirs
/// later.
pub(crate) async fn some_are_never_answered(platform: &TestPlatform) -> Result<(), Failure> {
    let acme = platform.tenant("acme");
    let letter = letter(&acme).await?;
    let (mut hanging, mut well) = (Vec::new(), Vec::new());
    for n in 0..40 {
        let email = format!("p{n}@example.com");
        let profile = person(&acme, "P", &email, "").await?;
        if n % 4 == 0 {
            platform.mailbox().behave_for(&email, Behaviour::Hang);
            hanging.push((profile, email));
        } else {
            well.push(profile);
        }
    }
    let mut waiting = Vec::new();
    for (profile, _) in &hanging {
        waiting.push(send(&acme, profile, &letter, &[]).await?);
    }
    for profile in &well {
        send(&acme, profile, &letter, &[]).await?;
    }
    platform.mailbox().wait_for(30, PATIENCE).await?;
    platform.settle().await?;
    for message_id in &waiting {
        assert_eq!(outcome(&acme, message_id).await?.0, MessageState::Queued);
        let decision = explain(&acme, message_id).await?.pop().unwrap();
        assert_eq!(
            (decision.outcome.as_str(), decision.reason.as_str()),
            ("retry", "timeout")
        );
    }
    for (_, email) in &hanging {
        platform.mailbox().behave_for(email, Behaviour::Accept);
    }
    platform.advance(TimeDelta::hours(1)).await?;
    assert_eq!((platform.mailbox().count(), told(&acme).await?.len()), (40, 40));
    Ok(())
}
