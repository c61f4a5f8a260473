//! Which issuers are trusted, with which keys, and for whom they may speak.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What a [`Verifier`](crate::Verifier) accepts.
#[derive(Clone, Debug)]
pub struct VerifierConfig {
    /// The issuers whose tokens are accepted. At least one; each name once.
    pub issuers: Vec<Issuer>,
    /// The audience a token must be meant for. Default `attune`.
    pub audience: String,
    /// How far the clocks of an issuer and of this process may differ when `exp` and `nbf` are checked.
    /// Default 30 s, at most 5 min.
    pub leeway: Duration,
    /// How many verified tokens are remembered. Default 10 000.
    pub cached_tokens: u64,
}

impl VerifierConfig {
    /// A configuration that trusts `issuers`, with every other setting at its default.
    pub fn new(issuers: Vec<Issuer>) -> Self {
        Self {
            issuers,
            audience: "attune".to_owned(),
            leeway: Duration::from_secs(30),
            cached_tokens: 10_000,
        }
    }
}

/// An issuer of tokens.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The claim `iss` of its tokens, compared exactly.
    pub name: String,
    /// Where its public keys come from.
    pub keys: KeySource,
    /// Whether, and how, its tokens name services of this platform.
    pub services: ServiceRule,
}

impl Issuer {
    /// An issuer that vouches for users only.
    pub fn of_users(name: impl Into<String>, keys: KeySource) -> Self {
        Self {
            name: name.into(),
            keys,
            services: ServiceRule::Never,
        }
    }

    /// An issuer that vouches for users and, with the subject `service:<name>`, for services.
    pub fn of_users_and_services(name: impl Into<String>, keys: KeySource) -> Self {
        Self {
            name: name.into(),
            keys,
            services: ServiceRule::BySubject,
        }
    }
}

/// Where an issuer's public keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A file with up to four public keys (PEM: Ed25519, P-256, or RSA of at least 2048 bits), read once.
    PemFile(PathBuf),
    /// The same as text.
    Pem(String),
    /// The address of a JSON Web Key Set (RFC 7517), fetched again as it ages and when an unknown key turns
    /// up. `https`, or `http` on the loopback interface.
    Jwks(String),
}

/// Which tokens of an issuer are a service's.
#[derive(Clone, Debug, Default)]
pub enum ServiceRule {
    /// None: the issuer vouches for people only.
    #[default]
    Never,
    /// Those with the subject `service:<name>`; scopes are in the token.
    BySubject,
    /// Those with a listed subject. A Kubernetes cluster's projected service-account tokens are like that
    /// (`system:serviceaccount:<namespace>:<account>`); they carry no scopes, so the rule gives them.
    ByAccount {
        /// Subject to service name.
        accounts: BTreeMap<String, String>,
        /// The scopes each of them has, separated by spaces.
        scopes: String,
    },
}

/// A configuration that cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No issuer.
    #[error("no token issuer is configured; configure at least one")]
    NoIssuer,
    /// Two issuers of one name.
    #[error("the token issuer {0} is configured twice; keep one")]
    DuplicateIssuer(String),
    /// The leeway is above five minutes.
    #[error("the token leeway is above 5 minutes; choose a shorter one")]
    LeewayTooLong,
    /// A key file cannot be read.
    #[error("cannot read the key file {path} of issuer {issuer}: {source}")]
    UnreadableKeyFile {
        /// The issuer's name.
        issuer: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key cannot be used.
    #[error("the keys of issuer {issuer} cannot be used: {problem}")]
    UnusableKey {
        /// The issuer's name.
        issuer: String,
        /// What is wrong, and what to give instead.
        problem: String,
    },
    /// The address of a key set cannot be used.
    #[error("the key set address of issuer {issuer} cannot be used: {problem}")]
    UnusableAddress {
        /// The issuer's name.
        issuer: String,
        /// What is wrong, and what to give instead.
        problem: String,
    },
    /// The HTTP client that fetches key sets cannot be built.
    #[error("cannot set up the client for key sets: {0}")]
    HttpClient(#[source] reqwest::Error),
}
