use attune_api::profiles::v1::Profile;
use attune_testkit::{Failure, TestPlatform, reason};
use tonic::Code;

use crate::fixture::{create, email, external, get, named, update};

#[tokio::test]
async fn an_identity_belongs_to_one_profile_of_the_tenant() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    create(&acme, named("Ana", vec![email("ana@example.com")])).await?;
    let bo = create(&acme, named("Bo", vec![email("bo@example.com")])).await?;

    let again = create(&acme, named("Ana again", vec![email("ANA@Example.com")]))
        .await
        .unwrap_err();
    assert_eq!(
        (again.code(), reason(&again).as_str()),
        (Code::AlreadyExists, "ALREADY_EXISTS")
    );
    assert!(!again.message().contains("ana@"), "{again}");
    let grab = Profile {
        identities: vec![email("bo@example.com"), email("ana@example.com")],
        ..bo.clone()
    };
    assert_eq!(
        update(&acme, grab, &["identities"]).await.unwrap_err().code(),
        Code::AlreadyExists
    );
    assert_eq!(get(&acme, &bo.profile_id).await?, bo);
    // Another company may know the same person.
    create(
        &platform.tenant("globex"),
        named("Ana", vec![email("ana@example.com")]),
    )
    .await?;
    Ok(())
}

#[tokio::test]
async fn of_many_profiles_that_want_the_same_identities_at_once_one_gets_them() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let identities: Vec<_> = (0..20).map(|n| external("crm", &n.to_string())).collect();
    let wishes = (0..24).map(|n| {
        // Each names them in an order of its own.
        let mut wanted = identities.clone();
        wanted.rotate_left(n % 20);
        if n % 2 == 1 {
            wanted.reverse();
        }
        create(&acme, named("Ana", wanted))
    });
    let answers = futures::future::join_all(wishes).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for answer in refused {
        assert_eq!(answer.unwrap_err().code(), Code::AlreadyExists);
    }
    Ok(())
}
