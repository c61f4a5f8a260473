//! Keys and tokens in files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::os::unix::fs::PermissionsExt;

use attune_auth::{DevIssuer, DevIssuerError, ServiceIdentity};
use attune_clock::Clock;
use chrono::Duration;
use support::{FEED, Platform, dev, reader};

#[tokio::test]
async fn a_key_file_is_made_once_private_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/issuer.pem");
    let first = DevIssuer::load_or_create(&path).unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let second = DevIssuer::load_or_create(&path).unwrap();
    let platform = Platform::trusting(vec![first.trusted()]);
    platform
        .read_with(&second.token(&reader()).unwrap())
        .await
        .unwrap();
}

#[test]
fn processes_that_start_together_end_up_with_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("issuer.pem");
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || {
                DevIssuer::load_or_create(&path)
                    .unwrap()
                    .public_key_pem()
                    .to_owned()
            })
        })
        .collect();
    let mut keys: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
    keys.dedup();
    assert_eq!(keys.len(), 1);
}

#[test]
fn a_key_file_others_can_read_or_that_holds_no_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("issuer.pem");
    DevIssuer::load_or_create(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = DevIssuer::load_or_create(&path).unwrap_err();
    assert!(matches!(error, DevIssuerError::Exposed(_)) && error.to_string().contains("chmod 600"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "nothing").unwrap();
    assert!(matches!(
        DevIssuer::load_or_create(&path),
        Err(DevIssuerError::NotAKey)
    ));
}

#[test]
fn neither_key_nor_token_is_printed() {
    let issuer = DevIssuer::ephemeral().unwrap();
    let identity = ServiceIdentity::minted(issuer.clone(), "feedback", "*", Clock::system()).unwrap();
    let bearer = identity.bearer().unwrap();
    let printed = format!("{issuer:?} {identity:?} {bearer:?}");
    assert!(
        !printed.contains("PRIVATE") && !printed.contains("Bearer"),
        "{printed}"
    );
    assert!(printed.contains("service:feedback"));
}

#[tokio::test]
async fn a_minted_identity_is_let_through_and_renewed_before_it_expires() {
    let (platform, issuer) = dev();
    let (clock, hand) = Clock::manual(platform.start);
    let identity = ServiceIdentity::minted(issuer, "feedback", "events.read", clock).unwrap();
    let first = identity.bearer().unwrap();
    let headers = [
        ("authorization", first.to_str().unwrap()),
        ("x-attune-tenant", "*"),
    ];
    platform.call(FEED, &headers).await.unwrap();
    hand.advance_to(platform.start + Duration::minutes(29));
    assert_eq!(identity.bearer().unwrap(), first);
    hand.advance_to(platform.start + Duration::minutes(30));
    assert_ne!(identity.bearer().unwrap(), first);
}

#[test]
fn a_token_file_is_read_again_and_its_last_token_survives_a_bad_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let start = chrono::Utc::now();
    let (clock, hand) = Clock::manual(start);
    assert!(ServiceIdentity::from_file(&path, clock.clone()).is_err());
    std::fs::write(&path, "one\n").unwrap();
    let identity = ServiceIdentity::from_file(&path, clock).unwrap();
    let at = |seconds: i64| {
        hand.advance_to(start + Duration::seconds(seconds));
        identity.bearer().unwrap()
    };
    std::fs::write(&path, "two\n").unwrap();
    assert_eq!(at(9), "Bearer one");
    assert_eq!(at(10), "Bearer two");
    std::fs::write(&path, "not a token").unwrap();
    assert_eq!(at(20), "Bearer two");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(at(30), "Bearer two");
    std::fs::write(&path, "three").unwrap();
    assert_eq!(at(31), "Bearer three");
}
