//! What is due: how much of it there is, and for tests and replays whether everything has fired.

use attune_database::{Schema, Tx};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgExecutor, query_scalar};

use crate::statement::{in_schema, statement};

/// How many timers of `kind` are due by now, of whichever tenant; at most `most`, which is as many as are looked at. What
/// gives work to those who handle them waits while there is enough.
pub async fn count_due(tx: &mut Tx, kind: &str, most: u16) -> Result<i64, sqlx::Error> {
    let now = tx.now();
    query_scalar(statement(tx.schema(), COUNT_DUE))
        .bind(kind)
        .bind(now)
        .bind(i64::from(most))
        .fetch_one(&mut **tx)
        .await
}

const COUNT_DUE: &str = "
    SELECT count(*) FROM (SELECT FROM {schema}.timer WHERE kind = $1 AND due_at <= $2 LIMIT $3) AS due";

/// Whether no timer of any of `schemas` is due at `now`. A timer that failed and rests is not due.
///
/// `executor` must be allowed to read all the schemas, and they must be in its one database. To ask for
/// events too at the same instant, pass the same REPEATABLE READ transaction to `attune_events::quiet`.
pub async fn none_due<'e>(
    executor: impl PgExecutor<'e>,
    schemas: &[Schema],
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    if schemas.is_empty() {
        return Ok(true);
    }
    let conditions: Vec<String> = schemas
        .iter()
        .map(|schema| {
            in_schema(
                *schema,
                "NOT EXISTS (SELECT FROM {schema}.timer WHERE due_at <= $1)",
            )
        })
        .collect();
    let text = format!("SELECT {}", conditions.join(" AND "));
    query_scalar(AssertSqlSafe(text))
        .bind(now)
        .fetch_one(executor)
        .await
}

/// The earliest instant after `now` at which a timer of any of `schemas` is due: where virtual time may jump
/// to when everything has settled.
pub async fn next_due<'e>(
    executor: impl PgExecutor<'e>,
    schemas: &[Schema],
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    if schemas.is_empty() {
        return Ok(None);
    }
    let instants: Vec<String> = schemas
        .iter()
        .map(|schema| {
            in_schema(
                *schema,
                "(SELECT min(due_at) FROM {schema}.timer WHERE due_at > $1)",
            )
        })
        .collect();
    let text = format!("SELECT least({})", instants.join(", "));
    query_scalar(AssertSqlSafe(text))
        .bind(now)
        .fetch_one(executor)
        .await
}
