//! Waiting until the platform has nothing left to do at an instant, so that a test never sleeps.

use std::time::{Duration, Instant};

use attune_database::Schema;
use attune_server::is_settled;
use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::Failure;

const POLL: Duration = Duration::from_millis(2);

/// Waits until the platform [`is_settled`], at most `within`.
pub async fn settle(
    admin: &PgPool,
    schemas: &[Schema],
    now: DateTime<Utc>,
    within: Duration,
) -> Result<(), Failure> {
    let end = Instant::now() + within;
    while !is_settled(admin, schemas, now).await? {
        if Instant::now() > end {
            return Err(format!(
                "not settled within {within:?}: {}",
                unsettled(admin, schemas, now).await?
            )
            .into());
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// What is left to do, for the message of a test that waited in vain.
async fn unsettled(admin: &PgPool, schemas: &[Schema], now: DateTime<Utc>) -> Result<String, sqlx::Error> {
    let mut left = Vec::new();
    for schema in schemas {
        let name = schema.name();
        let text = format!(
            "SELECT (SELECT count(*) FROM {name}.outbox),
                    (SELECT position FROM {name}.feed_head),
                    (SELECT coalesce(string_agg(name || '@' || position, ', '), '') FROM {name}.subscription),
                    (SELECT coalesce(string_agg(DISTINCT kind || ' ' || coalesce(last_error, ''), ', '), '')
                     FROM {name}.timer WHERE due_at <= $1),
                    (SELECT coalesce(string_agg(DISTINCT error, ', '), '') FROM {name}.parked)"
        );
        let (outbox, head, subscriptions, due, parked): (i64, i64, String, String, String) =
            sqlx::query_as(sqlx::AssertSqlSafe(text))
                .bind(now)
                .fetch_one(admin)
                .await?;
        left.push(format!(
            "{name}: outbox {outbox}, head {head}, subscriptions [{subscriptions}], due [{due}], parked [{parked}]"
        ));
    }
    Ok(left.join("; "))
}
