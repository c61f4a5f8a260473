//! Which tokens are believed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use attune_auth::{Issuer, KeySource, Kind, Reach, TokenSpec};
use aws_lc_rs::rsa::KeySize;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use support::{Platform, READ, Signer, acme, claims, dev, reader, unauthenticated};

#[tokio::test]
async fn a_valid_token_makes_its_bearer_the_caller() {
    let (platform, issuer) = dev();
    let admitted = platform
        .read_with(&issuer.token(&reader()).unwrap())
        .await
        .unwrap();
    assert_eq!(admitted.subject, "ana");
    assert_eq!(admitted.kind, Some(Kind::User));
    assert_eq!(admitted.reach, Reach::Tenant(acme()));
}

#[tokio::test]
async fn es256_and_rs256_issuers_are_believed_like_our_own() {
    for signer in [Signer::es256(), Signer::rs256(KeySize::Rsa2048)] {
        let platform = Platform::trusting(vec![signer.issuer("https://id.example")]);
        let token = signer.sign(&claims("https://id.example"));
        platform.read_with(&token).await.unwrap();
    }
}

#[tokio::test]
async fn a_call_without_a_token_is_told_how_to_send_one() {
    let (platform, issuer) = dev();
    unauthenticated(platform.call(READ, &[]).await, "authorization: Bearer");
    let token = issuer.token(&reader()).unwrap();
    for headers in [
        vec![("authorization", token.as_str())],
        vec![("authorization", "Basic YTpi")],
        vec![("authorization", "Bearer a"), ("authorization", "Bearer b")],
    ] {
        unauthenticated(
            platform.call(READ, &headers).await,
            "must be sent once, as `Bearer",
        );
    }
    platform
        .call(READ, &[("authorization", &format!("bearer {token}"))])
        .await
        .unwrap();
}

#[tokio::test]
async fn an_expired_token_is_refused_once_the_leeway_is_over() {
    let (platform, issuer) = dev();
    let spec = TokenSpec {
        ttl: std::time::Duration::from_secs(100),
        ..reader()
    };
    let old = issuer
        .token_at(&spec, platform.start - chrono::Duration::seconds(129))
        .unwrap();
    platform.read_with(&old).await.unwrap();
    let older = issuer
        .token_at(&spec, platform.start - chrono::Duration::seconds(130))
        .unwrap();
    unauthenticated(platform.read_with(&older).await, "has expired");
}

#[tokio::test]
async fn a_token_is_refused_before_its_time() {
    let (platform, issuer) = dev();
    let soon = issuer
        .token_at(&reader(), platform.start + chrono::Duration::seconds(30))
        .unwrap();
    platform.read_with(&soon).await.unwrap();
    let later = issuer
        .token_at(&reader(), platform.start + chrono::Duration::seconds(31))
        .unwrap();
    unauthenticated(platform.read_with(&later).await, "not valid yet");
    platform.pass(1);
    platform.read_with(&later).await.unwrap();
}

#[tokio::test]
async fn a_remembered_token_still_expires() {
    let (platform, issuer) = dev();
    let spec = TokenSpec {
        ttl: std::time::Duration::from_secs(5),
        ..reader()
    };
    let token = issuer.token_at(&spec, platform.start).unwrap();
    platform.read_with(&token).await.unwrap();
    platform.pass(34);
    platform.read_with(&token).await.unwrap();
    platform.pass(35);
    unauthenticated(platform.read_with(&token).await, "has expired");
}

#[tokio::test]
async fn wrong_missing_or_misshapen_claims_are_refused() {
    let signer = Signer::es256();
    let platform = Platform::trusting(vec![signer.issuer("i")]);
    let cases = [
        ("aud", json!("elsewhere"), "another audience"),
        ("aud", json!(["a", "b"]), "another audience"),
        ("aud", Value::Null, "lacks the claim"),
        ("exp", Value::Null, "lacks the claim"),
        ("exp", json!("tomorrow"), "lacks the claim"),
        ("exp", json!(1_000_000_000_000_i64), "no date"),
        ("nbf", json!(-5), "no date"),
        ("sub", Value::Null, "lacks the claim"),
        ("iss", Value::Null, "lacks the claim `iss`"),
        ("iss", json!("j"), "issuer is not configured"),
        ("iss", json!(["i"]), "lacks the claim `iss`"),
        ("tenant", Value::Null, "needs the claim `tenant`"),
        ("tenant", json!("No Tenant"), "not a tenant id"),
        ("tenant", json!("*"), "not a tenant id"),
        ("sub", json!("service:feedback"), "may not vouch for services"),
    ];
    for (claim, value, message) in cases {
        let mut spoilt = claims("i");
        spoilt[claim] = value;
        unauthenticated(platform.read_with(&signer.sign(&spoilt)).await, message);
    }
    let mut several = claims("i");
    several["aud"] = json!(["elsewhere", "attune"]);
    platform.read_with(&signer.sign(&several)).await.unwrap();
}

