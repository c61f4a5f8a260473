//! What is held back, what waits, and what counts.

use attune_api::improvement::v1::CohortTellingRequested;
use attune_api::notifications::v1::{ContactBudget, ContactState, GetContactBudgetRequest, MessageState};
use attune_api::profiles::v1::Purpose;
use attune_mailbox::Behaviour;
use attune_testkit::{Failure, TestPlatform, reason, violated_fields};
use chrono::TimeDelta;
use tonic::Code;
use uuid::Uuid;

use super::{agreeable, allow, allowance, at, letter_for, set, used};
use crate::fixture::{explain, get, letter, outcome, person, send, variables, withdraw};
use crate::telling::tell;

#[tokio::test]
async fn a_follow_up_beyond_the_budget_waits_until_the_window_frees_and_is_not_lost() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    allow(&acme, 2, 7).await?;
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let letter = letter(&acme).await?;
    let start = platform.now();
    send(&acme, &ana, &letter, &[]).await?;
    platform.advance(TimeDelta::days(1)).await?;
    send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;
    let third = send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;

    let waiting = get(&acme, &third).await?;
    assert_eq!(
        (waiting.state(), waiting.reason.as_str(), waiting.attempts),
        (MessageState::Queued, "contact_budget_used", 0)
    );
    let free_at = at(waiting.deferred_until);
    // The first mail was sent a moment after the start, which stands still.
    assert_eq!(free_at, start + TimeDelta::days(7));
    let (left, contacts) = allowance(&acme, &ana).await?;
    assert_eq!(
        (left.allowed, left.reason.as_str(), left.used, left.left),
        (false, "contact_budget_used", 2, Some(0))
    );
    assert_eq!(at(left.free_at), free_at);
    assert!(contacts.len() == 2 && contacts.iter().all(|one| one.state() == ContactState::Sent));
    assert!(
        at(contacts[0].sent_at) > at(contacts[1].sent_at),
        "the newest first"
    );

    platform.advance_to(free_at - TimeDelta::seconds(1)).await?;
    assert_eq!(platform.mailbox().count(), 2);
    platform.advance_to(free_at).await?;
    assert_eq!(outcome(&acme, &third).await?, (MessageState::Sent, String::new()));
    assert!(get(&acme, &third).await?.deferred_until.is_none());
    let decisions = explain(&acme, &third).await?;
    let said: Vec<_> = decisions
        .iter()
        .map(|decision| (decision.outcome.as_str(), decision.rule.as_str()))
        .collect();
    assert_eq!(said, [("deferred", "contact-budget-1"), ("sent", "consent-1")]);
    for fact in [r#""used":2"#, r#""most":2"#, r#""days":7"#, r#""budget":1"#] {
        assert!(
            decisions[0].inputs_json.contains(fact),
            "{}",
            decisions[0].inputs_json
        );
    }
    assert!(decisions[1].inputs_json.contains(r#""used":1"#));
    Ok(())
}

#[tokio::test]
async fn what_was_asked_for_goes_and_counts_and_what_cannot_wait_is_blocked() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    allow(&acme, 1, 30).await?;
    let ana = agreeable(&acme, "ana@example.com").await?;
    let reply = letter_for(&acme, Purpose::Service).await?;
    for _ in 0..3 {
        let message_id = send(&acme, &ana, &reply, &[]).await?;
        platform.settle().await?;
        assert_eq!(outcome(&acme, &message_id).await?.0, MessageState::Sent);
    }
    assert_eq!(used(&acme, &ana).await?, 3);
    for purpose in [Purpose::Survey, Purpose::Marketing] {
        let message_id = send(&acme, &ana, &letter_for(&acme, purpose).await?, &[]).await?;
        platform.settle().await?;
        assert_eq!(
            outcome(&acme, &message_id).await?,
            (MessageState::Blocked, "contact_budget_used".into())
        );
        let decision = explain(&acme, &message_id).await?.pop().unwrap();
        assert_eq!(
            (decision.outcome.as_str(), decision.rule.as_str()),
            ("blocked", "contact-budget-1")
        );
    }
    // Asked why, the platform also says what is left.
    assert_eq!((platform.mailbox().count(), used(&acme, &ana).await?), (3, 3));
    assert_eq!(
        used(&platform.tenant("globex"), &ana).await?,
        0,
        "another company's budget is its own"
    );
    Ok(())
}

