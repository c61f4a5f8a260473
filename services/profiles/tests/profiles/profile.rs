use std::collections::BTreeMap;

use attune_api::profiles::v1::{CreateProfileRequest, Profile, ResolveProfileRequest, UpdateProfileRequest};
use attune_testkit::{Failure, TestPlatform, reason, violated_fields};
use tonic::Code;
use uuid::Uuid;

use crate::fixture::{batch_get, create, create_with, email, external, get, named, time, update};

fn ana() -> Profile {
    Profile {
        display_name: "Ana Sánchez".into(),
        language: "ES-mx".into(),
        time_zone: "America/Mexico_City".into(),
        identities: vec![email("Ana@Example.com"), external("crm", "A-17")],
        attributes: BTreeMap::from([("tier".into(), "gold".into())]),
        ..Profile::default()
    }
}

#[tokio::test]
async fn a_created_profile_is_read_back_by_id_in_a_batch_and_by_its_identity() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let created = create(&acme, ana()).await?;
    assert_eq!(
        (created.language.as_str(), created.identities[0].value.as_str()),
        ("es-MX", "ana@example.com")
    );
    assert_eq!(created.create_time, created.update_time);

    let id = created.profile_id.clone();
    assert_eq!(get(&acme, &id).await?, created);
    assert_eq!(
        batch_get(&acme, vec![Uuid::now_v7().to_string(), id.clone(), id]).await?,
        [created.clone()]
    );
    for identity in [email("ANA@example.COM"), external("crm", "A-17")] {
        let request = ResolveProfileRequest {
            identity: Some(identity),
        };
        assert_eq!(
            acme.profiles()
                .resolve_profile(request)
                .await?
                .into_inner()
                .profile,
            Some(created.clone())
        );
    }
    for identity in [
        external("erp", "A-17"),
        external("crm", "a-17"),
        email("bo@example.com"),
    ] {
        let request = ResolveProfileRequest {
            identity: Some(identity),
        };
        let refused = acme.profiles().resolve_profile(request).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::NotFound, "NOT_FOUND")
        );
        assert!(!refused.message().contains("A-17") && !refused.message().contains("bo@"));
    }
    Ok(())
}

#[tokio::test]
async fn everything_wrong_with_a_profile_is_told_at_once() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let wrong = Profile {
        display_name: "x".repeat(201),
        language: "English".into(),
        time_zone: "Mars/Base".into(),
        identities: vec![
            email("nobody"),
            external("CRM", "1"),
            external("crm", "1"),
            external("crm", "1"),
        ],
        attributes: BTreeMap::from([("Tier".into(), "gold".into())]),
        ..Profile::default()
    };
    let refused = create(&platform.tenant("acme"), wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields = violated_fields(&refused);
    assert_eq!(
        fields,
        [
            "profile.display_name",
            "profile.language",
            "profile.time_zone",
            "profile.identities[0].value",
            "profile.identities[1].system",
            "profile.identities[3]",
            "profile.attributes[0].key",
        ]
    );
    let many = vec![Uuid::nil().to_string(); 501];
    let refused = batch_get(&platform.tenant("acme"), many).await.unwrap_err();
    assert_eq!(violated_fields(&refused), ["profile_ids"]);
    Ok(())
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names_clearing_what_is_empty_and_keeping_the_rest()
-> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let created = create(&acme, ana()).await?;
    platform.advance(chrono::TimeDelta::hours(1)).await?;

    let profile_id = created.profile_id.clone();
    let change = Profile {
        profile_id: profile_id.clone(),
        display_name: "Ana".into(),
        ..Profile::default()
    };
    let updated = update(&acme, change.clone(), &["display_name", "attributes"]).await?;
    assert_eq!(
        (updated.display_name.as_str(), updated.attributes.len()),
        ("Ana", 0)
    );
    assert_eq!(
        (&updated.language, &updated.identities),
        (&created.language, &created.identities)
    );
    assert_eq!(
        (updated.create_time, updated.update_time),
        (created.create_time, Some(time(platform.now())))
    );
    assert_ne!(updated.etag, created.etag);
    assert_eq!(get(&acme, &profile_id).await?, updated);

    let populated = update(
        &acme,
        Profile {
            display_name: "A. S.".into(),
            ..change.clone()
        },
        &[],
    )
    .await?;
    assert_eq!(
        (populated.display_name.as_str(), populated.language.as_str()),
        ("A. S.", "es-MX")
    );
    let cleared = update(&acme, change, &["*"]).await?;
    assert_eq!((cleared.language.as_str(), cleared.identities.len()), ("", 0));
    // The identity is free for somebody else now.
    create(&acme, named("Ana the second", vec![email("ana@example.com")])).await?;
    Ok(())
}

