use attune_api::notifications::v1::MessageState;
use attune_api::profiles::v1::{ConsentState, Profile};
use attune_mailbox::Behaviour;
use attune_testkit::{Failure, TestPlatform};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::fixture::{create, explain, follow_up, get, letter, outcome, person, send, told, withdraw};

#[tokio::test]
async fn who_did_not_agree_has_no_address_or_is_not_known_gets_nothing_and_the_reason_is_kept()
-> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let letter = letter(&acme).await?;
    let email = attune_api::profiles::v1::Identity {
        kind: attune_api::profiles::v1::IdentityKind::Email.into(),
        value: "never@example.com".into(),
        ..Default::default()
    };
    let never = create(
        &acme,
        Profile {
            identities: vec![email],
            ..Default::default()
        },
        vec![],
    )
    .await?;
    let denied = create(&acme, Profile::default(), vec![follow_up(ConsentState::Denied)]).await?;
    let homeless = person(&acme, "Bo", "", "").await?;
    let elsewhere = person(&platform.tenant("globex"), "Cy", "cy@example.com", "").await?;
    let nobody = Uuid::now_v7().to_string();
    for (profile_id, why, fact) in [
        (never, "no_consent", "never_decided"),
        (denied, "no_consent", "denied"),
        (homeless, "no_address", r#""address":false"#),
        (elsewhere, "unknown_profile", "unknown"),
        (nobody, "unknown_profile", "unknown"),
    ] {
        let message_id = send(&acme, &profile_id, &letter, &[]).await?;
        platform.settle().await?;
        assert_eq!(
            outcome(&acme, &message_id).await?,
            (MessageState::Blocked, why.into())
        );
        assert!(get(&acme, &message_id).await?.decided_at.is_some());
        let decision = explain(&acme, &message_id).await?.pop().unwrap();
        assert_eq!(
            (decision.outcome.as_str(), decision.reason.as_str()),
            ("blocked", why)
        );
        assert_eq!(decision.rule, "consent-1");
        assert!(decision.inputs_json.contains(fact), "{}", decision.inputs_json);
        assert_eq!(
            told(&acme).await?.pop().unwrap(),
            ("MessageBlocked".to_owned(), message_id)
        );
    }
    assert_eq!((platform.mailbox().attempts(), told(&acme).await?.len()), (0, 5));
    Ok(())
}

#[tokio::test]
async fn a_consent_withdrawn_before_the_next_attempt_blocks_it() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    platform.mailbox().behave(Behaviour::Refuse);
    let message_id = send(&acme, &ana, &letter(&acme).await?, &[]).await?;
    platform.settle().await?;
    assert_eq!(outcome(&acme, &message_id).await?.0, MessageState::Queued);

    withdraw(&acme, &ana).await?;
    platform.mailbox().behave(Behaviour::Accept);
    platform.advance(TimeDelta::hours(1)).await?;
    assert_eq!(
        outcome(&acme, &message_id).await?,
        (MessageState::Blocked, "no_consent".into())
    );
    assert_eq!(platform.mailbox().count(), 0);
    let decisions = explain(&acme, &message_id).await?;
    let outcomes: Vec<_> = decisions
        .iter()
        .map(|decision| decision.outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["retry", "blocked"]);
    Ok(())
}
