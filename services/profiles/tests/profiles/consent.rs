use attune_api::profiles::v1::{
    Consent, ConsentState, CreateProfileRequest, ListConsentHistoryRequest, Purpose,
};
use attune_testkit::{Failure, Tenant, TestPlatform, violated_fields};
use chrono::TimeDelta;
use tonic::Code;
use uuid::Uuid;

use crate::fixture::{create, create_with, decision, get, named, set_consent, time};

async fn history(tenant: &Tenant, profile_id: &str, page_size: i32) -> Result<Vec<Consent>, Failure> {
    let (mut told, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListConsentHistoryRequest {
            profile_id: profile_id.into(),
            page_size,
            page_token,
        };
        let page = tenant
            .profiles()
            .list_consent_history(request)
            .await?
            .into_inner();
        told.extend(page.consents);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(told);
        }
    }
}

#[tokio::test]
async fn the_decision_made_last_is_in_force_and_every_one_is_in_the_history_newest_first()
-> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let start = platform.now();
    let ana = create(&acme, named("Ana", vec![])).await?.profile_id;

    let granted = set_consent(&acme, &ana, decision(ConsentState::Granted, None)).await?;
    assert_eq!(granted.consents, [decision(ConsentState::Granted, Some(start))]);
    platform.advance(TimeDelta::hours(1)).await?;
    let denied = set_consent(&acme, &ana, decision(ConsentState::Denied, None)).await?;
    let withdrawn = decision(ConsentState::Denied, Some(platform.now()));
    assert_eq!(denied.consents, [withdrawn.clone()]);

    // An older one that arrives late changes nothing but the history.
    let late = decision(ConsentState::Granted, Some(start + TimeDelta::minutes(30)));
    assert_eq!(set_consent(&acme, &ana, late.clone()).await?, denied);
    let expected = [withdrawn, late, decision(ConsentState::Granted, Some(start))];
    assert_eq!(history(&acme, &ana, 0).await?, expected);
    assert_eq!(history(&acme, &ana, 1).await?, expected);
    Ok(())
}

#[tokio::test]
async fn a_decision_that_claims_to_be_made_in_the_future_cannot_outlive_a_withdrawal() -> Result<(), Failure>
{
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = create(&acme, named("Ana", vec![])).await?.profile_id;
    let tomorrow = decision(ConsentState::Granted, Some(platform.now() + TimeDelta::days(1)));
    let refused = set_consent(&acme, &ana, tomorrow.clone()).await.unwrap_err();
    assert_eq!(
        (refused.code(), violated_fields(&refused)),
        (Code::InvalidArgument, vec!["consent.decided_at".into()])
    );
    let request = CreateProfileRequest {
        profile: Some(named("Bo", vec![])),
        consents: vec![decision(ConsentState::Denied, None), tomorrow],
        request_id: String::new(),
    };
    let refused = create_with(&acme, request).await.unwrap_err();
    assert_eq!(violated_fields(&refused), ["consents[1].decided_at"]);

    // A clock that is a little ahead is no lie: the decision counts as made now.
    let ahead = decision(
        ConsentState::Granted,
        Some(platform.now() + TimeDelta::minutes(4)),
    );
    let granted = set_consent(&acme, &ana, ahead).await?;
    assert_eq!(granted.consents[0].decided_at, Some(time(platform.now())));
    let denied = set_consent(&acme, &ana, decision(ConsentState::Denied, None)).await?;
    assert_eq!(denied.consents[0].state(), ConsentState::Denied);
    Ok(())
}

#[tokio::test]
async fn decisions_that_come_with_a_profile_are_in_force_and_in_the_history() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let now = platform.now();
    let survey = Consent {
        purpose: Purpose::Survey.into(),
        ..decision(ConsentState::Granted, Some(now))
    };
    let consents = vec![
        decision(ConsentState::Denied, Some(now - TimeDelta::days(1))),
        decision(ConsentState::Granted, Some(now - TimeDelta::days(2))),
        Consent {
            decided_at: None,
            ..survey.clone()
        },
    ];
    let request = CreateProfileRequest {
        profile: Some(named("Ana", vec![])),
        consents: consents.clone(),
        request_id: String::new(),
    };
    let ana = create_with(&acme, request).await?;
    assert_eq!(ana.consents, [consents[0].clone(), survey.clone()]);
    assert_eq!(
        history(&acme, &ana.profile_id, 2).await?,
        [survey, consents[0].clone(), consents[1].clone()]
    );
    Ok(())
}

#[tokio::test]
async fn of_decisions_told_at_the_same_time_all_are_kept_and_one_is_in_force() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = create(&acme, named("Ana", vec![])).await?.profile_id;
    let start = platform.now();
    let told = (0..12).map(|minute| {
        let state = if minute == 11 {
            ConsentState::Denied
        } else {
            ConsentState::Granted
        };
        set_consent(
            &acme,
            &ana,
            decision(state, Some(start - TimeDelta::minutes(11 - minute))),
        )
    });
    for answer in futures::future::join_all(told).await {
        answer?;
    }
    assert_eq!(
        get(&acme, &ana).await?.consents,
        [decision(ConsentState::Denied, Some(start))]
    );
    assert_eq!(history(&acme, &ana, 5).await?.len(), 12);
    Ok(())
}

#[tokio::test]
async fn a_decision_of_nobody_is_refused() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let nobody = Uuid::now_v7().to_string();
    let refused = set_consent(&acme, &nobody, decision(ConsentState::Granted, None))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let request = ListConsentHistoryRequest {
        profile_id: nobody,
        ..Default::default()
    };
    assert_eq!(
        acme.profiles()
            .list_consent_history(request)
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    let unsaid = set_consent(&acme, "x", Consent::default()).await.unwrap_err();
    assert_eq!(
        violated_fields(&unsaid),
        [
            "profile_id",
            "consent.channel",
            "consent.purpose",
            "consent.state",
            "consent.source"
        ]
    );
    Ok(())
}
