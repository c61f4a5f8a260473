//! An issuer's published keys: fetched, kept, and fetched again.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use attune_clock::Clock;
use chrono::{DateTime, Duration, Utc};
use tokio::sync::Mutex;

use crate::keys::KeySet;

/// How long a set is used where its server does not say.
const DEFAULT_AGE: Duration = Duration::minutes(10);
/// What a server says (`Cache-Control: max-age`) is kept within these bounds.
const SHORTEST_AGE: Duration = Duration::minutes(1);
const LONGEST_AGE: Duration = Duration::hours(1);
/// Between two fetches caused by tokens whose key is unknown, and after a fetch that failed.
const PAUSE: Duration = Duration::seconds(30);
/// Real key sets have a few kilobytes.
const BODY_BYTES: usize = 256 << 10;

/// The key set of one issuer. Whatever happens to its server, the last good set stays in use.
#[derive(Debug)]
pub(crate) struct Jwks {
    url: reqwest::Url,
    client: reqwest::Client,
    clock: Clock,
    current: ArcSwapOption<Fetched>,
    /// Held during a fetch: there is one at a time, and those who waited find its result.
    last_attempt: Arc<Mutex<Option<DateTime<Utc>>>>,
}

#[derive(Debug)]
struct Fetched {
    keys: Arc<KeySet>,
    at: DateTime<Utc>,
    good_for: Duration,
}

/// Why a fetch failed.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the answer has more than {BODY_BYTES} bytes")]
    TooLarge,
    #[error("{0}")]
    Unusable(String),
}

impl Jwks {
    pub(crate) fn new(url: reqwest::Url, client: reqwest::Client, clock: Clock) -> Self {
        Self {
            url,
            client,
            clock,
            current: ArcSwapOption::empty(),
            last_attempt: Arc::default(),
        }
    }

    /// The current set, if one was ever fetched.
    pub(crate) fn current(&self) -> Option<Arc<KeySet>> {
        self.current
            .load()
            .as_ref()
            .map(|fetched| Arc::clone(&fetched.keys))
    }

    /// The set after a fetch, where one is allowed: at most every 30 s, and none when somebody else has
    /// replaced `seen` meanwhile.
    pub(crate) async fn renewed(self: &Arc<Self>, seen: Option<&Arc<KeySet>>) -> Option<Arc<KeySet>> {
        let mut last_attempt = Arc::clone(&self.last_attempt).lock_owned().await;
        let current = self.current();
        let replaced = match (&current, seen) {
            (Some(current), Some(seen)) => !Arc::ptr_eq(current, seen),
            (current, None) => current.is_some(),
            (None, Some(_)) => false,
        };
        let now = self.clock.now();
        if replaced || last_attempt.is_some_and(|at| now - at < PAUSE) {
            return current;
        }
        *last_attempt = Some(now);
        // On a task of its own: a caller who hangs up must not be able to stop the fetch others wait for.
        let jwks = Arc::clone(self);
        let fetch = tokio::spawn(async move {
            jwks.fetch_into_current().await;
            drop(last_attempt);
        });
        if let Err(error) = fetch.await {
            tracing::warn!(url = %self.url, %error, "the fetch of an issuer's keys was cut off");
        }
        self.current()
    }

    /// Fetches when the set has reached its age, or was never fetched and the last attempt is long enough ago.
    pub(crate) async fn renew_when_due(self: &Arc<Self>) {
        if self.due_in() > Duration::zero() {
            return;
        }
        let seen = self.current();
        self.renewed(seen.as_ref()).await;
    }

    /// How long the current set is good for; zero when it is too old, or there is none.
    pub(crate) fn due_in(&self) -> Duration {
        let now = self.clock.now();
        self.current.load().as_ref().map_or(Duration::zero(), |fetched| {
            (fetched.at + fetched.good_for - now).max(Duration::zero())
        })
    }

    async fn fetch_into_current(&self) {
        match self.fetch().await {
            Ok(fetched) => self.current.store(Some(Arc::new(fetched))),
            Err(error) => {
                tracing::warn!(url = %self.url, %error, "cannot fetch an issuer's keys; the last ones stay in use");
            }
        }
    }

    async fn fetch(&self) -> Result<Fetched, FetchError> {
        let mut response = self
            .client
            .get(self.url.clone())
            .send()
            .await?
            .error_for_status()?;
        let good_for = max_age(response.headers())
            .unwrap_or(DEFAULT_AGE)
            .clamp(SHORTEST_AGE, LONGEST_AGE);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > BODY_BYTES {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let keys = KeySet::from_jwks(&body).map_err(FetchError::Unusable)?;
        Ok(Fetched {
            keys: Arc::new(keys),
            at: self.clock.now(),
            good_for,
        })
    }
}

fn max_age(headers: &http::HeaderMap) -> Option<Duration> {
    let value = headers.get(http::header::CACHE_CONTROL)?.to_str().ok()?;
    let seconds = value
        .split(',')
        .find_map(|directive| directive.trim().strip_prefix("max-age="))?;
    Duration::try_seconds(seconds.parse().ok()?)
}
