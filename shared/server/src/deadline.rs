//! The time a call has, from its caller's `grpc-timeout` to the calls it makes itself.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use attune_rpc::Error;
use http::{HeaderMap, Request, Response};
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tokio::time::{Instant, Timeout, timeout_at};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

/// The header that carries a caller's patience.
pub(crate) const GRPC_TIMEOUT: &str = "grpc-timeout";

tokio::task_local! {
    static CURRENT: Deadline;
}

/// When the call being handled must be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// So much from now.
    pub fn within(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The deadline of the call that this task handles; `None` in background work, and in a task that a
    /// handler spawned.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|deadline| *deadline).ok()
    }

    /// What is left; zero when it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Runs `work` under this deadline, so that the calls it makes inherit it.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }
}

/// Gives every call a deadline and answers `DEADLINE_EXCEEDED` when it has passed. It covers the time until
/// the answer begins: a unary call wholly, a server stream up to its first header. A call whose requests are
/// a stream has only the deadline its caller brings, because only the caller knows how much it will send.
#[derive(Clone, Debug)]
pub(crate) struct DeadlineLayer {
    default: Duration,
    longest: Duration,
    unbounded: Arc<HashSet<String>>,
}

impl DeadlineLayer {
    /// `unbounded` are paths (`/package.Service/Method`) whose requests are streams.
    pub(crate) fn new(default: Duration, longest: Duration, unbounded: HashSet<String>) -> Self {
        Self {
            default,
            longest,
            unbounded: Arc::new(unbounded),
        }
    }

    fn time_for(&self, path: &str, headers: &HeaderMap) -> Option<Duration> {
        let asked = asked_time(headers);
        if self.unbounded.contains(path) {
            asked
        } else {
            Some(asked.unwrap_or(self.default).min(self.longest))
        }
    }
}

/// The caller's `grpc-timeout`: at most eight digits and a unit (gRPC over HTTP/2, "Timeout"). Anything else
/// is as if it were absent.
fn asked_time(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// `time` as a `grpc-timeout`, rounded down to what eight digits hold.
pub(crate) fn timeout_text(time: Duration) -> String {
    const MOST: u128 = 99_999_999;
    if time.as_micros() <= MOST {
        format!("{}u", time.as_micros())
    } else if time.as_millis() <= MOST {
        format!("{}m", time.as_millis())
    } else {
        format!("{}S", u128::from(time.as_secs()).min(MOST))
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        DeadlineService {
            inner,
            layer: self.clone(),
        }
    }
}

/// What [`DeadlineLayer`] makes.
#[derive(Clone, Debug)]
pub(crate) struct DeadlineService<S> {
    inner: S,
    layer: DeadlineLayer,
}

impl<S, B> Service<Request<B>> for DeadlineService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = DeadlineFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Some(time) = self.layer.time_for(request.uri().path(), request.headers()) else {
            return DeadlineFuture::Unbounded {
                inner: self.inner.call(request),
            };
        };
        let deadline = Deadline::within(time);
        request.extensions_mut().insert(deadline);
        let inner = CURRENT.scope(deadline, self.inner.call(request));
        DeadlineFuture::Bounded {
            until: deadline.0,
            inner: timeout_at(deadline.0, inner),
        }
    }
}

pin_project! {
    /// The answer, or the end of the caller's patience.
    #[project = DeadlineFutureProjection]
    pub(crate) enum DeadlineFuture<F> {
        Bounded { until: Instant, #[pin] inner: Timeout<TaskLocalFuture<Deadline, F>> },
        Unbounded { #[pin] inner: F },
    }
}

impl<F, E> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            DeadlineFutureProjection::Unbounded { inner } => inner.poll(cx),
            DeadlineFutureProjection::Bounded { until, inner } => {
                let late = || Ok(Status::from(Error::deadline_exceeded()).into_http());
                // A timer is a millisecond coarse: what is over by now would still be begun, and at times answered.
                if Instant::now() >= *until {
                    return Poll::Ready(late());
                }
                let answer = ready!(inner.poll(cx));
                Poll::Ready(answer.unwrap_or_else(|_| late()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(GRPC_TIMEOUT, text.parse().unwrap());
        asked_time(&headers)
    }

    #[test]
    fn a_timeout_is_read_in_every_unit_and_nonsense_is_none() {
        assert_eq!(asked("2H"), Some(Duration::from_hours(2)));
        assert_eq!(asked("1500m"), Some(Duration::from_millis(1500)));
        assert_eq!(asked("99999999n"), Some(Duration::from_nanos(99_999_999)));
        for nonsense in ["", "S", "5", "-1S", "+1S", "123456789S", "5x", "5 S"] {
            assert_eq!(asked(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn what_is_left_survives_the_journey_as_text() {
        for time in [
            Duration::from_micros(7),
            Duration::from_millis(1500),
            Duration::from_hours(1),
        ] {
            assert_eq!(asked(&timeout_text(time)), Some(time));
        }
        assert_eq!(
            asked(&timeout_text(Duration::MAX)),
            Some(Duration::from_secs(99_999_999))
        );
    }

    #[test]
    fn a_long_patience_is_cut_and_a_request_stream_keeps_its_own() {
        let stream = "/attune.profiles.v1.ProfileService/ImportProfiles";
        let layer = DeadlineLayer::new(
            Duration::from_secs(30),
            Duration::from_mins(1),
            HashSet::from([stream.to_owned()]),
        );
        let mut headers = HeaderMap::new();
        assert_eq!(layer.time_for("/x", &headers), Some(Duration::from_secs(30)));
        assert_eq!(layer.time_for(stream, &headers), None);
        headers.insert(GRPC_TIMEOUT, "10M".parse().unwrap());
        assert_eq!(layer.time_for("/x", &headers), Some(Duration::from_mins(1)));
        assert_eq!(layer.time_for(stream, &headers), Some(Duration::from_mins(10)));
    }

    #[tokio::test]
    async fn the_deadline_is_known_inside_its_scope_only() {
        assert_eq!(Deadline::current(), None);
        let deadline = Deadline::within(Duration::from_secs(5));
        assert_eq!(
            deadline.scope(async { Deadline::current() }).await,
            Some(deadline)
        );
    }
}