#[tokio::test]
async fn a_token_of_another_key_is_refused() {
    let (platform, _) = dev();
    let (_, stranger) = dev();
    unauthenticated(
        platform.read_with(&stranger.token(&reader()).unwrap()).await,
        "signature does not match",
    );
}

#[tokio::test]
async fn an_unsigned_token_is_refused() {
    let (platform, issuer) = dev();
    let token = issuer.token(&reader()).unwrap();
    let payload = token.split('.').nth(1).unwrap();
    for algorithm in ["none", "None", "NONE", ""] {
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
        unauthenticated(
            platform.read_with(&format!("{header}.{payload}.")).await,
            "not a signed JWT",
        );
    }
}

#[tokio::test]
async fn the_algorithm_comes_from_the_key_whatever_the_token_claims() {
    let signers = [Signer::es256(), Signer::rs256(KeySize::Rsa2048)];
    for signer in &signers {
        let platform = Platform::trusting(vec![signer.issuer("i")]);
        // The classic: the public key, which everybody has, as the secret of an HMAC.
        for secret in [
            signer.public_pem.as_bytes(),
            pem::parse(&signer.public_pem).unwrap().contents(),
        ] {
            for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let key = EncodingKey::from_secret(secret);
                let token = jsonwebtoken::encode(&Header::new(algorithm), &claims("i"), &key).unwrap();
                unauthenticated(platform.read_with(&token).await, "algorithm is not the one");
            }
        }
    }
    // A right key under another algorithm's name of the same family.
    let [_, rsa] = &signers;
    let platform = Platform::trusting(vec![rsa.issuer("i")]);
    for algorithm in [Algorithm::RS512, Algorithm::PS256] {
        let token = jsonwebtoken::encode(&Header::new(algorithm), &claims("i"), &rsa.key).unwrap();
        unauthenticated(platform.read_with(&token).await, "algorithm is not the one");
    }
    // An issuer's token under the key of another.
    let [ec, rsa] = &signers;
    let platform = Platform::trusting(vec![ec.issuer("ec"), rsa.issuer("rsa")]);
    unauthenticated(
        platform.read_with(&ec.sign(&claims("rsa"))).await,
        "algorithm is not the one",
    );
}

#[tokio::test]
async fn a_token_changed_or_cut_anywhere_is_refused() {
    let (platform, issuer) = dev();
    let token = issuer.token(&reader()).unwrap();
    for cut in (1..token.len()).step_by(7) {
        assert!(
            platform.read_with(&token[..cut]).await.is_err(),
            "cut to {cut} bytes"
        );
    }
    let parts: Vec<_> = token.split('.').collect();
    let richer = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let richer = String::from_utf8(richer).unwrap().replace("profiles.read", "*");
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(richer), parts[2]);
    unauthenticated(platform.read_with(&forged).await, "signature does not match");
}

#[tokio::test]
async fn a_huge_token_is_refused_unread() {
    let (platform, _) = dev();
    unauthenticated(
        platform.read_with(&"a".repeat(100 << 10)).await,
        "larger than 8192 bytes",
    );
}

#[test]
fn keys_that_cannot_be_trusted_stop_the_start() {
    use attune_auth::{Verifier, VerifierConfig};
    use attune_clock::Clock;
    let start = |issuers| Verifier::new(VerifierConfig::new(issuers), Clock::system()).map(|_| ());
    let message = |issuers| start(issuers).unwrap_err().to_string();
    let key = |text: &str| vec![Issuer::of_users("i", KeySource::Pem(text.to_owned()))];

    let weak = Signer::rs256(KeySize::Rsa2048);
    start(key(&weak.public_pem)).unwrap();
    assert!(message(vec![]).contains("configure at least one"));
    assert!(message(key("")).contains("not 0"));
    assert!(
        message(key(
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        ))
        .contains("PUBLIC KEY is needed")
    );
    assert!(
        message(key(
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
        ))
        .contains("P-256")
    );
    assert!(message(key(&weak.public_pem.repeat(5))).contains("not 5"));
    assert!(message([key(&weak.public_pem), key(&weak.public_pem)].concat()).contains("configured twice"));
    let address = |text: &str| vec![Issuer::of_users("i", KeySource::Jwks(text.to_owned()))];
    assert!(message(address("http://id.example/keys")).contains("give an https address"));
    assert!(message(address("keys")).contains("no URL"));
    let file = vec![Issuer::of_users(
        "i",
        KeySource::PemFile("/nonexistent/key.pem".into()),
    )];
    assert!(message(file).contains("/nonexistent/key.pem"));
}
