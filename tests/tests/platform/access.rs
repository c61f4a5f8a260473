//! Who may call at all: the same rule on every RPC, for every way of not being allowed.

use std::collections::BTreeMap;
use std::time::Duration;

use attune_auth::{DevIssuer, TokenSpec};
use attune_rpc::TenantId;
use attune_testkit::{Failure, TestPlatform, reason, reflect};
use attune_tests::matrix::{Caller, Samples, World, rows};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use tonic::Code;

const UNAUTHENTICATED: (Code, &str) = (Code::Unauthenticated, "INVALID_TOKEN");
const NO_SCOPE: (Code, &str) = (Code::PermissionDenied, "MISSING_SCOPE");
const WRONG_TENANT: (Code, &str) = (Code::PermissionDenied, "WRONG_TENANT");
/// The metadata in which a service names the tenant it calls for.
const TENANT: &str = "x-attune-tenant";

/// A caller who must be refused, and how.
type Refused = BTreeMap<&'static str, (Caller, (Code, &'static str))>;

fn user(scopes: &str) -> Result<TokenSpec, Failure> {
    Ok(TokenSpec::user("mallory", TenantId::parse("acme")?, scopes))
}

/// A token signed with the platform's own key that says `claims`.
fn signed(platform: &TestPlatform, claims: &serde_json::Value) -> Result<String, Failure> {
    let key = EncodingKey::from_ed_pem(platform.issuer_key()?.as_bytes())?;
    Ok(jsonwebtoken::encode(
        &Header::new(Algorithm::EdDSA),
        claims,
        &key,
    )?)
}

/// Claims as the issuer makes them, for `audience`.
fn claims(audience: &str) -> serde_json::Value {
    let now = Utc::now().timestamp();
    json!({
        "iss": DevIssuer::NAME, "aud": audience, "sub": "mallory", "tenant": "acme", "scope": "*",
        "iat": now, "nbf": now, "exp": now + 600,
    })
}

/// A token whose header says that it needs no signature.
fn unsigned() -> String {
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.",
        part(&json!({"alg": "none", "typ": "JWT"})),
        part(&claims("attune"))
    )
}

/// Somebody else's signature under other claims.
fn patched(platform: &TestPlatform) -> Result<String, Failure> {
    let good = platform.issuer().token(&user("profiles.read")?)?;
    let mut parts: Vec<_> = good.split('.').map(str::to_owned).collect();
    if let Some(payload) = parts.get_mut(1) {
        *payload = URL_SAFE_NO_PAD.encode(claims("attune").to_string());
    }
    Ok(parts.join("."))
}

fn not_authenticated(platform: &TestPlatform) -> Result<Refused, Failure> {
    let caller = |token: &str| Caller::new(platform.channel(), token);
    let issuer = platform.issuer();
    let long_ago = Utc::now() - TimeDelta::days(2);
    let expired = issuer.token_at(&user("*")?, long_ago)?;
    let later = issuer.token_at(&user("*")?, Utc::now() + TimeDelta::days(2))?;
    let forged = DevIssuer::ephemeral()?.token(&user("*")?)?;
    let stranger = signed(
        platform,
        &json!({"iss": "https://else.example", "aud": "attune", "sub": "m", "exp": 9e9}),
    )?;
    let homeless = TokenSpec {
        tenant: None,
        ..user("*")?
    };
    let short = TokenSpec {
        ttl: Duration::ZERO,
        ..user("*")?
    };
    let stale = issuer.token_at(&short, Utc::now() - TimeDelta::minutes(10))?;
    Ok(BTreeMap::from([
        ("without a token", (caller("")?, UNAUTHENTICATED)),
        ("with an expired token", (caller(&expired)?, UNAUTHENTICATED)),
        (
            "with a token that ended before it began",
            (caller(&stale)?, UNAUTHENTICATED),
        ),
        (
            "with a token of the day after tomorrow",
            (caller(&later)?, UNAUTHENTICATED),
        ),
        (
            "with a token signed by another key",
            (caller(&forged)?, UNAUTHENTICATED),
        ),
        (
            "with a token that says it needs no signature",
            (caller(&unsigned())?, UNAUTHENTICATED),
        ),
        (
            "with a signature taken from another token",
            (caller(&patched(platform)?)?, UNAUTHENTICATED),
        ),
        (
            "with a token for another audience",
            (caller(&signed(platform, &claims("billing"))?)?, UNAUTHENTICATED),
        ),
        (
            "with a token of an unknown issuer",
            (caller(&stranger)?, UNAUTHENTICATED),
        ),
        (
            "with a user's token that names no tenant",
            (caller(&issuer.token(&homeless)?)?, UNAUTHENTICATED),
        ),
    ]))
}

