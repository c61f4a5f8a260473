//! Which codings a recoding made that may still be cancelled.

use attune_database::Tx;
use sqlx::{query, query_scalar};
use uuid::Uuid;

use crate::domain::Recoding;

/// Notes what a recoding coded.
pub(crate) async fn note(tx: &mut Tx, recoding: &Recoding, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.recoded (tenant_id, recoding_id, taxonomy_version, feedback_id)
         SELECT $1, $2, $3, feedback_id FROM unnest($4::uuid[]) AS new (feedback_id)",
        tenant,
        recoding.recoding_id,
        recoding.taxonomy_version,
        ids
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that a recoding counts on codings of its version which another one made that may still be cancelled.
pub(crate) async fn share(tx: &mut Tx, recoding: &Recoding, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.recoded (tenant_id, recoding_id, taxonomy_version, feedback_id)
         SELECT DISTINCT $1, $2::uuid, $3::bigint, feedback_id FROM feedback.recoded
         WHERE tenant_id = $1 AND feedback_id = ANY($4) AND taxonomy_version = $3
         ON CONFLICT ON CONSTRAINT recoded_pkey DO NOTHING",
        tenant,
        recoding.recoding_id,
        recoding.taxonomy_version,
        ids
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The first `limit` pieces of feedback that are noted for a recoding.
pub(crate) async fn first(tx: &mut Tx, recoding_id: Uuid, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT feedback_id FROM feedback.recoded WHERE tenant_id = $1 AND recoding_id = $2
         ORDER BY feedback_id LIMIT $3",
        tenant,
        recoding_id,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Strikes what was noted for a recoding, and answers on which of it no other recoding counts.
pub(crate) async fn strike(tx: &mut Tx, recoding: &Recoding, ids: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let struck = query!(
        r#"DELETE FROM feedback.recoded AS own
           WHERE own.tenant_id = $1 AND own.recoding_id = $2 AND own.feedback_id = ANY($3)
           RETURNING own.feedback_id,
               NOT EXISTS (SELECT FROM feedback.recoded AS other
                           WHERE other.tenant_id = $1 AND other.feedback_id = own.feedback_id
                             AND other.taxonomy_version = $4 AND other.recoding_id <> $2) AS "alone!""#,
        tenant,
        recoding.recoding_id,
        ids,
        recoding.taxonomy_version
    )
    .fetch_all(&mut **tx)
    .await?;
    let alone = struck.into_iter().filter(|row| row.alone);
    Ok(alone.map(|row| row.feedback_id).collect())
}

/// Strikes whatever is noted of codings of a version: they are for good.
pub(crate) async fn settle(tx: &mut Tx, taxonomy_version: i64, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM feedback.recoded WHERE tenant_id = $1 AND feedback_id = ANY($2) AND taxonomy_version = $3",
        tenant,
        ids,
        taxonomy_version
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
