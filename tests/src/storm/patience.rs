//! Calls that survive the death of the process they were sent to.

use std::error::Error as _;
use std::time::{Duration, Instant};

use tonic::{Code, Response, Status};

/// How long a process may be away.
const PATIENCE: Duration = Duration::from_mins(1);
const REST: Duration = Duration::from_millis(50);
/// How long one call may take; whoever hears nothing by then calls again.
const DEADLINE: Duration = Duration::from_secs(15);

/// Calls until there is an answer from the service, be it a refusal. `call` must be safe to repeat: a read, or a
/// write whose `request_id` or `source_id` was made before the first try.
pub(super) async fn ask<T, F>(mut call: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let end = Instant::now() + PATIENCE;
    loop {
        let answered = tokio::time::timeout(DEADLINE, call()).await;
        match answered.unwrap_or_else(|_| Err(Status::unavailable("there was no answer in time"))) {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) if is_lost(&status) && Instant::now() < end => tokio::time::sleep(REST).await,
            Err(status) => return Err(status),
        }
    }
}

/// Whether nobody answered. A status that the service itself sent has no source on this side.
fn is_lost(status: &Status) -> bool {
    status.code() == Code::Unavailable || status.source().is_some()
}

/// The name of one intent, whose repetitions then have one effect.
pub(super) fn intent() -> String {
    uuid::Uuid::new_v4().to_string()
}
