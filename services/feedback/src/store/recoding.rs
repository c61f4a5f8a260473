//! Recodings, and how far they are.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Cancelled, Recoding, Through, Window};

#[derive(Debug)]
struct Row {
    recoding_id: Uuid,
    taxonomy_version: i64,
    window_start: DateTime<Utc>,
    window_end: DateTime<Utc>,
    author: String,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    through_at: Option<DateTime<Utc>>,
    through_id: Option<Uuid>,
    total: i64,
    processed: i64,
    changed: i64,
    known: i64,
    cancelled_at: Option<DateTime<Utc>>,
    cancelled_by: Option<String>,
    cancel_reason: Option<String>,
    restored: i64,
}

impl From<Row> for Recoding {
    fn from(row: Row) -> Self {
        let through = row.through_at.zip(row.through_id);
        Self {
            recoding_id: row.recoding_id,
            taxonomy_version: row.taxonomy_version,
            window: Window {
                start: row.window_start,
                end: row.window_end,
            },
            author: row.author,
            created_at: row.created_at,
            ended_at: row.ended_at,
            through: through.map(|(occurred_at, feedback_id)| Through {
                occurred_at,
                feedback_id,
            }),
            total: row.total,
            processed: row.processed,
            changed: row.changed,
            known: row.known,
            cancelled: row.cancelled_at.map(|at| Cancelled {
                at,
                by: row.cancelled_by.unwrap_or_default(),
                reason: row.cancel_reason.unwrap_or_default(),
            }),
            restored: row.restored,
        }
    }
}

/// Stores a new one.
pub(crate) async fn insert(tx: &mut Tx, recoding: &Recoding) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.recoding (tenant_id, recoding_id, taxonomy_version, window_start, window_end, author,
             created_at, total, processed, changed, known)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0)",
        tenant,
        recoding.recoding_id,
        recoding.taxonomy_version,
        recoding.window.start,
        recoding.window.end,
        recoding.author,
        recoding.created_at,
        recoding.total
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps how far it is.
pub(crate) async fn progress(tx: &mut Tx, recoding: &Recoding) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.recoding
         SET through_at = $3, through_id = $4, processed = $5, changed = $6, known = $7, ended_at = $8,
             restored = $9
         WHERE tenant_id = $1 AND recoding_id = $2",
        tenant,
        recoding.recoding_id,
        recoding.through.map(|through| through.occurred_at),
        recoding.through.map(|through| through.feedback_id),
        recoding.processed,
        recoding.changed,
        recoding.known,
        recoding.ended_at,
        recoding.restored
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Reads one.
pub(crate) async fn by_id(tx: &mut Tx, recoding_id: Uuid) -> Result<Option<Recoding>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = query_as!(
        Row,
        "SELECT recoding_id, taxonomy_version, window_start, window_end, author, created_at, ended_at, through_at,
                through_id, total, processed, changed, known, cancelled_at, cancelled_by, cancel_reason, restored
         FROM feedback.recoding WHERE tenant_id = $1 AND recoding_id = $2",
        tenant,
        recoding_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Recoding::from))
}

/// Reads one; until the transaction ends nobody else changes it.
pub(crate) async fn lock(tx: &mut Tx, recoding_id: Uuid) -> Result<Option<Recoding>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = query_as!(
        Row,
        "SELECT recoding_id, taxonomy_version, window_start, window_end, author, created_at, ended_at, through_at,
                through_id, total, processed, changed, known, cancelled_at, cancelled_by, cancel_reason, restored
         FROM feedback.recoding WHERE tenant_id = $1 AND recoding_id = $2 FOR UPDATE",
        tenant,
        recoding_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Recoding::from))
}

/// Keeps that one was cancelled.
pub(crate) async fn cancel(tx: &mut Tx, recoding_id: Uuid, cancelled: &Cancelled) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.recoding SET cancelled_at = $3, cancelled_by = $4, cancel_reason = $5
         WHERE tenant_id = $1 AND recoding_id = $2",
        tenant,
        recoding_id,
        cancelled.at,
        cancelled.by,
        cancelled.reason
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// At most `limit` before `before`, the newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Recoding>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        "SELECT recoding_id, taxonomy_version, window_start, window_end, author, created_at, ended_at, through_at,
                through_id, total, processed, changed, known, cancelled_at, cancelled_by, cancel_reason, restored
         FROM feedback.recoding
         WHERE tenant_id = $1 AND ($2::uuid IS NULL OR recoding_id < $2)
         ORDER BY recoding_id DESC LIMIT $3",
        tenant,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Recoding::from).collect())
}

/// How many go on.
pub(crate) async fn running(tx: &mut Tx) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT count(*) AS "count!" FROM feedback.recoding WHERE tenant_id = $1 AND ended_at IS NULL"#,
        tenant
    )
    .fetch_one(&mut **tx)
    .await
}

/// How many pieces of feedback were said in a window of full hours, from the counts.
pub(crate) async fn total(tx: &mut Tx, window: Window) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let total = query_scalar!(
        "SELECT sum(feedback)::bigint FROM feedback.slice_count
         WHERE tenant_id = $1 AND grain = 'hour' AND topic_id = '' AND start >= $2 AND start < $3",
        tenant,
        window.start,
        window.end
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(total.unwrap_or_default())
}

/// The next pieces of feedback that a recoding has to go through, in its order.
pub(crate) async fn next(tx: &mut Tx, recoding: &Recoding, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (after, id) = match recoding.through {
        Some(through) => (through.occurred_at, through.feedback_id),
        // Before every id at this instant.
        None => (recoding.window.start, Uuid::nil()),
    };
    query_scalar!(
        "SELECT feedback_id FROM feedback.feedback
         WHERE tenant_id = $1 AND (occurred_at, feedback_id) > ($2, $3) AND occurred_at < $4
         ORDER BY occurred_at, feedback_id LIMIT $5",
        tenant,
        after,
        id,
        recoding.window.end,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}
