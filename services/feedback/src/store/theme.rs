//! Themes: texts that wait for one, what the engine has learnt, and what people see.

use std::collections::BTreeMap;

use attune_database::Tx;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Learnt, Period, Theme, ThemeInPeriod};

/// Notes that the tenant has texts; true the first time.
pub(crate) async fn begin(tx: &mut Tx) -> Result<bool, sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    let inserted = query!(
        "INSERT INTO feedback.theme_state (tenant_id, began_at) VALUES ($1, $2)
         ON CONFLICT ON CONSTRAINT theme_state_pkey DO NOTHING",
        tenant,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// New feedback with a text waits for its theme.
pub(crate) async fn wait(tx: &mut Tx, feedback: &[Uuid]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.theme_waiting (tenant_id, feedback_id)
         SELECT $1, feedback_id FROM unnest($2::uuid[]) AS new (feedback_id)",
        tenant,
        feedback
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Feedback that waits; its text is gone where it was erased meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) feedback_id: Uuid,
    pub(crate) occurred_at: Option<DateTime<Utc>>,
    pub(crate) text: Option<String>,
}

/// The first `most` that wait, in the order of their arrival, each text cut after `length` characters.
pub(crate) async fn waiting(tx: &mut Tx, most: i64, length: i32) -> Result<Vec<Waiting>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Waiting,
        r#"SELECT w.feedback_id, f.occurred_at AS "occurred_at?", left(f.text, $3) AS text
           FROM (SELECT feedback_id FROM feedback.theme_waiting WHERE tenant_id = $1
                 ORDER BY feedback_id LIMIT $2) w
           LEFT JOIN feedback.feedback f ON f.tenant_id = $1 AND f.feedback_id = w.feedback_id
           ORDER BY w.feedback_id"#,
        tenant,
        most,
        length
    )
    .fetch_all(&mut **tx)
    .await
}

/// They have their themes.
pub(crate) async fn waited(tx: &mut Tx, feedback: &[Uuid]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM feedback.theme_waiting WHERE tenant_id = $1 AND feedback_id = ANY($2)",
        tenant,
        feedback
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What the engine has learnt; none before the first text.
pub(crate) async fn learnt(tx: &mut Tx) -> Result<Option<Learnt>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Learnt,
        r#"SELECT state AS "state!", meanings FROM feedback.theme_state WHERE tenant_id = $1 AND state IS NOT NULL"#,
        tenant
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Keeps what the engine has learnt.
pub(crate) async fn save(tx: &mut Tx, learnt: &Learnt) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "UPDATE feedback.theme_state SET state = $2, meanings = $3, updated_at = $4 WHERE tenant_id = $1",
        tenant,
        learnt.state,
        learnt.meanings,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The numbers of all themes kept, with their texts: at most as many as the engine keeps.
pub(crate) async fn numbers(tx: &mut Tx) -> Result<BTreeMap<i64, i64>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        "SELECT number, texts FROM feedback.theme WHERE tenant_id = $1",
        tenant
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.number, row.texts)).collect())
}