fn without_a_token(platform: &TestPlatform) -> Result<Refused, Failure> {
    let caller = |token: &str| Caller::new(platform.channel(), token);
    Ok(BTreeMap::from([
        ("with words for a token", (caller("let me in")?, UNAUTHENTICATED)),
        (
            "with a basic password",
            (
                Caller::new(platform.channel(), "")?.with("authorization", "Basic YTpi")?,
                UNAUTHENTICATED,
            ),
        ),
    ]))
}

fn not_permitted(platform: &TestPlatform) -> Result<Refused, Failure> {
    let caller = |token: &str| Caller::new(platform.channel(), token);
    let issuer = platform.issuer();
    let service = issuer.token(&TokenSpec::service("feedback", "*"))?;
    Ok(BTreeMap::from([
        (
            "without any scope",
            (caller(&issuer.token(&user("")?)?)?, NO_SCOPE),
        ),
        (
            "with a scope of nothing that is there",
            (
                caller(&issuer.token(&user("profile profiles feedback* .read")?)?)?,
                NO_SCOPE,
            ),
        ),
        (
            "as a user who names another tenant",
            (
                caller(&issuer.token(&user("*")?)?)?.with(TENANT, "umbra")?,
                WRONG_TENANT,
            ),
        ),
        (
            "as a user who names every tenant",
            (
                caller(&issuer.token(&user("*")?)?)?.with(TENANT, "*")?,
                WRONG_TENANT,
            ),
        ),
        (
            "as a service that names no tenant",
            (caller(&service)?, WRONG_TENANT),
        ),
        (
            "as a service that names no possible tenant",
            (caller(&service)?.with(TENANT, "ac/me")?, WRONG_TENANT),
        ),
    ]))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_call_is_refused_on_every_rpc_and_told_why() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = World::make(&platform, "acme").await?;
    let before = rows(&platform, "acme").await?;
    let mut callers = not_authenticated(&platform)?;
    callers.extend(without_a_token(&platform)?);
    callers.extend(not_permitted(&platform)?);
    let methods = reflect::methods()?;
    let acme = &acme;
    let calls = callers
        .iter()
        .flat_map(|caller| methods.iter().map(move |method| (caller, method)));
    let asked = calls.map(|((who, (caller, expected)), method)| async move {
        let answer = caller.ask(method, &Samples::of(acme).request(method)?).await;
        let got = (answer.status.code(), reason(&answer.status));
        let path = reflect::path(method);
        assert_eq!(
            got,
            (expected.0, expected.1.to_owned()),
            "{path} {who}: {:?}",
            answer.status
        );
        assert!(
            answer.messages.is_empty() && !answer.status.message().is_empty(),
            "{path} {who}: {answer:?}"
        );
        Ok::<_, Failure>(())
    });
    let done = futures::stream::iter(asked)
        .buffer_unordered(32)
        .try_collect::<Vec<_>>()
        .await?;
    assert_eq!(done.len(), callers.len() * methods.len());
    assert_eq!(
        rows(&platform, "acme").await?,
        before,
        "somebody who was refused changed something"
    );
    platform.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_reads_every_tenant_from_the_feed_alone() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = World::make(&platform, "acme").await?;
    let token = platform.issuer().token(&TokenSpec::service("feedback", "*"))?;
    let everyone = Caller::new(platform.channel(), &token)?.with(TENANT, "*")?;
    for method in reflect::methods()? {
        let answer = everyone.ask(&method, &Samples::of(&acme).request(&method)?).await;
        let path = reflect::path(&method);
        if path.starts_with("/attune.events.v1.EventFeedService/") {
            assert!(
                matches!(answer.status.code(), Code::Ok | Code::NotFound),
                "{path}: {:?}",
                answer.status
            );
        } else {
            let refused = (answer.status.code(), reason(&answer.status));
            assert_eq!(refused, (WRONG_TENANT.0, WRONG_TENANT.1.to_owned()), "{path}");
        }
    }
    platform.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scope_of_a_method_is_enough_and_the_one_beside_it_is_not() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = World::make(&platform, "acme").await?;
    for method in reflect::methods()? {
        let scope = attune_tests::matrix::scope(&method);
        let request = Samples::of(&acme).request(&method)?;
        let answer = |scopes: String| {
            let (platform, method, request) = (&platform, &method, &request);
            async move {
                let user = platform.user("acme", &scopes)?;
                let answer = Caller::new(user.channel(), user.token())?
                    .ask(method, request)
                    .await;
                Ok::<_, Failure>(answer.status)
            }
        };
        let path = reflect::path(&method);
        let beside = answer(format!("{scope}.more {}x", &scope[..scope.len() - 1])).await?;
        assert_eq!((beside.code(), reason(&beside).as_str()), NO_SCOPE, "{path}");
        let enough = answer(scope).await?;
        assert!(
            !matches!(enough.code(), Code::PermissionDenied | Code::Unauthenticated),
            "{path}: {enough:?}"
        );
    }
    platform.stop().await;
    Ok(())
}
