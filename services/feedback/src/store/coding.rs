//! The codings of feedback: the one that stands, and those beside it.

use std::collections::BTreeMap;

use attune_database::Tx;
use sqlx::types::Json;
use sqlx::{query, query_scalar};
use uuid::Uuid;

use crate::domain::{Coding, Feedback, Mention, UNRECORDED};

/// The topics of feedback as it stands.
fn topics(feedback: &Feedback) -> Json<&[Mention]> {
    let understood = feedback.understanding.as_ref();
    Json(understood.map_or(&[], |understood| understood.topics.as_slice()))
}

/// Keeps codings beside those that stand.
pub(crate) async fn keep(tx: &mut Tx, codings: &[Feedback]) -> Result<(), sqlx::Error> {
    if codings.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = codings.iter().map(|coding| coding.feedback_id).collect();
    let versions: Vec<i64> = codings.iter().map(|coding| coding.taxonomy_version).collect();
    let topics: Vec<Json<&[Mention]>> = codings.iter().map(topics).collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.coding (tenant_id, feedback_id, taxonomy_version, topics)
         SELECT $1, feedback_id, taxonomy_version, topics
         FROM unnest($2::uuid[], $3::bigint[], $4::jsonb[]) AS new (feedback_id, taxonomy_version, topics)",
        tenant,
        &ids,
        &versions,
        &topics as &[Json<&[Mention]>]
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets codings beside those that stand.
pub(crate) async fn forget(tx: &mut Tx, codings: &[(Uuid, i64)]) -> Result<(), sqlx::Error> {
    let (ids, versions): (Vec<Uuid>, Vec<i64>) = codings.iter().copied().unzip();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM feedback.coding AS kept
         USING unnest($2::uuid[], $3::bigint[]) AS gone (feedback_id, taxonomy_version)
         WHERE kept.tenant_id = $1 AND kept.feedback_id = gone.feedback_id
           AND kept.taxonomy_version = gone.taxonomy_version",
        tenant,
        &ids,
        &versions
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets codings stand, in the place of those that stood, with their mentions.
pub(crate) async fn stand(tx: &mut Tx, codings: &[Feedback]) -> Result<(), sqlx::Error> {
    if codings.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = codings.iter().map(|coding| coding.feedback_id).collect();
    let versions: Vec<i64> = codings.iter().map(|coding| coding.taxonomy_version).collect();
    let topics: Vec<Json<&[Mention]>> = codings.iter().map(topics).collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.feedback AS kept
         SET taxonomy_version = NULLIF(new.taxonomy_version, $5::bigint), topics = new.topics
         FROM unnest($2::uuid[], $3::bigint[], $4::jsonb[]) AS new (feedback_id, taxonomy_version, topics)
         WHERE kept.tenant_id = $1 AND kept.feedback_id = new.feedback_id",
        tenant,
        &ids,
        &versions,
        &topics as &[Json<&[Mention]>],
        UNRECORDED
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "DELETE FROM feedback.topic_mention WHERE tenant_id = $1 AND feedback_id = ANY($2)",
        tenant,
        &ids
    )
    .execute(&mut **tx)
    .await?;
    super::mention::insert(tx, &codings.iter().collect::<Vec<_>>()).await
}

/// Locks feedback against other changes of its coding, in the order of its ids, and answers what is still there.
pub(crate) async fn lock(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT feedback_id FROM feedback.feedback
         WHERE tenant_id = $1 AND feedback_id = ANY($2)
         ORDER BY feedback_id FOR UPDATE",
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await
}

/// The codings beside those that stand, by feedback, the newest version first; at most `most` of each.
pub(crate) async fn beside(
    tx: &mut Tx,
    ids: &[Uuid],
    most: i64,
) -> Result<BTreeMap<Uuid, Vec<Coding>>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        r#"SELECT coding.feedback_id, coding.taxonomy_version, coding.topics AS "topics: Json<Vec<Mention>>"
           FROM unnest($2::uuid[]) AS asked (feedback_id)
           CROSS JOIN LATERAL (
               SELECT feedback_id, taxonomy_version, topics FROM feedback.coding
               WHERE tenant_id = $1 AND feedback_id = asked.feedback_id
               ORDER BY taxonomy_version DESC LIMIT $3) AS coding"#,
        tenant,
        ids,
        most
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut codings: BTreeMap<Uuid, Vec<Coding>> = BTreeMap::new();
    for row in rows {
        codings.entry(row.feedback_id).or_default().push(Coding {
            taxonomy_version: row.taxonomy_version,
            standing: false,
            topics: row.topics.0,
        });
    }
    Ok(codings)
}