/// Keeps a theme as it is now; one that is known keeps its id and its topic.
pub(crate) async fn put(tx: &mut Tx, theme: &Theme) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.theme AS kept (tenant_id, number, theme_id, label, phrases, languages, quotes, texts,
             first_said_at, last_said_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT ON CONSTRAINT theme_pkey DO UPDATE
             SET label = excluded.label, phrases = excluded.phrases, languages = excluded.languages,
                 quotes = excluded.quotes, texts = excluded.texts,
                 first_said_at = least(kept.first_said_at, excluded.first_said_at),
                 last_said_at = greatest(kept.last_said_at, excluded.last_said_at)",
        tenant,
        theme.number,
        theme.theme_id,
        theme.label,
        &theme.phrases,
        &theme.languages,
        &theme.quotes,
        theme.texts,
        theme.first_said_at,
        theme.last_said_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Adds texts by day and theme.
pub(crate) async fn add_counts(
    tx: &mut Tx,
    counts: &BTreeMap<(DateTime<Utc>, i64), i64>,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let days: Vec<DateTime<Utc>> = counts.keys().map(|(day, _)| *day).collect();
    let numbers: Vec<i64> = counts.keys().map(|(_, number)| *number).collect();
    let texts: Vec<i64> = counts.values().copied().collect();
    query!(
        "INSERT INTO feedback.theme_count AS kept (tenant_id, day, number, texts)
         SELECT $1, day, number, texts FROM unnest($2::timestamptz[], $3::bigint[], $4::bigint[])
             AS new (day, number, texts)
         ON CONFLICT ON CONSTRAINT theme_count_pkey DO UPDATE SET texts = kept.texts + excluded.texts",
        tenant,
        &days,
        &numbers,
        &texts
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A theme became part of another: its texts count there, and a topic it was promoted to goes with it.
pub(crate) async fn merge(tx: &mut Tx, from: i64, into: i64) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.theme_count AS kept (tenant_id, day, number, texts)
         SELECT tenant_id, day, $3, texts FROM feedback.theme_count WHERE tenant_id = $1 AND number = $2
         ON CONFLICT ON CONSTRAINT theme_count_pkey DO UPDATE SET texts = kept.texts + excluded.texts",
        tenant,
        from,
        into
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "UPDATE feedback.theme AS kept
         SET topic_id = coalesce(kept.topic_id, gone.topic_id),
             first_said_at = least(kept.first_said_at, gone.first_said_at),
             last_said_at = greatest(kept.last_said_at, gone.last_said_at)
         FROM feedback.theme AS gone
         WHERE kept.tenant_id = $1 AND kept.number = $3 AND gone.tenant_id = $1 AND gone.number = $2",
        tenant,
        from,
        into
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes themes with their counts.
pub(crate) async fn forget(tx: &mut Tx, numbers: &[i64]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM feedback.theme_count WHERE tenant_id = $1 AND number = ANY($2)",
        tenant,
        numbers
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "DELETE FROM feedback.theme WHERE tenant_id = $1 AND number = ANY($2)",
        tenant,
        numbers
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes the counts of days before `day`.
pub(crate) async fn forget_before(tx: &mut Tx, day: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM feedback.theme_count WHERE tenant_id = $1 AND day < $2",
        tenant,
        day
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A theme by its id; until the transaction ends nobody else changes it.
pub(crate) async fn lock(tx: &mut Tx, theme_id: Uuid) -> Result<Option<Theme>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Theme,
        "SELECT theme_id, number, label, phrases, languages, quotes, texts, first_said_at, last_said_at, topic_id
         FROM feedback.theme WHERE tenant_id = $1 AND theme_id = $2 FOR UPDATE",
        tenant,
        theme_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes the topic that a theme was promoted to.
pub(crate) async fn promoted(tx: &mut Tx, theme_id: Uuid, topic_id: &str) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.theme SET topic_id = $3 WHERE tenant_id = $1 AND theme_id = $2",
        tenant,
        theme_id,
        topic_id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Where a page of themes ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) texts: i64,
    pub(crate) number: i64,
}

/// At most `limit` themes of a period after `after`, the largest first.
pub(crate) async fn page(
    tx: &mut Tx,
    period: Period,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<ThemeInPeriod>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        r#"WITH said AS (
               SELECT number, coalesce(sum(texts) FILTER (WHERE day >= $2), 0)::bigint AS now,
                      coalesce(sum(texts) FILTER (WHERE day < $2), 0)::bigint AS before
               FROM feedback.theme_count WHERE tenant_id = $1 AND day >= $4 AND day < $3 GROUP BY number)
           SELECT t.theme_id, t.number, t.label, t.phrases, t.languages, t.quotes, t.texts, t.first_said_at,
                  t.last_said_at, t.topic_id, s.now AS "now!", s.before AS "before!"
           FROM said s JOIN feedback.theme t ON t.tenant_id = $1 AND t.number = s.number
           WHERE s.now > 0 AND t.texts >= $8
             AND ($5::bigint IS NULL OR s.now < $5 OR (s.now = $5 AND s.number > $6))
           ORDER BY s.now DESC, s.number LIMIT $7"#,
        tenant,
        period.start,
        period.end,
        period.before(),
        after.map(|place| place.texts),
        after.map(|place| place.number),
        limit,
        Theme::FEWEST_TEXTS
    )
    .fetch_all(&mut **tx)
    .await?;
    let theme = rows.into_iter().map(|row| ThemeInPeriod {
        theme: Theme {
            theme_id: row.theme_id,
            number: row.number,
            label: row.label,
            phrases: row.phrases,
            languages: row.languages,
            quotes: row.quotes,
            texts: row.texts,
            first_said_at: row.first_said_at,
            last_said_at: row.last_said_at,
            topic_id: row.topic_id,
        },
        texts: row.now,
        texts_before: row.before,
    });
    Ok(theme.collect())
}
