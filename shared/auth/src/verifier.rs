//! From a token to who bears it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use attune_clock::Clock;
use chrono::{DateTime, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, dangerous};
use moka::future::Cache;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::claims::{Claims, Principal};
use crate::config::{ConfigError, Issuer, KeySource, ServiceRule, VerifierConfig};
use crate::jwks::Jwks;
use crate::keys::{Key, KeySet};
use crate::refusal::Refusal;

/// The largest token looked at; headers of a whole call are bounded by 16 KiB in most servers.
const TOKEN_BYTES: usize = 8 << 10;
/// How long a verified token is not verified again. It bounds how long a withdrawn key still works.
const REMEMBERED: chrono::Duration = chrono::Duration::seconds(60);
/// The longest configurable leeway.
const LONGEST_LEEWAY: Duration = Duration::from_mins(5);
/// How long a key server may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// How often [`Verifier::keep_fresh`] looks whether a key set has reached its age.
const FRESHNESS_CHECK: Duration = Duration::from_secs(5);

/// Verifies tokens of the configured issuers; cheap to clone.
#[derive(Clone, Debug)]
pub struct Verifier {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    issuers: HashMap<String, Trusted>,
    audience: String,
    leeway: chrono::Duration,
    clock: Clock,
    remembered: Cache<[u8; 32], Remembered>,
}

#[derive(Debug)]
struct Trusted {
    keys: Keys,
    services: ServiceRule,
}

#[derive(Debug)]
enum Keys {
    Static(Arc<KeySet>),
    Published(Arc<Jwks>),
}

#[derive(Clone, Debug)]
struct Remembered {
    principal: Arc<Principal>,
    until: DateTime<Utc>,
}

/// The one claim read before the signature is checked: it says whose key to check with.
#[derive(Deserialize)]
struct IssuerClaim {
    iss: String,
}

impl Verifier {
    /// A verifier for `config`. Reads key files now; key sets are fetched by [`keep_fresh`](Self::keep_fresh)
    /// or by the first token that needs them. `clock` must show real time: expiry is checked against it.
    pub fn new(config: VerifierConfig, clock: Clock) -> Result<Self, ConfigError> {
        if config.issuers.is_empty() {
            return Err(ConfigError::NoIssuer);
        }
        if config.leeway > LONGEST_LEEWAY {
            return Err(ConfigError::LeewayTooLong);
        }
        let leeway = chrono::Duration::from_std(config.leeway).map_err(|_| ConfigError::LeewayTooLong)?;
        let mut issuers = HashMap::new();
        for issuer in config.issuers {
            let trusted = trust(&issuer, &clock)?;
            if issuers.insert(issuer.name.clone(), trusted).is_some() {
                return Err(ConfigError::DuplicateIssuer(issuer.name));
            }
        }
        let remembered = Cache::builder()
            .max_capacity(config.cached_tokens)
            .time_to_live(REMEMBERED.to_std().unwrap_or_default())
            .build();
        let inner = Inner {
            issuers,
            audience: config.audience,
            leeway,
            clock,
            remembered,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Whether the keys of every issuer are known. A process is not ready before that.
    pub fn is_ready(&self) -> bool {
        self.published().all(|jwks| jwks.current().is_some())
    }

    /// Fetches every key set that has reached its age or was never fetched; a failure is logged and leaves the
    /// last set in use.
    pub async fn refresh(&self) {
        futures::future::join_all(self.published().map(Jwks::renew_when_due)).await;
    }

    /// Keeps every key set fresh. Runs until it is dropped; run it once in a process, beside the server.
    pub async fn keep_fresh(&self) {
        if self.published().next().is_none() {
            return std::future::pending().await;
        }
        loop {
            self.refresh().await;
            tokio::time::sleep(FRESHNESS_CHECK).await;
        }
    }

    fn published(&self) -> impl Iterator<Item = &Arc<Jwks>> {
        self.inner
            .issuers
            .values()
            .filter_map(|trusted| match &trusted.keys {
                Keys::Published(jwks) => Some(jwks),
                Keys::Static(_) => None,
            })
    }

    /// Who bears `token`.
    pub(crate) async fn verify(&self, token: &str) -> Result<Arc<Principal>, Refusal> {
        if token.len() > TOKEN_BYTES {
            return Err(Refusal::TokenTooLarge { limit: TOKEN_BYTES });
        }
        let digest = <[u8; 32]>::from(Sha256::digest(token));
        if let Some(remembered) = self.inner.remembered.get(&digest).await
            && self.inner.clock.now() < remembered.until
        {
            return Ok(remembered.principal);
        }
        let principal = Arc::new(self.examine(token).await?);
        let now = self.inner.clock.now();
        let until = (principal.expires_at + self.inner.leeway).min(now + REMEMBERED);
        let remembered = Remembered {
            principal: Arc::clone(&principal),
            until,
        };
        self.inner.remembered.insert(digest, remembered).await;
        Ok(principal)
    }

    async fn examine(&self, token: &str) -> Result<Principal, Refusal> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)?;
        let claimed: IssuerClaim =
            dangerous::insecure_decode_claims(token).map_err(|_| Refusal::MissingClaim("iss".to_owned()))?;
        let issuer = self
            .inner
            .issuers
            .get(&claimed.iss)
            .ok_or(Refusal::UnknownIssuer)?;
        let keys = issuer.keys.holding(header.kid.as_deref()).await?;
        let mut refusal = Refusal::UnknownKey;
        for key in keys.candidates(header.kid.as_deref()) {
            match signed_claims(token, key, &claimed.iss) {
                Ok(claims) => {
                    claims.check(&self.inner.audience, self.inner.clock.now(), self.inner.leeway)?;
                    return claims.principal(&issuer.services);
                }
                Err(worse) => refusal = worse,
            }
        }
        Err(refusal)
    }
}