#[tokio::test]
async fn what_improvement_tells_and_what_others_send_count_together() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    allow(&acme, 1, 14).await?;
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let bo = person(&acme, "Bo", "bo@example.com", "").await?;
    let letter = letter(&acme).await?;
    send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;
    let initiative = Uuid::now_v7();
    let asked = CohortTellingRequested {
        initiative_id: initiative.to_string(),
        iteration: 1,
        template_id: letter,
        variables: variables(&[]),
        profile_ids: vec![ana.clone(), bo.clone()],
    };
    tell(&platform, initiative, 1, &asked).await?;
    platform.settle().await?;
    assert_eq!(platform.mailbox().count(), 2, "Bo is told at once, Ana later");
    platform.advance(TimeDelta::days(14)).await?;
    assert_eq!(platform.mailbox().count(), 3);
    let (_, contacts) = allowance(&acme, &ana).await?;
    let [told] = contacts.as_slice() else {
        panic!("{contacts:?}")
    };
    let of = told.origin.clone().unwrap();
    assert_eq!((of.kind.as_str(), of.id), ("initiative", initiative.to_string()));
    Ok(())
}

#[tokio::test]
async fn what_was_not_delivered_is_no_contact_and_what_is_tried_again_is_one() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    allow(&acme, 1, 7).await?;
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let letter = letter(&acme).await?;
    platform.mailbox().behave(Behaviour::Reject);
    let rejected = send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;
    assert_eq!(outcome(&acme, &rejected).await?.0, MessageState::Failed);
    assert_eq!(used(&acme, &ana).await?, 0);

    platform.mailbox().behave(Behaviour::Refuse);
    let retried = send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;
    let (left, contacts) = allowance(&acme, &ana).await?;
    assert_eq!((left.used, contacts[0].state()), (1, ContactState::UnderWay));
    platform.mailbox().behave(Behaviour::Accept);
    platform.advance(TimeDelta::hours(1)).await?;
    assert_eq!(outcome(&acme, &retried).await?.0, MessageState::Sent);
    let (left, contacts) = allowance(&acme, &ana).await?;
    let contact = &contacts[0];
    assert_eq!((left.used, contact.state()), (1, ContactState::Sent));
    assert!(
        at(contact.sent_at) > at(contact.create_time),
        "it counts from when it was sent"
    );

    // One that waits and may not be sent any more leaves nothing behind.
    let waiting = send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;
    withdraw(&acme, &ana).await?;
    platform.advance(TimeDelta::days(8)).await?;
    assert_eq!(
        outcome(&acme, &waiting).await?,
        (MessageState::Blocked, "no_consent".into())
    );
    assert_eq!(used(&acme, &ana).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_follow_up_that_would_wait_for_more_than_thirty_days_is_blocked() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    allow(&acme, 1, 60).await?;
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let letter = letter(&acme).await?;
    send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;
    let late = send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;
    assert_eq!(
        outcome(&acme, &late).await?,
        (MessageState::Blocked, "contact_budget_used".into())
    );
    Ok(())
}

#[tokio::test]
async fn every_budget_is_kept_and_the_newest_holds() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let get = async |number| {
        let answer = acme
            .contacts()
            .get_contact_budget(GetContactBudgetRequest { number })
            .await;
        answer.map(|answer| answer.into_inner().budget.unwrap())
    };
    let none = get(None).await?;
    assert_eq!((none.number, none.most_contacts), (0, 0));
    let first = allow(&acme, 3, 7).await?;
    assert!(first.number == 1 && !first.author.is_empty() && first.create_time.is_some());
    let changed = ContactBudget {
        most_contacts: 5,
        ..first.clone()
    };
    let second = set(&acme, changed.clone()).await?;
    assert_eq!((second.number, second.most_contacts), (2, 5));
    let old = set(&acme, changed).await.unwrap_err();
    assert_eq!(
        (old.code(), reason(&old).as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );
    assert_eq!((get(None).await?, get(Some(1)).await?), (second, first));
    assert_eq!(get(Some(3)).await.unwrap_err().code(), Code::NotFound);
    let wrong = allow(&acme, 101, 0).await.unwrap_err();
    assert_eq!(
        violated_fields(&wrong),
        ["budget.most_contacts", "budget.window_days"]
    );
    Ok(())
}
