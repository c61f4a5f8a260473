//! Keys fetched over HTTP from a server that changes them, fails, and comes back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::{Arc, Mutex};

use attune_auth::{DevIssuer, Issuer, KeySource, ServiceRule};
use axum::http::StatusCode;
use axum::routing::get;
use support::{Platform, claims, reader, refused, unauthenticated};
use tonic::Code;

#[derive(Clone, Default)]
struct KeyServer {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    body: Option<String>,
    fetches: u32,
}

impl KeyServer {
    /// Starts the server and gives its address.
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/keys", listener.local_addr().unwrap());
        let state = Arc::clone(&self.state);
        let answer = move || async move {
            let mut state = state.lock().unwrap();
            state.fetches += 1;
            state.body.clone().ok_or(StatusCode::SERVICE_UNAVAILABLE)
        };
        let router = axum::Router::new().route("/keys", get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    fn publish(&self, body: String) {
        self.state.lock().unwrap().body = Some(body);
    }

    fn fail(&self) {
        self.state.lock().unwrap().body = None;
    }

    fn fetches(&self) -> u32 {
        self.state.lock().unwrap().fetches
    }
}

fn set_of(issuers: &[&DevIssuer]) -> String {
    let mut set = issuers[0].key_set();
    set.keys = issuers.iter().flat_map(|issuer| issuer.key_set().keys).collect();
    serde_json::to_string(&set).unwrap()
}

async fn platform() -> (Platform, KeyServer) {
    let server = KeyServer::default();
    let address = server.start().await;
    let issuer = Issuer {
        name: DevIssuer::NAME.to_owned(),
        keys: KeySource::Jwks(address),
        services: ServiceRule::Never,
    };
    (Platform::trusting(vec![issuer]), server)
}

fn issuer() -> (DevIssuer, String) {
    let issuer = DevIssuer::ephemeral().unwrap();
    let token = issuer.token(&reader()).unwrap();
    (issuer, token)
}

#[tokio::test]
async fn a_process_is_ready_once_the_keys_of_every_issuer_are_known() {
    let (platform, server) = platform().await;
    platform.verifier.refresh().await;
    assert!(!platform.verifier.is_ready());
    server.publish(set_of(&[&issuer().0]));
    platform.pass(30);
    platform.verifier.refresh().await;
    assert!(platform.verifier.is_ready());
    assert_eq!(server.fetches(), 2);
    platform.verifier.refresh().await;
    assert_eq!(server.fetches(), 2, "the set has not reached its age");
}

#[tokio::test]
async fn without_keys_a_call_is_unavailable_and_not_refused_for_good() {
    let (platform, _server) = platform().await;
    let (_, token) = issuer();
    refused(
        platform.read_with(&token).await,
        Code::Unavailable,
        "UNAVAILABLE",
        "cannot be fetched now",
    );
}

#[tokio::test]
async fn a_new_key_is_fetched_when_its_first_token_comes() {
    let (platform, server) = platform().await;
    let ((old, old_token), (new, new_token)) = (issuer(), issuer());
    server.publish(set_of(&[&old]));
    platform.read_with(&old_token).await.unwrap();
    assert_eq!(server.fetches(), 1);

    server.publish(set_of(&[&old, &new]));
    platform.pass(30);
    platform.read_with(&new_token).await.unwrap();
    platform.read_with(&old.token(&reader()).unwrap()).await.unwrap();
    assert_eq!(server.fetches(), 2);
}

#[tokio::test]
async fn unknown_keys_cause_one_fetch_in_thirty_seconds() {
    let (platform, server) = platform().await;
    let (known, known_token) = issuer();
    server.publish(set_of(&[&known]));
    platform.read_with(&known_token).await.unwrap();
    platform.pass(30);
    for _ in 0..20 {
        unauthenticated(platform.read_with(&issuer().1).await, "does not publish");
    }
    assert_eq!(server.fetches(), 2);
    platform.pass(60);
    unauthenticated(platform.read_with(&issuer().1).await, "does not publish");
    assert_eq!(server.fetches(), 3);
}

#[tokio::test]
async fn calls_that_come_together_share_one_fetch() {
    let (platform, server) = platform().await;
    let (issuer, _) = issuer();
    server.publish(set_of(&[&issuer]));
    let tokens: Vec<_> = (0..32)
        .map(|n| {
            issuer
                .token_at(&reader(), platform.start - chrono::Duration::seconds(n))
                .unwrap()
        })
        .collect();
    let calls = tokens.iter().map(|token| platform.read_with(token));
    for result in futures::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(server.fetches(), 1);
}

#[tokio::test]
async fn the_last_keys_stay_in_use_while_their_server_fails() {
    let (platform, server) = platform().await;
    let (issuer, token) = issuer();
    server.publish(set_of(&[&issuer]));
    platform.read_with(&token).await.unwrap();
    let spoilt =
        [None, Some("no json"), Some("{}"), Some(r#"{"keys":[]}"#)].map(|body| body.map(str::to_owned));
    let oversized = Some(format!(r#"{{"keys":[],"padding":"{}"}}"#, "x".repeat(300 << 10)));
    for (round, body) in spoilt.into_iter().chain([oversized]).enumerate() {
        match body {
            Some(body) => server.publish(body),
            None => server.fail(),
        }
        let minutes = 10 * (i64::try_from(round).unwrap() + 1);
        platform.pass(60 * minutes);
        platform.verifier.refresh().await;
        assert_eq!(server.fetches(), u32::try_from(round).unwrap() + 2);
        let fresh = issuer
            .token_at(&reader(), platform.start + chrono::Duration::minutes(minutes))
            .unwrap();
        platform.read_with(&fresh).await.unwrap();
    }
}

#[tokio::test]
async fn a_withdrawn_key_works_for_a_minute_at_most() {
    let (platform, server) = platform().await;
    let ((old, old_token), (new, new_token)) = (issuer(), issuer());
    server.publish(set_of(&[&old]));
    platform.read_with(&old_token).await.unwrap();
    server.publish(set_of(&[&new]));
    platform.pass(30);
    platform.read_with(&new_token).await.unwrap();

    platform.pass(59);
    platform.read_with(&old_token).await.unwrap();
    platform.pass(60);
    unauthenticated(platform.read_with(&old_token).await, "does not publish");
}

#[tokio::test]
async fn a_published_secret_or_a_key_of_another_use_verifies_nothing() {
    let (platform, server) = platform().await;
    let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA";
    let (good, good_token) = issuer();
    let published = serde_json::to_value(good.key_set()).unwrap();
    let mut keys = vec![
        serde_json::json!({"kty": "oct", "k": secret, "kid": "shared"}),
        "no key".into(),
    ];
    let mut encryption = serde_json::to_value(issuer().0.key_set()).unwrap()["keys"][0].clone();
    encryption["use"] = "enc".into();
    keys.push(encryption);
    keys.push(published["keys"][0].clone());
    server.publish(serde_json::json!({ "keys": keys }).to_string());

    platform.read_with(&good_token).await.unwrap();
    let key = jsonwebtoken::EncodingKey::from_base64_secret(&format!("{}A", &secret[..43])).unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.kid = Some("shared".to_owned());
    let forged = jsonwebtoken::encode(&header, &claims(DevIssuer::NAME), &key).unwrap();
    unauthenticated(platform.read_with(&forged).await, "does not publish");
    header.kid = None;
    let forged = jsonwebtoken::encode(&header, &claims(DevIssuer::NAME), &key).unwrap();
    unauthenticated(platform.read_with(&forged).await, "algorithm is not the one");
}
