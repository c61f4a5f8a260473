//! Partitions of the event log: found, added as the head moves on, dropped when their time is over.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::schema::{identifier, literal};
use crate::{PlatformTx, Schema};

/// The smallest and the largest number of events a partition is made for.
const SMALLEST: i64 = 100_000;
const LARGEST: i64 = 50_000_000;

/// One partition of an event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) name: String,
    /// The first position it takes.
    pub(crate) from: i64,
    /// The first position it does not take any more.
    pub(crate) to: i64,
    /// A DETACH was begun and not finished.
    pub(crate) detaching: bool,
}

/// Makes sure that the event log takes the position `last`, and returns the first position that it would
/// not take: there is nothing to ask again before that one is reached. A caller that keeps the answer
/// keeps it only once `tx` has committed.
///
/// Called by the one writer of the log, which holds the feed's head: no two make the same partition.
/// Readers and writers go on meanwhile.
pub async fn extend_event_log(tx: &mut PlatformTx, last: i64) -> Result<i64, sqlx::Error> {
    let (schema, now) = (tx.schema(), tx.now());
    let mut partitions = partitions(tx, schema).await?;
    loop {
        let end = partitions.last().map_or(1, |partition| partition.to);
        if last < end {
            return Ok(end);
        }
        let size = match partitions.last() {
            Some(newest) => {
                let began = first_recorded(tx, schema, newest).await?.unwrap_or(now);
                next_size(newest.to - newest.from, now - began)
            }
            None => SMALLEST,
        };
        partitions.push(add(tx, schema, end, end + size).await?);
    }
}

/// The partitions of the event log, the oldest first.
pub(crate) async fn partitions(
    connection: &mut PgConnection,
    schema: Schema,
) -> Result<Vec<Partition>, sqlx::Error> {
    let rows: Vec<(String, i64, i64, bool)> = sqlx::query_as(
        "SELECT name, bounds[1]::bigint, bounds[2]::bigint, detaching
         FROM (SELECT child.relname::text AS name, inhdetachpending AS detaching,
                      regexp_match(pg_get_expr(child.relpartbound, child.oid),
                                   '\\(''?(\\d+)''?\\) TO \\(''?(\\d+)''?\\)') AS bounds
               FROM pg_inherits
               JOIN pg_class AS parent ON parent.oid = inhparent
               JOIN pg_class AS child ON child.oid = inhrelid
               JOIN pg_namespace ON pg_namespace.oid = parent.relnamespace
               WHERE nspname = $1 AND parent.relname = 'event_log') AS partition
         ORDER BY bounds[1]::bigint",
    )
    .bind(schema.name())
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(name, from, to, detaching)| Partition {
            name,
            from,
            to,
            detaching,
        })
        .collect())
}

async fn first_recorded(
    connection: &mut PgConnection,
    schema: Schema,
    partition: &Partition,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let select = format!(
        "SELECT recorded_at FROM {} ORDER BY position LIMIT 1",
        schema.table(&partition.name)
    );
    sqlx::query_scalar(AssertSqlSafe(select))
        .fetch_optional(connection)
        .await
}

/// Attaching a table made beside the log locks nobody out; creating it as a partition would.
async fn add(
    connection: &mut PgConnection,
    schema: Schema,
    from: i64,
    to: i64,
) -> Result<Partition, sqlx::Error> {
    let name = format!("event_log_from_{from}");
    let (log, table) = (schema.table("event_log"), schema.table(&name));
    let statement = format!(
        "CREATE TABLE {table} (LIKE {log} INCLUDING ALL,
             CONSTRAINT {bounds} CHECK (position >= {from} AND position < {to}));
         ALTER TABLE {log} ATTACH PARTITION {table} FOR VALUES FROM ({from}) TO ({to});
         ALTER TABLE {table} DROP CONSTRAINT {bounds}",
        bounds = identifier("bounds"),
    );
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await?;
    tracing::info!(schema = %schema, partition = %literal(&name), from, to, "event log extended");
    Ok(Partition {
        name,
        from,
        to,
        detaching: false,
    })
}

/// A partition should hold between a day and a week: retention drops whole ones, and too many of them make
/// every query's plan dear. So the next is twice as large when the last filled within a day, and half as
/// large when it took more than a week.
fn next_size(last: i64, filled_in: TimeDelta) -> i64 {
    let size = if filled_in < TimeDelta::days(1) {
        last.saturating_mul(2)
    } else if filled_in > TimeDelta::days(7) {
        last / 2
    } else {
        last
    };
    size.clamp(SMALLEST, LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_grow_and_shrink_with_the_traffic_within_bounds() {
        assert_eq!(next_size(100_000, TimeDelta::hours(2)), 200_000);
        assert_eq!(next_size(400_000, TimeDelta::days(3)), 400_000);
        assert_eq!(next_size(400_000, TimeDelta::days(20)), 200_000);
        assert_eq!(next_size(LARGEST, TimeDelta::hours(2)), LARGEST);
        assert_eq!(next_size(SMALLEST, TimeDelta::days(20)), SMALLEST);
    }
}
