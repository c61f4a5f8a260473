//! Callers that each make their next call when the last is answered.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::bail;
use tonic::Status;

use crate::measure::{Latencies, Sample};
use crate::stage::Stage;

/// How long calls are made before they count: connections are open and statements prepared by then.
const WARM: Duration = Duration::from_millis(400);

/// What one caller saw.
#[derive(Default)]
struct Seen {
    latencies: Vec<Duration>,
    failed: u64,
    first_failure: Option<Status>,
}

/// Keeps `in_flight` calls in flight for `timed`, and counts those answered in that time. `call` is given the
/// number of the caller, from 0. A failed call fails the run: a figure must not be made of refusals.
pub(crate) async fn closed_loop<F, T>(
    stage: &Stage,
    in_flight: usize,
    timed: Duration,
    call: F,
) -> anyhow::Result<Sample>
where
    F: Fn(usize) -> T + Clone + Send + 'static,
    T: Future<Output = Result<(), Status>> + Send + 'static,
{
    let begin = Instant::now() + WARM;
    let end = begin + timed;
    let callers: Vec<_> = (0..in_flight)
        .map(|caller| {
            let call = call.clone();
            tokio::spawn(calls(begin, end, move || call(caller)))
        })
        .collect();
    tokio::time::sleep_until(begin.into()).await;
    let before = stage.cpu();
    tokio::time::sleep_until(end.into()).await;
    let cpu = stage.cpu().since(before);

    let mut latencies = Vec::new();
    for caller in callers {
        let seen = caller.await?;
        if let Some(status) = seen.first_failure {
            bail!(
                "{} calls of one caller failed, the first with {status}",
                seen.failed
            );
        }
        latencies.extend(seen.latencies);
    }
    Ok(Sample {
        value: latencies.len() as f64 / timed.as_secs_f64(),
        latencies: Some(Latencies::of(latencies)),
        cpu,
    })
}

async fn calls<F, T>(begin: Instant, end: Instant, call: F) -> Seen
where
    F: Fn() -> T,
    T: Future<Output = Result<(), Status>>,
{
    let mut seen = Seen::default();
    loop {
        let asked = Instant::now();
        if asked >= end {
            return seen;
        }
        let outcome = call().await;
        let answered = Instant::now();
        match outcome {
            Ok(()) if (begin..end).contains(&answered) => seen.latencies.push(answered - asked),
            Ok(()) => {}
            Err(status) => {
                seen.failed += 1;
                seen.first_failure.get_or_insert(status);
            }
        }
    }
}
