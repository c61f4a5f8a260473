//! Whether everything told has been heard, for tests and replays.

use attune_database::Schema;
use sqlx::{AssertSqlSafe, PgExecutor, query_scalar};

/// Whether in all of `schemas` every outbox is empty, every subscription stands at the head of its source (as
/// far as that is one of `schemas`) and no released event waits to be handled.
///
/// `executor` must be allowed to read all the schemas, and they must be in its one database. All of it is one
/// statement, hence one snapshot. A timer may still be due: to ask for both at once, pass the same REPEATABLE
/// READ transaction to `attune_timers::none_due`. Subscriptions count from the moment they first ran.
pub async fn quiet<'e>(executor: impl PgExecutor<'e>, schemas: &[Schema]) -> Result<bool, sqlx::Error> {
    let each = |text: &str, glue: &str| {
        schemas
            .iter()
            .map(|schema| {
                let quoted = format!("\"{}\".", schema.name().replace('"', "\"\""));
                text.replace("{schema}.", &quoted)
                    .replace("{name}", schema.name())
            })
            .collect::<Vec<_>>()
            .join(glue)
    };
    if schemas.is_empty() {
        return Ok(true);
    }
    let heads = each(
        "SELECT '{name}' AS source, position FROM {schema}.feed_head",
        " UNION ALL ",
    );
    let told = each("NOT EXISTS (SELECT 1 FROM {schema}.outbox)", " AND ");
    let heard = each(
        "NOT EXISTS (SELECT 1 FROM {schema}.subscription JOIN head USING (source)
                     WHERE subscription.position <> head.position)",
        " AND ",
    );
    let released = each(
        "NOT EXISTS (SELECT 1 FROM {schema}.parked AS first WHERE attempts = 0 AND NOT EXISTS (
             SELECT 1 FROM {schema}.parked AS earlier
             WHERE (earlier.name, earlier.tenant_id, earlier.subject) =
                   (first.name, first.tenant_id, first.subject) AND earlier.position < first.position))",
        " AND ",
    );
    let text = format!("WITH head AS MATERIALIZED ({heads}) SELECT {told} AND {heard} AND {released}");
    query_scalar(AssertSqlSafe(text)).fetch_one(executor).await
}
