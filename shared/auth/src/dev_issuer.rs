//! An issuer for laptops, demos and tests.

use std::fmt;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use attune_rpc::TenantId;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use crate::claims::{Audience, Claims, SERVICE_PREFIX};
use crate::{Issuer, KeySource};

/// The file holds a secret: nobody but its owner may read it.
const OTHERS: u32 = 0o077;

/// Signs tokens with an Ed25519 key of its own; cheap to clone. For laptops, demos and tests: who holds the
/// key file is every user and every service.
#[derive(Clone)]
pub struct DevIssuer {
    inner: Arc<Inner>,
}

struct Inner {
    signing: EncodingKey,
    public_pem: String,
    published: Jwk,
}

/// What a token shall say.
#[derive(Clone, Debug)]
pub struct TokenSpec {
    /// The claim `sub`: a user's id, or `service:<name>`.
    pub subject: String,
    /// The tenant the token is bound to; a user needs one, a service has none.
    pub tenant: Option<TenantId>,
    /// The scopes, separated by spaces.
    pub scopes: String,
    /// How long it is good for.
    pub ttl: Duration,
}

impl TokenSpec {
    /// A user's token, good for an hour.
    pub fn user(subject: impl Into<String>, tenant: TenantId, scopes: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            tenant: Some(tenant),
            scopes: scopes.into(),
            ttl: Duration::from_hours(1),
        }
    }

    /// The token of the service `name`, good for an hour.
    pub fn service(name: &str, scopes: impl Into<String>) -> Self {
        Self {
            subject: format!("{SERVICE_PREFIX}{name}"),
            tenant: None,
            scopes: scopes.into(),
            ttl: Duration::from_hours(1),
        }
    }
}

/// A key or token could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevIssuerError {
    /// The key file cannot be read or written.
    #[error("cannot use the key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the key file.
    #[error("the key file {0} can be read by others; run `chmod 600` on it, or delete it to get a new key")]
    Exposed(PathBuf),
    /// The file holds something else than an Ed25519 key.
    #[error("not an Ed25519 private key as PKCS#8 PEM; delete the file to get a new key")]
    NotAKey,
    /// The cryptographic library failed.
    #[error("the key cannot be made or used: {0}")]
    Crypto(String),
}

impl DevIssuer {
    /// The claim `iss` of its tokens.
    pub const NAME: &'static str = "attune-dev";

    /// An issuer with a new key that is written nowhere.
    pub fn ephemeral() -> Result<Self, DevIssuerError> {
        Self::from_pem(&new_key()?)
    }

    /// An issuer with the key in `path` (PKCS#8 PEM, mode 0600); a new key is put there when the file does not
    /// exist. Processes that start together end up with the same key.
    pub fn load_or_create(path: &Path) -> Result<Self, DevIssuerError> {
        let failed = |source| DevIssuerError::File {
            path: path.to_owned(),
            source,
        };
        if !path.try_exists().map_err(failed)? {
            create(path, &new_key()?).map_err(failed)?;
        }
        let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(DevIssuerError::Exposed(path.to_owned()));
        }
        Self::from_pem(&std::fs::read_to_string(path).map_err(failed)?)
    }

    fn from_pem(private: &str) -> Result<Self, DevIssuerError> {
        let block = pem::parse(private).map_err(|_| DevIssuerError::NotAKey)?;
        let pair = Ed25519KeyPair::from_pkcs8(block.contents()).map_err(|_| DevIssuerError::NotAKey)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(crypto)?;
        let public_pem = pem::encode(&pem::Pem::new("PUBLIC KEY", public.as_ref()));
        let signing = EncodingKey::from_ed_der(pkcs8(&pair)?.as_ref());
        let mut published = Jwk::from_encoding_key(&signing, Algorithm::EdDSA).map_err(crypto)?;
        published.common.public_key_use = Some(PublicKeyUse::Signature);
        published.common.key_id = Some(published.thumbprint(ThumbprintHash::SHA256).map_err(crypto)?);
        Ok(Self {
            inner: Arc::new(Inner {
                signing,
                public_pem,
                published,
            }),
        })
    }

    /// A signed token that is good from now on, by the system's clock.
    pub fn token(&self, spec: &TokenSpec) -> Result<String, DevIssuerError> {
        self.token_at(spec, Utc::now())
    }

    /// A signed token that is good from `start` on.
    pub fn token_at(&self, spec: &TokenSpec, start: DateTime<Utc>) -> Result<String, DevIssuerError> {
        let seconds = start.timestamp() as f64;
        let claims = Claims {
            iss: Self::NAME.to_owned(),
            aud: Audience::One("attune".to_owned()),
            sub: spec.subject.clone(),
            exp: seconds + spec.ttl.as_secs_f64().floor(),
            nbf: Some(seconds),
            iat: Some(seconds),
            tenant: spec.tenant.as_ref().map(|tenant| tenant.as_str().to_owned()),
            scope: spec.scopes.clone(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid.clone_from(&self.inner.published.common.key_id);
        jsonwebtoken::encode(&header, &claims, &self.inner.signing).map_err(crypto)
    }

    /// The public key as PEM.
    pub fn public_key_pem(&self) -> &str {
        &self.inner.public_pem
    }

    /// The public key as a JSON Web Key Set.
    pub fn key_set(&self) -> JwkSet {
        JwkSet {
            keys: vec![self.inner.published.clone()],
        }
    }

    /// How a [`Verifier`](crate::Verifier) of this process or another comes to trust it.
    pub fn trusted(&self) -> Issuer {
        Issuer::of_users_and_services(Self::NAME, KeySource::Pem(self.public_key_pem().to_owned()))
    }
}

impl fmt::Debug for DevIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevIssuer")
            .field("key_id", &self.inner.published.common.key_id)
            .finish_non_exhaustive()
    }
}

fn new_key() -> Result<String, DevIssuerError> {
    let pair = Ed25519KeyPair::generate().map_err(crypto)?;
    Ok(pem::encode(&pem::Pem::new("PRIVATE KEY", pkcs8(&pair)?.as_ref())))
}

/// PKCS#8 version 1, which every tool reads.
fn pkcs8(pair: &Ed25519KeyPair) -> Result<Pkcs8V1Der<'static>, DevIssuerError> {
    pair.as_der().map_err(crypto)
}

fn crypto(error: impl fmt::Display) -> DevIssuerError {
    DevIssuerError::Crypto(error.to_string())
}

/// Puts `text` at `path`, whole or not at all, unless something is there already.
fn create(path: &Path, text: &str) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Temporary files are made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}
