//! The days of a topic's volume.

use attune_database::Tx;
use attune_stats::hot::Day;
use chrono::{DateTime, Utc};
use sqlx::query;

use crate::domain::{Scope, Window};

/// The days of `window` on which the scope had feedback, in order. Mentions are those that detection tests: a known person
/// counts once an hour.
pub(crate) async fn days(
    tx: &mut Tx,
    topic_id: &str,
    scope: &Scope,
    window: Window,
) -> Result<Vec<Day>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        r#"SELECT start AS "start!", sum(mentions)::bigint AS "mentions!", sum(feedback)::bigint AS "feedback!"
           FROM (SELECT date_trunc('day', start, 'UTC') AS start, mentions, 0 AS feedback
                 FROM feedback.mention_count
                 WHERE tenant_id = $1 AND topic_id = $2 AND start >= $3 AND start < $4
                   AND ($5 = '' OR product = $5) AND NOT product = ANY($6)
                 UNION ALL
                 SELECT start, 0, feedback FROM feedback.slice_count
                 WHERE tenant_id = $1 AND grain = 'day' AND topic_id = '' AND start >= $3 AND start < $4
                   AND ($5 = '' OR product = $5) AND NOT product = ANY($6)) counted
           GROUP BY start ORDER BY start"#,
        tenant,
        topic_id,
        window.start,
        window.end,
        scope.product,
        &scope.left_out
    )
    .fetch_all(&mut **tx)
    .await?;
    let natural = |count: i64| u64::try_from(count).unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| Day {
            date: row.start.date_naive(),
            mentions: natural(row.mentions),
            feedback: natural(row.feedback),
        })
        .collect())
}

/// By which versions of the taxonomy the feedback of a scope stands, by the beginning of the day.
pub(crate) async fn versions(
    tx: &mut Tx,
    scope: &Scope,
    window: Window,
) -> Result<Vec<(DateTime<Utc>, i64)>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        "SELECT DISTINCT start, taxonomy_version FROM feedback.slice_count
         WHERE tenant_id = $1 AND grain = 'day' AND topic_id = '' AND start >= $2 AND start < $3 AND feedback > 0
           AND ($4 = '' OR product = $4) AND NOT product = ANY($5)",
        tenant,
        window.start,
        window.end,
        scope.product,
        &scope.left_out
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.start, row.taxonomy_version))
        .collect())
}
