//! Calling again where that helps.

use std::future::Future;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::Deadline;

/// What a client sees of a call that a closing connection lost, in the words of hyper's client. The server
/// never handled it.
const LOST: &str = "operation was canceled";

/// How often and how patiently a call is repeated.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Calls in all, the first included.
    pub attempts: u32,
    /// The rest after the first failure at most; it doubles with each.
    pub base: Duration,
    /// The longest rest.
    pub cap: Duration,
}

impl Default for Retry {
    /// Four calls within about half a second.
    fn default() -> Self {
        Self {
            attempts: 4,
            base: Duration::from_millis(50),
            cap: Duration::from_secs(1),
        }
    }
}

impl Retry {
    /// Calls until one succeeds, fails with what repeating does not mend, or there is no time left under
    /// [`Deadline::current`]; the last failure is the result. `call` must be idempotent, as every read is
    /// and every write with a `request_id`; it builds its request anew each time.
    ///
    /// ```no_run
    /// # async fn example(client: attune_api::events::v1::event_feed_service_client::EventFeedServiceClient<attune_server::Peer>) {
    /// use attune_server::Retry;
    /// let parked = Retry::default().run(|| {
    ///     let mut client = client.clone();
    ///     async move { client.list_parked_events(attune_api::events::v1::ListParkedEventsRequest::default()).await }
    /// }).await;
    /// # }
    /// ```
    pub async fn run<T, F>(self, mut call: impl FnMut() -> F) -> Result<T, Status>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let mut attempt = 1;
        loop {
            let status = match call().await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            let rest = self.rest_after(attempt, &status);
            let in_time = Deadline::current().is_none_or(|deadline| deadline.remaining() > rest);
            if attempt >= self.attempts || !is_worth_repeating(&status) || !in_time {
                return Err(status);
            }
            tracing::debug!(attempt, code = ?status.code(), rest_ms = rest.as_millis(), "calling again");
            tokio::time::sleep(rest).await;
            attempt += 1;
        }
    }

    /// Anything up to the doubled base ("full jitter"), but not before the server's `RetryInfo`.
    fn rest_after(self, attempt: u32, status: &Status) -> Duration {
        let most = self
            .base
            .saturating_mul(2_u32.saturating_pow(attempt - 1))
            .min(self.cap);
        let asked = status
            .get_details_retry_info()
            .and_then(|info| info.retry_delay)
            .unwrap_or_default();
        most.mul_f64(rand::random_range(0.0..=1.0))
            .max(asked.min(self.cap))
    }
}

/// Whether the same call may succeed a moment later and was not refused for what it says.
fn is_worth_repeating(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable => true,
        Code::Cancelled => status.message() == LOST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// The number of calls made when each fails with `status`, and the last failure.
    async fn calls_that_fail_with(status: Status) -> (u32, Status) {
        let calls = Cell::new(0);
        let failure = Retry::default()
            .run(|| {
                calls.set(calls.get() + 1);
                std::future::ready(Err::<(), _>(status.clone()))
            })
            .await
            .unwrap_err();
        (calls.get(), failure)
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_call_is_repeated_and_a_refused_one_is_not() {
        for (status, expected) in [
            (Status::unavailable("connection refused"), 4),
            (Status::cancelled(LOST), 4),
            (Status::cancelled("the caller changed its mind"), 1),
            (Status::invalid_argument("email"), 1),
            (Status::deadline_exceeded("late"), 1),
        ] {
            let (calls, failure) = calls_that_fail_with(status.clone()).await;
            assert_eq!((calls, failure.code()), (expected, status.code()), "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_call_is_made_after_the_deadline() {
        let began = tokio::time::Instant::now();
        let patience = Duration::from_millis(300);
        let retry = Retry {
            attempts: u32::MAX,
            ..Retry::default()
        };
        let work = retry.run(|| std::future::ready(Err::<(), _>(Status::unavailable("down"))));
        Deadline::within(patience).scope(work).await.unwrap_err();
        assert!(began.elapsed() <= patience, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_call_may_succeed() {
        let calls = Cell::new(0);
        let answer = Retry::default()
            .run(|| {
                calls.set(calls.get() + 1);
                let answer = if calls.get() == 2 {
                    Ok(42)
                } else {
                    Err(Status::unavailable("down"))
                };
                std::future::ready(answer)
            })
            .await;
        assert_eq!(answer.unwrap(), 42);
    }

    #[test]
    fn a_server_that_says_when_to_come_again_is_heeded() {
        let patient = attune_rpc::Error::unavailable("busy", Duration::from_millis(700)).into();
        assert!(Retry::default().rest_after(1, &patient) >= Duration::from_millis(700));
    }
}