#[tokio::test]
async fn what_stands_in_a_field_that_the_mask_does_not_name_cannot_be_wrong() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let created = create(&acme, ana()).await?;
    let change = Profile {
        profile_id: created.profile_id.clone(),
        display_name: "Ana".into(),
        language: "no such language".into(),
        ..Profile::default()
    };
    let updated = update(&acme, change.clone(), &["display_name"]).await?;
    assert_eq!(
        (&updated.display_name, &updated.language),
        (&change.display_name, &created.language)
    );
    let refused = update(&acme, change, &["display_name", "language"])
        .await
        .unwrap_err();
    assert_eq!(violated_fields(&refused), ["profile.language"]);
    Ok(())
}

#[tokio::test]
async fn an_update_of_what_cannot_be_updated_or_is_not_there_is_refused() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let created = create(&acme, named("Ana", vec![])).await?;
    let refused = update(&acme, created.clone(), &["etag"]).await.unwrap_err();
    assert_eq!(violated_fields(&refused), ["update_mask"]);
    let missing = Profile {
        profile_id: Uuid::now_v7().to_string(),
        ..Profile::default()
    };
    assert_eq!(
        update(&acme, missing, &["*"]).await.unwrap_err().code(),
        Code::NotFound
    );
    // Another tenant's profile is not there either.
    let others = update(&platform.tenant("globex"), created.clone(), &["display_name"])
        .await
        .unwrap_err();
    assert_eq!(others.code(), Code::NotFound);
    assert_eq!(get(&acme, &created.profile_id).await?, created);
    Ok(())
}

#[tokio::test]
async fn an_update_made_from_an_old_picture_is_refused() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let first = create(&acme, named("Ana", vec![])).await?;
    let second = update(
        &acme,
        Profile {
            display_name: "Ana B.".into(),
            ..first.clone()
        },
        &["display_name"],
    )
    .await?;
    let old = update(
        &acme,
        Profile {
            display_name: "Ana C.".into(),
            ..first.clone()
        },
        &["display_name"],
    )
    .await;
    let refused = old.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );
    let unguarded = Profile {
        display_name: "Ana D.".into(),
        etag: String::new(),
        ..first
    };
    let third = update(&acme, unguarded, &["display_name"]).await?;
    assert_eq!(third.display_name, "Ana D.");
    assert_ne!(third.etag, second.etag);
    Ok(())
}

#[tokio::test]
async fn of_two_updates_from_the_same_picture_one_wins() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let first = create(&acme, named("Ana", vec![])).await?;
    let change = |name: &str| Profile {
        display_name: name.into(),
        ..first.clone()
    };
    let (one, two) = tokio::join!(
        update(&acme, change("One"), &["display_name"]),
        update(&acme, change("Two"), &["display_name"])
    );
    let lost = [one, two].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(lost.len(), 1);
    assert_eq!(reason(&lost[0]), "ETAG_MISMATCH");
    Ok(())
}

#[tokio::test]
async fn a_repeated_request_answers_the_same_profile_and_makes_one() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let request = CreateProfileRequest {
        profile: Some(named("Ana", vec![email("ana@example.com")])),
        consents: vec![],
        request_id: Uuid::new_v4().to_string(),
    };
    let together = futures::future::join_all((0..8).map(|_| create_with(&acme, request.clone()))).await;
    let first = together[0].clone()?;
    for answered in together {
        assert_eq!(answered?, first);
    }
    let another = CreateProfileRequest {
        profile: Some(named("Bo", vec![])),
        ..request
    };
    let refused = create_with(&acme, another).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::InvalidArgument, "REQUEST_ID_REUSED")
    );
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM profiles.profile")
        .fetch_one(platform.admin())
        .await?;
    assert_eq!(made, 1);

    let change = UpdateProfileRequest {
        profile: Some(Profile {
            display_name: "Ana B.".into(),
            ..first.clone()
        }),
        update_mask: None,
        request_id: Uuid::new_v4().to_string(),
    };
    // The repetition carries the old etag and is no conflict: it was done.
    let done = acme.profiles().update_profile(change.clone()).await?.into_inner();
    assert_eq!(acme.profiles().update_profile(change).await?.into_inner(), done);
    Ok(())
}
