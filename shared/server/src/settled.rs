//! Whether the platform has nothing left to do, for tests and replays.

use attune_database::Schema;
use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// Whether at `now` everything told has been heard and nothing is due in any of `schemas`: what has to be so
/// before virtual time may move. Both questions are asked of one snapshot, because an effect of the one may be
/// the cause of the other.
///
/// `admin` must be allowed to read all the schemas, and they must be in its one database.
pub async fn is_settled(admin: &PgPool, schemas: &[Schema], now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let mut snapshot = admin
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let settled = attune_timers::none_due(&mut *snapshot, schemas, now).await?
        && attune_events::quiet(&mut *snapshot, schemas).await?;
    snapshot.commit().await?;
    Ok(settled)
}
