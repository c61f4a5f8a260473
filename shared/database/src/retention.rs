//! What is kept for a time only: request ids, events, and the rows that a service says so of.

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::AssertSqlSafe;

use crate::partition::{Partition, partitions};
use crate::schema::identifier;
use crate::{Database, PlatformTx};

/// Rows deleted in one transaction: few enough to stay far below the statement's time.
const BATCH: i64 = 5_000;

/// How long dropping a partition waits for a reader before it gives up until the next run.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '2s'";

/// Deletes the request ids recorded before `instant`, in all tenants, and returns how many those were.
/// May run in several replicas at once.
pub async fn expire_requests(database: &Database, instant: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    expire_rows(database, "request", "created_at", instant).await
}

/// Deletes the rows of `table` whose `column` lies before `instant`, in all tenants, and returns how many those
/// were. May run in several replicas at once.
///
/// The table needs a policy for SELECT and one for DELETE that show a transaction outside any tenant the rows
/// before `app.expired_before`, as `request` has, and an index on `column`; block ranges do for rows that arrive
/// in the order of their time.
pub async fn expire_rows(
    database: &Database,
    table: &'static str,
    column: &'static str,
    instant: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let table = database.schema().table(table);
    let column = identifier(column);
    let delete = format!(
        "DELETE FROM {table} WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM {table} WHERE {column} < $1 LIMIT $2))"
    );
    let mut total = 0;
    loop {
        let mut tx = database.platform_tx().await?;
        see_expired(&mut tx, instant).await?;
        let deleted = sqlx::query(AssertSqlSafe(delete.clone()))
            .bind(instant)
            .bind(BATCH)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        tx.commit().await?;
        total += deleted;
        if deleted < BATCH.unsigned_abs() {
            return Ok(total);
        }
    }
}

/// The table's policies show a transaction outside any tenant nothing but what it declares expired.
async fn see_expired(tx: &mut PlatformTx, instant: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('app.expired_before', $1, true)")
        .bind(instant.to_rfc3339_opts(SecondsFormat::Micros, true))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Drops the partitions of the event log that are full and whose last event was recorded before `instant`,
/// the oldest first, and returns how many those were. The newest partition always stays.
///
/// Readers go on meanwhile; one that holds a partition longer than two seconds postpones it to the next
/// run. A cursor that pointed into a dropped partition has expired.
pub async fn expire_events(database: &Database, instant: DateTime<Utc>) -> Result<usize, sqlx::Error> {
    let schema = database.schema();
    let mut connection = database.pool().acquire().await?;
    let mut all = partitions(&mut connection, schema).await?;
    all.pop();
    if all.is_empty() {
        return Ok(0);
    }
    // Its settings must not come back to the pool.
    let mut connection = connection.detach();
    sqlx::raw_sql(LOCK_TIMEOUT).execute(&mut connection).await?;
    let mut dropped = 0;
    for partition in all {
        let table = schema.table(&partition.name);
        let select = format!("SELECT recorded_at < $1 FROM {table} ORDER BY position DESC LIMIT 1");
        let expired: Option<bool> = sqlx::query_scalar(AssertSqlSafe(select))
            .bind(instant)
            .fetch_optional(&mut connection)
            .await?;
        if expired == Some(false) {
            break;
        }
        sqlx::raw_sql(AssertSqlSafe(detach(
            &schema.table("event_log"),
            &table,
            &partition,
        )))
        .execute(&mut connection)
        .await?;
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE {table}")))
            .execute(&mut connection)
            .await?;
        tracing::info!(schema = %schema, partition = partition.name, "event log shortened");
        dropped += 1;
    }
    Ok(dropped)
}

/// A detach that was cut short must be finished before anything else can be detached.
fn detach(log: &str, table: &str, partition: &Partition) -> String {
    let how = if partition.detaching {
        "FINALIZE"
    } else {
        "CONCURRENTLY"
    };
    format!("ALTER TABLE {log} DETACH PARTITION {table} {how}")
}
