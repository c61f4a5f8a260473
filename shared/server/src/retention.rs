//! Forgets what is kept for a time only.

use attune_database::{Database, retention};
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

/// How long a request id is remembered.
const REQUESTS: TimeDelta = TimeDelta::days(30);
/// Time between two sweeps, on the platform's clock and on the wall.
const SWEEP: TimeDelta = TimeDelta::hours(6);
const SWEEP_WALL: std::time::Duration = std::time::Duration::from_hours(6);

/// Sweeps `database` until `shutdown`; events go after `event_days`. Safe on every replica at once.
pub(crate) async fn run(
    database: Database,
    event_days: u32,
    shutdown: CancellationToken,
) -> Result<(), sqlx::Error> {
    let events = TimeDelta::days(i64::from(event_days));
    let mut moves = database.clock().moves();
    let mut last = None;
    loop {
        let now = database.clock().now();
        if last.is_none_or(|last| now - last >= SWEEP) {
            let requests = retention::expire_requests(&database, now - REQUESTS).await?;
            let partitions = retention::expire_events(&database, now - events).await?;
            tracing::debug!(requests, partitions, "old request ids and events are gone");
            last = Some(now);
        }
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = moves.next() => {}
            () = tokio::time::sleep(SWEEP_WALL) => {}
        }
    }
}
