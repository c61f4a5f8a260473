//! What was learnt, and which of it is used.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Correction, CorrectionState};

/// Attempts kept beside the one in use.
const KEPT: i32 = 100;
/// Corrections whose weights are kept, the one in use included: those that texts of late were scored with.
const KEPT_WEIGHTS: i64 = 10;

/// A correction's weights, and the model they are for.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) engine: String,
    pub(crate) weights: Vec<u8>,
}

/// The weights of the correction with this number, where they are kept.
pub(crate) async fn weights(tx: &mut Tx, number: i32) -> Result<Option<Stored>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Stored,
        r#"SELECT engine, weights AS "weights!" FROM feedback.correction
           WHERE tenant_id = $1 AND number = $2 AND weights IS NOT NULL"#,
        tenant,
        number
    )
    .fetch_optional(&mut **tx)
    .await
}

/// One correction.
pub(crate) async fn by_id(tx: &mut Tx, correction_id: Uuid) -> Result<Option<Correction>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Correction,
        r#"SELECT correction_id, number, state AS "state: CorrectionState", engine, texts, judged, set_right, spoilt,
                  gain, standard_error, reason, weights IS NOT NULL AS "usable!", created_at, activated_at, ended_at
           FROM feedback.correction WHERE tenant_id = $1 AND correction_id = $2"#,
        tenant,
        correction_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// At most `limit` corrections with a number below `before`, newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Correction>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Correction,
        r#"SELECT correction_id, number, state AS "state: CorrectionState", engine, texts, judged, set_right, spoilt,
                  gain, standard_error, reason, weights IS NOT NULL AS "usable!", created_at, activated_at, ended_at
           FROM feedback.correction WHERE tenant_id = $1 AND ($2::integer IS NULL OR number < $2)
           ORDER BY number DESC LIMIT $3"#,
        tenant,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// The number of the last attempt; 0 before the first.
pub(crate) async fn last_number(tx: &mut Tx) -> Result<i32, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let last = query_scalar!(
        "SELECT max(number) FROM feedback.correction WHERE tenant_id = $1",
        tenant
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(last.unwrap_or_default())
}

/// Takes the correction in use out of use, if there is one.
pub(crate) async fn end_active(tx: &mut Tx, state: CorrectionState) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "UPDATE feedback.correction SET state = $2, ended_at = $3 WHERE tenant_id = $1 AND state = 'active'",
        tenant,
        state.as_str(),
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the correction in use out of use where it is of another model than `engine`: nothing is scored with it.
pub(crate) async fn end_outdated(tx: &mut Tx, engine: &str) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "UPDATE feedback.correction SET state = 'superseded', ended_at = $3
         WHERE tenant_id = $1 AND state = 'active' AND engine <> $2",
        tenant,
        engine,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Uses a correction whose weights are kept; none other may be in use.
pub(crate) async fn activate(tx: &mut Tx, correction_id: Uuid) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "UPDATE feedback.correction SET state = 'active', activated_at = $3, ended_at = NULL
         WHERE tenant_id = $1 AND correction_id = $2",
        tenant,
        correction_id,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps an attempt with its weights, and lets go of what is too old.
pub(crate) async fn insert(
    tx: &mut Tx,
    correction: &Correction,
    weights: Option<&[u8]>,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let Correction {
        correction_id,
        number,
        state,
        engine,
        texts,
        judged,
        set_right,
        spoilt,
        gain,
        standard_error,
        reason,
        usable: _,
        created_at,
        activated_at,
        ended_at,
    } = correction;
    query!(
        "INSERT INTO feedback.correction (tenant_id, correction_id, number, state, engine, texts, judged, set_right,
             spoilt, gain, standard_error, reason, weights, created_at, activated_at, ended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        tenant,
        correction_id,
        number,
        state.as_str(),
        engine,
        texts,
        judged,
        set_right,
        spoilt,
        gain,
        standard_error,
        reason,
        weights,
        created_at,
        *activated_at as Option<DateTime<Utc>>,
        *ended_at as Option<DateTime<Utc>>
    )
    .execute(&mut **tx)
    .await?;
    forget(tx, *number).await
}

async fn forget(tx: &mut Tx, newest: i32) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM feedback.correction WHERE tenant_id = $1 AND number <= $2 AND state <> 'active'",
        tenant,
        newest - KEPT
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "UPDATE feedback.correction SET weights = NULL
         WHERE tenant_id = $1 AND weights IS NOT NULL AND state <> 'active' AND number NOT IN (
             SELECT number FROM feedback.correction WHERE tenant_id = $1 AND weights IS NOT NULL
             ORDER BY number DESC LIMIT $2)",
        tenant,
        KEPT_WEIGHTS
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
