//! Forgets what is kept for a time only.

use attune_database::{Database, retention};
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

/// How long a request id is remembered.
const REQUESTS: TimeDelta = TimeDelta::days(30);
/// Time between two sweeps, on the platform's clock and on the wall.
const SWEEP: TimeDelta = TimeDelta::hours(6);
const SWEEP_WALL: std::time::Duration = std::time::Duration::from_hours(6);

/// Rows that a service keeps for a time only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiring {
    pub(crate) table: &'static str,
    /// The column with the instant from which their age counts.
    pub(crate) column: &'static str,
    pub(crate) age: TimeDelta,
}

/// Sweeps `database` until `shutdown`; events go after `event_days`, `rows` at their age. Safe on every replica
/// at once.
pub(crate) async fn run(
    database: Database,
    event_days: u32,
    rows: Vec<Expiring>,
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
            let mut old = 0;
            for Expiring { table, column, age } in &rows {
                old += retention::expire_rows(&database, table, column, now - *age).await?;
            }
            tracing::debug!(
                requests,
                partitions,
                rows = old,
                "what was kept for a time only is gone"
            );
            last = Some(now);
        }
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = moves.next() => {}
            () = tokio::time::sleep(SWEEP_WALL) => {}
        }
    }
}
