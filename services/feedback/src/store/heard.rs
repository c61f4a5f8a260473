//! What was heard of interactions and waits to be understood.

use attune_database::Tx;
use sqlx::{query, query_as};
use uuid::Uuid;

/// An event that waits, under the interaction's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) interaction_id: Uuid,
    /// The event `InteractionRecorded`.
    pub(crate) payload: Vec<u8>,
}

/// Keeps events until somebody has understood them. One that waits already goes on waiting.
pub(crate) async fn insert(tx: &mut Tx, heard: &[Heard]) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    let ids: Vec<Uuid> = heard.iter().map(|heard| heard.interaction_id).collect();
    let payloads: Vec<Vec<u8>> = heard.iter().map(|heard| heard.payload.clone()).collect();
    query!(
        "INSERT INTO feedback.heard (tenant_id, heard_at, interaction_id, payload)
         SELECT $1, $2, interaction_id, payload FROM unnest($3::uuid[], $4::bytea[]) AS new (interaction_id, payload)
         ON CONFLICT ON CONSTRAINT heard_pkey DO NOTHING",
        tenant,
        now,
        &ids,
        &payloads
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Those of the interactions that wait, the one heard first first.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Heard>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Heard,
        "SELECT interaction_id, payload FROM feedback.heard WHERE tenant_id = $1 AND interaction_id = ANY($2)
         ORDER BY heard_at, interaction_id",
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await
}

/// They were understood.
pub(crate) async fn remove(tx: &mut Tx, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM feedback.heard WHERE tenant_id = $1 AND interaction_id = ANY($2)",
        tenant,
        ids
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
