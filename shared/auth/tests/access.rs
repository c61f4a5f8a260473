//! What a believed caller may do, and for whom.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use attune_auth::{Kind, Reach, TENANT_HEADER, TokenSpec};
use attune_rpc::TenantId;
use support::{FEED, Platform, READ, Signer, WRITE, acme, claims, dev, reader, refused};
use tonic::Code::PermissionDenied;
use tonic_types::StatusExt;

#[tokio::test]
async fn a_missing_scope_is_named() {
    let (platform, issuer) = dev();
    let token = issuer.token(&reader()).unwrap();
    let status = platform.call_for(WRITE, &token, "acme").await.unwrap_err();
    assert_eq!(
        status.get_details_error_info().unwrap().metadata["scope"],
        "profiles.write"
    );
    refused(Err(status), PermissionDenied, "MISSING_SCOPE", "`profiles.write`");
}

#[tokio::test]
async fn a_wildcard_scope_opens_its_service_and_no_other() {
    let (platform, issuer) = dev();
    let with = |scopes: &str| issuer.token(&TokenSpec::user("ana", acme(), scopes)).unwrap();
    for path in [READ, WRITE] {
        platform
            .call_for(path, &with("feedback.read profiles.*"), "acme")
            .await
            .unwrap();
        platform.call_for(path, &with("*"), "acme").await.unwrap();
        let other = platform.call_for(path, &with("feedback.*"), "acme").await;
        refused(other, PermissionDenied, "MISSING_SCOPE", "`profiles.");
    }
}

#[tokio::test]
async fn a_method_nobody_declared_is_refused_to_everybody() {
    let (platform, issuer) = dev();
    let token = issuer.token(&TokenSpec::user("root", acme(), "*")).unwrap();
    for path in [
        "/attune.profiles.v1.ProfileService/Nothing",
        "/",
        "/x/y",
        "/grpc.health.v1.Healthy/Check",
    ] {
        refused(
            platform.call_for(path, &token, "acme").await,
            PermissionDenied,
            "MISSING_SCOPE",
            "no scope",
        );
    }
}

#[tokio::test]
async fn a_user_cannot_name_another_tenant() {
    let (platform, issuer) = dev();
    let token = issuer.token(&reader()).unwrap();
    platform.call_for(READ, &token, "acme").await.unwrap();
    for other in ["globex", "*", "", "ACME"] {
        let result = platform.call_for(READ, &token, other).await;
        refused(
            result,
            PermissionDenied,
            "WRONG_TENANT",
            "belongs to another tenant",
        );
    }
    let bearer = format!("Bearer {token}");
    let twice = [
        ("authorization", bearer.as_str()),
        (TENANT_HEADER, "acme"),
        (TENANT_HEADER, "globex"),
    ];
    refused(
        platform.call(READ, &twice).await,
        PermissionDenied,
        "WRONG_TENANT",
        "sent once",
    );
}

#[tokio::test]
async fn a_service_must_name_a_tenant() {
    let (platform, issuer) = dev();
    let token = issuer
        .token(&TokenSpec::service("feedback", "profiles.read"))
        .unwrap();
    refused(
        platform.read_with(&token).await,
        PermissionDenied,
        "WRONG_TENANT",
        TENANT_HEADER,
    );
    refused(
        platform.call_for(READ, &token, "no tenant").await,
        PermissionDenied,
        "WRONG_TENANT",
        "tenant id",
    );
    let admitted = platform.call_for(READ, &token, "globex").await.unwrap();
    assert_eq!(
        (admitted.subject.as_str(), admitted.kind),
        ("service:feedback", Some(Kind::Service))
    );
    assert_eq!(admitted.reach, Reach::Tenant(TenantId::parse("globex").unwrap()));
}

#[tokio::test]
async fn only_a_service_reads_the_whole_platform_and_only_from_the_feed() {
    let (platform, issuer) = dev();
    let service = issuer.token(&TokenSpec::service("feedback", "*")).unwrap();
    let admitted = platform.call_for(FEED, &service, "*").await.unwrap();
    assert_eq!((admitted.reach, admitted.kind), (Reach::Platform, None));
    refused(
        platform.call_for(READ, &service, "*").await,
        PermissionDenied,
        "WRONG_TENANT",
        "event feed only",
    );
    let user = issuer.token(&TokenSpec::user("ana", acme(), "*")).unwrap();
    refused(
        platform.call_for(FEED, &user, "*").await,
        PermissionDenied,
        "WRONG_TENANT",
        "another tenant",
    );
}

#[tokio::test]
async fn a_service_token_bound_to_a_tenant_speaks_for_no_other() {
    let (platform, issuer) = dev();
    let spec = TokenSpec {
        tenant: Some(acme()),
        ..TokenSpec::service("feedback", "*")
    };
    let token = issuer.token(&spec).unwrap();
    assert_eq!(
        platform.read_with(&token).await.unwrap().reach,
        Reach::Tenant(acme())
    );
    for (path, tenant) in [(READ, "globex"), (FEED, "*")] {
        refused(
            platform.call_for(path, &token, tenant).await,
            PermissionDenied,
            "WRONG_TENANT",
            "another tenant",
        );
    }
}

#[tokio::test]
async fn a_cluster_account_becomes_the_service_it_is_listed_as() {
    use attune_auth::{Issuer, KeySource, ServiceRule};
    let signer = Signer::es256();
    let account = "system:serviceaccount:attune:feedback";
    let issuer = Issuer {
        name: "https://kubernetes.default.svc".to_owned(),
        keys: KeySource::Pem(signer.public_pem.clone()),
        services: ServiceRule::ByAccount {
            accounts: [(account.to_owned(), "feedback".to_owned())].into(),
            scopes: "profiles.read".to_owned(),
        },
    };
    let platform = Platform::trusting(vec![issuer]);
    let mut projected = claims("https://kubernetes.default.svc");
    projected["sub"] = account.into();
    projected["tenant"] = serde_json::Value::Null;
    projected["scope"] = "*".into();
    let token = signer.sign(&projected);
    let admitted = platform.call_for(READ, &token, "acme").await.unwrap();
    assert_eq!(
        (admitted.subject.as_str(), admitted.kind),
        ("service:feedback", Some(Kind::Service))
    );
    // Its scopes are the rule's, whatever the token says.
    refused(
        platform.call_for(WRITE, &token, "acme").await,
        PermissionDenied,
        "MISSING_SCOPE",
        "profiles.write",
    );
    projected["sub"] = "system:serviceaccount:attune:stranger".into();
    let stranger = platform.call_for(READ, &signer.sign(&projected), "acme").await;
    support::unauthenticated(stranger, "needs the claim `tenant`");
    projected["sub"] = "service:feedback".into();
    let pretender = platform.call_for(READ, &signer.sign(&projected), "acme").await;
    support::unauthenticated(pretender, "may not vouch for services");
}
