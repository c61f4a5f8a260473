//! Who this process is when it calls others.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use attune_clock::Clock;
use chrono::{DateTime, Duration, Utc};
use http::HeaderValue;

use crate::{DevIssuer, DevIssuerError, TokenSpec};

/// A file is read again this long after it was read. Kubernetes replaces a projected token long before it
/// expires, so a few seconds do not matter.
const REREAD: Duration = Duration::seconds(10);
/// A minted token is used for this part of its hour.
const MINTED: Duration = Duration::minutes(30);

/// The identity a service calls others with; cheap to clone.
#[derive(Clone)]
pub struct ServiceIdentity {
    inner: Arc<Inner>,
}

struct Inner {
    source: Source,
    clock: Clock,
    current: ArcSwapOption<Current>,
}

enum Source {
    File(PathBuf),
    Minted { issuer: DevIssuer, spec: TokenSpec },
}

struct Current {
    bearer: HeaderValue,
    since: DateTime<Utc>,
    renew_at: DateTime<Utc>,
}

impl Current {
    /// A clock that was set back stands before the instant from which the token is good: others refuse it until they
    /// have come there again.
    fn is_good(&self, now: DateTime<Utc>) -> bool {
        (self.since..self.renew_at).contains(&now)
    }
}

/// There is no token to call with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The token file cannot be read.
    #[error("cannot read the service token {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no token.
    #[error("the file {0} holds no token; put the service's token there")]
    NotAToken(PathBuf),
    /// A token cannot be minted.
    #[error(transparent)]
    Minting(#[from] DevIssuerError),
}

impl ServiceIdentity {
    /// The token in `path`, read again every 10 s: a projected service-account token is replaced there as it
    /// ages. `clock` must show real time. Fails when there is no token now.
    pub fn from_file(path: &Path, clock: Clock) -> Result<Self, IdentityError> {
        Self::new(Source::File(path.to_owned()), clock)
    }

    /// Tokens that `issuer` signs for the service `name`, with `scopes` separated by spaces. `clock` must show
    /// real time.
    pub fn minted(issuer: DevIssuer, name: &str, scopes: &str, clock: Clock) -> Result<Self, IdentityError> {
        Self::new(
            Source::Minted {
                issuer,
                spec: TokenSpec::service(name, scopes),
            },
            clock,
        )
    }

    fn new(source: Source, clock: Clock) -> Result<Self, IdentityError> {
        let identity = Self {
            inner: Arc::new(Inner {
                source,
                clock,
                current: ArcSwapOption::empty(),
            }),
        };
        identity.bearer()?;
        Ok(identity)
    }

    /// The value of the header `authorization` for a call made now. A file that cannot be read any more is
    /// logged, and its last token used on.
    pub fn bearer(&self) -> Result<HeaderValue, IdentityError> {
        let inner = &*self.inner;
        let now = inner.clock.now();
        let current = inner.current.load();
        if let Some(current) = current.as_ref().filter(|current| current.is_good(now)) {
            return Ok(current.bearer.clone());
        }
        match (inner.source.next(now), current.as_ref()) {
            (Ok((bearer, good_for)), _) => {
                let next = Current {
                    bearer: bearer.clone(),
                    since: now,
                    renew_at: now + good_for,
                };
                inner.current.store(Some(Arc::new(next)));
                Ok(bearer)
            }
            (Err(error), Some(last)) => {
                tracing::warn!(%error, "cannot renew the service's token; the last one is used on");
                Ok(last.bearer.clone())
            }
            (Err(error), None) => Err(error),
        }
    }
}

impl Source {
    fn next(&self, now: DateTime<Utc>) -> Result<(HeaderValue, Duration), IdentityError> {
        match self {
            Self::File(path) => {
                // A file of a few hundred bytes in memory (tmpfs), once in ten seconds: not worth a thread.
                let text = std::fs::read_to_string(path).map_err(|source| IdentityError::File {
                    path: path.clone(),
                    source,
                })?;
                let bearer = header(text.trim()).ok_or_else(|| IdentityError::NotAToken(path.clone()))?;
                Ok((bearer, REREAD))
            }
            Self::Minted { issuer, spec } => {
                let token = issuer.token_at(spec, now)?;
                let bearer = header(&token)
                    .ok_or_else(|| DevIssuerError::Crypto("the token is no header value".to_owned()))?;
                Ok((bearer, MINTED))
            }
        }
    }
}

fn header(token: &str) -> Option<HeaderValue> {
    if token.is_empty() || token.contains(char::is_whitespace) {
        return None;
    }
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl fmt::Debug for ServiceIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("ServiceIdentity");
        match &self.inner.source {
            Source::File(path) => text.field("file", path),
            Source::Minted { spec, .. } => text.field("subject", &spec.subject),
        };
        text.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_makes_a_token_new() {
        let since: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let current = Current {
            bearer: HeaderValue::from_static("Bearer one"),
            since,
            renew_at: since + MINTED,
        };
        assert!(current.is_good(since + Duration::minutes(29)));
        assert!(!current.is_good(since + MINTED));
        assert!(
            !current.is_good(since - Duration::minutes(10)),
            "others refuse it as not yet valid"
        );
    }
}