impl Keys {
    /// The issuer's keys, fetched anew when they do not hold `id`.
    async fn holding(&self, id: Option<&str>) -> Result<Arc<KeySet>, Refusal> {
        let jwks = match self {
            Self::Static(keys) => return Ok(Arc::clone(keys)),
            Self::Published(jwks) => jwks,
        };
        let seen = jwks.current();
        if let Some(keys) = seen.as_ref().filter(|keys| keys.candidates(id).next().is_some()) {
            return Ok(Arc::clone(keys));
        }
        jwks.renewed(seen.as_ref()).await.ok_or(Refusal::KeysUnavailable)
    }
}

/// The claims of `token`, provided that `key` signed it with the key's own algorithm and `issuer` issued it.
fn signed_claims(token: &str, key: &Key, issuer: &str) -> Result<Claims, Refusal> {
    let mut validation = Validation::new(key.algorithm);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // Audience and time are checked by `Claims::check`, against the clock that was handed in.
    validation.validate_aud = false;
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation);
    decoded
        .map(|data| data.claims)
        .map_err(|error| match error.into_kind() {
            ErrorKind::InvalidSignature => Refusal::WrongSignature,
            ErrorKind::InvalidAlgorithm => Refusal::WrongAlgorithm,
            ErrorKind::InvalidIssuer => Refusal::UnknownIssuer,
            ErrorKind::MissingRequiredClaim(claim) => Refusal::MissingClaim(claim),
            // Raised after the signature was found right: the claims are not of the expected shape.
            ErrorKind::Json(_) => Refusal::MissingClaim("iss, aud, sub, exp, tenant or scope".to_owned()),
            _ => Refusal::Malformed,
        })
}

fn trust(issuer: &Issuer, clock: &Clock) -> Result<Trusted, ConfigError> {
    let name = || issuer.name.clone();
    let from_pem = |text: &str| {
        KeySet::from_pem(text)
            .map(|keys| Keys::Static(Arc::new(keys)))
            .map_err(|problem| ConfigError::UnusableKey {
                issuer: name(),
                problem,
            })
    };
    let keys = match &issuer.keys {
        KeySource::Pem(text) => from_pem(text)?,
        KeySource::PemFile(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| ConfigError::UnreadableKeyFile {
                issuer: name(),
                path: path.clone(),
                source,
            })?;
            from_pem(&text)?
        }
        KeySource::Jwks(address) => {
            let url = key_set_address(address).map_err(|problem| ConfigError::UnusableAddress {
                issuer: name(),
                problem,
            })?;
            Keys::Published(Arc::new(Jwks::new(url, http_client()?, clock.clone())))
        }
    };
    Ok(Trusted {
        keys,
        services: issuer.services.clone(),
    })
}

fn http_client() -> Result<reqwest::Client, ConfigError> {
    reqwest::Client::builder()
        .timeout(FETCH_TIMEOUT)
        // The address is trusted; where it might point to is not.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(ConfigError::HttpClient)
}

fn key_set_address(text: &str) -> Result<reqwest::Url, String> {
    let url = reqwest::Url::parse(text).map_err(|error| format!("{text} is no URL: {error}"))?;
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err(format!(
            "{text} could be answered by anybody on the way; give an https address"
        )),
    }
}
