//! When a tenant was looked at, and what was noticed.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{query, query_as, query_scalar};

use crate::domain::{Notice, Ruling};

/// Notes that the tenant has feedback; true the first time.
pub(crate) async fn begin(tx: &mut Tx) -> Result<bool, sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    let inserted = query!(
        "INSERT INTO feedback.detection (tenant_id, first_feedback_at) VALUES ($1, $2)
         ON CONFLICT ON CONSTRAINT detection_pkey DO NOTHING",
        tenant,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The last hour the tenant was looked at.
pub(crate) async fn last_run(tx: &mut Tx) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let last = query_scalar!(
        "SELECT last_run_at FROM feedback.detection WHERE tenant_id = $1",
        tenant
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(last.flatten())
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunRecord {
    pub(crate) run_at: DateTime<Utc>,
    pub(crate) tested: i32,
    pub(crate) hot: i32,
    pub(crate) opened: i32,
    pub(crate) ended: i32,
    pub(crate) skipped_hours: i32,
    pub(crate) findings: Vec<Ruling>,
}

/// Keeps the record of a run.
pub(crate) async fn record(tx: &mut Tx, run: &RunRecord) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.detection_run (tenant_id, run_at, tested, hot, opened, ended, skipped_hours, findings)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        tenant,
        run.run_at,
        run.tested,
        run.hot,
        run.opened,
        run.ended,
        run.skipped_hours,
        Json(&run.findings) as _
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "UPDATE feedback.detection SET last_run_at = $2 WHERE tenant_id = $1",
        tenant,
        run.run_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps a notice unless the same was kept before.
pub(crate) async fn notice(tx: &mut Tx, notice: &Notice) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.detection_notice (tenant_id, kind, product, noticed_at, description)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT detection_notice_pkey DO NOTHING",
        tenant,
        notice.kind,
        notice.product,
        notice.noticed_at,
        notice.description
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Where a page of notices ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) noticed_at: DateTime<Utc>,
    pub(crate) kind: String,
    pub(crate) product: String,
}

/// At most `limit` notices before `before`, newest first.
pub(crate) async fn notices(
    tx: &mut Tx,
    before: Option<&Place>,
    limit: i64,
) -> Result<Vec<Notice>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Notice,
        "SELECT kind, product, noticed_at, description FROM feedback.detection_notice
         WHERE tenant_id = $1
           AND ($2::timestamptz IS NULL OR (noticed_at, kind, product) < ($2, $3::text, $4::text))
         ORDER BY noticed_at DESC, kind DESC, product DESC LIMIT $5",
        tenant,
        before.map(|place| place.noticed_at),
        before.map(|place| place.kind.as_str()),
        before.map(|place| place.product.as_str()),
        limit
    )
    .fetch_all(&mut **tx)
    .await
}
