//! The statistics that Postgres plans by, for tables that have none yet.

use sqlx::AssertSqlSafe;

use crate::Database;

/// A smaller table is planned well enough without: reading all of it costs nothing. In bytes.
const SMALL: i64 = 128 * 1024;

/// Analyses the tables of the schema that hold something and were never analysed, and returns their names. Where another
/// replica is at it, the table is left to that one.
///
/// Postgres plans for a table without statistics as if it held next to nothing, and keeps to it until autovacuum comes by:
/// a minute in which what joins with the table takes a thousand times as long as after it.
pub async fn analyze_filled(database: &Database) -> Result<Vec<String>, sqlx::Error> {
    let schema = database.schema();
    let mut connection = database.pool().acquire().await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class
         WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' AND reltuples < 0 AND pg_relation_size(oid) > $2
         ORDER BY relname",
    )
    .bind(schema.name())
    .bind(SMALL)
    .fetch_all(&mut *connection)
    .await?;
    for table in &tables {
        let analyze = format!("ANALYZE (SKIP_LOCKED) {}", schema.table(table));
        sqlx::raw_sql(AssertSqlSafe(analyze))
            .execute(&mut *connection)
            .await?;
    }
    Ok(tables)
}
