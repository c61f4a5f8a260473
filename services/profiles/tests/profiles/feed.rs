use attune_api::events::v1::{Event, SubscribeRequest};
use attune_api::profiles::v1::{
    ConsentChanged, ConsentState, CreateProfileRequest, Profile, ProfileCreated, ProfileUpdated,
};
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::TimeDelta;
use prost::{Message, Name};

use crate::fixture::{create, create_with, decision, email, named, set_consent, update};

/// Everything that profiles has told of a tenant so far.
async fn told(tenant: &Tenant) -> Result<Vec<Event>, Failure> {
    let request = SubscribeRequest {
        source: "profiles".into(),
        ..Default::default()
    };
    let mut feed = tenant
        .events(&tenant.channel())
        .subscribe(request)
        .await?
        .into_inner();
    let mut events = Vec::new();
    while let Some(response) = feed.message().await? {
        events.extend(response.events);
        if response.caught_up {
            break;
        }
    }
    Ok(events)
}

#[tokio::test]
async fn every_change_is_told_once_and_in_order_and_what_changes_nothing_is_not() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let ana = create(&acme, named("Ana", vec![email("ana@example.com")])).await?;
    let same = update(&acme, ana.clone(), &["*"]).await?;
    assert_eq!(same, ana, "an update that changes nothing keeps the etag");
    let change = Profile {
        display_name: "Ana B.".into(),
        language: "es".into(),
        ..ana.clone()
    };
    let changed = update(&acme, change, &["display_name", "language", "time_zone"]).await?;
    let granted = decision(ConsentState::Granted, Some(platform.now()));
    let decided = set_consent(&acme, &ana.profile_id, granted.clone()).await?;
    assert_ne!(decided.etag, changed.etag);
    let again = set_consent(&acme, &ana.profile_id, granted.clone()).await?;
    assert_eq!(again, decided, "the same decision told twice is one");
    let older = decision(ConsentState::Denied, Some(platform.now() - TimeDelta::days(1)));
    set_consent(&acme, &ana.profile_id, older).await?;
    create(&acme, named("Again", vec![email("ana@example.com")]))
        .await
        .unwrap_err();
    create(&platform.tenant("globex"), named("Not theirs", vec![])).await?;
    platform.settle().await?;

    let events = told(&acme).await?;
    let types: Vec<_> = events.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(
        types,
        [
            ProfileCreated::full_name(),
            ProfileUpdated::full_name(),
            ConsentChanged::full_name()
        ]
    );
    assert!(
        events
            .iter()
            .all(|event| event.subject == ana.profile_id && event.tenant_id == "acme")
    );
    assert!(events.is_sorted_by(|a, b| a.subject_version < b.subject_version && a.position < b.position));
    let updated = ProfileUpdated::decode(events[1].data.clone())?;
    assert_eq!(updated.changed_fields, ["display_name", "language"]);
    assert_eq!(
        ConsentChanged::decode(events[2].data.clone())?.consent,
        Some(granted)
    );
    for event in &events {
        let bytes = String::from_utf8_lossy(&event.data);
        assert!(
            !bytes.contains("Ana") && !bytes.contains("example.com"),
            "an event tells ids and facts only"
        );
    }
    Ok(())
}

#[tokio::test]
async fn decisions_that_come_with_a_profile_are_told_after_it() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let now = platform.now();
    let request = CreateProfileRequest {
        profile: Some(named("Ana", vec![])),
        consents: vec![
            decision(ConsentState::Granted, Some(now - TimeDelta::days(1))),
            decision(ConsentState::Denied, Some(now)),
        ],
        request_id: String::new(),
    };
    let ana = create_with(&acme, request).await?;
    let bo = create(&acme, named("Bo", vec![])).await?;
    let renamed = update(
        &acme,
        Profile {
            display_name: "Ana B.".into(),
            ..ana.clone()
        },
        &["display_name"],
    )
    .await?;
    assert_ne!(renamed.etag, ana.etag);
    platform.settle().await?;

    let events = told(&acme).await?;
    let of_ana: Vec<_> = events
        .iter()
        .filter(|event| event.subject == ana.profile_id)
        .collect();
    let types: Vec<_> = of_ana.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(
        types,
        [
            ProfileCreated::full_name(),
            ConsentChanged::full_name(),
            ProfileUpdated::full_name()
        ]
    );
    assert!(of_ana.is_sorted_by(|a, b| a.subject_version < b.subject_version));
    let decided = ConsentChanged::decode(of_ana[1].data.clone())?;
    assert_eq!(decided.consent, Some(decision(ConsentState::Denied, Some(now))));
    assert_eq!(
        events
            .iter()
            .filter(|event| event.subject == bo.profile_id)
            .count(),
        1
    );
    Ok(())
}
