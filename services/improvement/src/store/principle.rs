//! Principles.

use attune_database::Tx;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::Principle;

macro_rules! principles {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            Principle,
            "SELECT principle_id, version, events, name, statement, created_at
             FROM improvement.principle
             WHERE tenant_id = $1 " + $tail,
            $($argument),*
        )
    };
}

/// One principle.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Principle>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    principles!("AND principle_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// Locks one principle against other writers until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Principle>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    principles!("AND principle_id = $2 FOR UPDATE", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// At most `limit` principles older than `before`, the newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Principle>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    principles!(
        "AND ($2::uuid IS NULL OR principle_id < $2) ORDER BY principle_id DESC LIMIT $3",
        tenant,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// The first of `ids` that is no principle.
pub(crate) async fn unknown(tx: &mut Tx, ids: &[Uuid]) -> Result<Option<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let unknown = query_scalar!(
        r#"SELECT wanted.principle_id AS "principle_id!" FROM unnest($2::uuid[]) AS wanted (principle_id)
           WHERE NOT EXISTS (SELECT FROM improvement.principle p
                             WHERE p.tenant_id = $1 AND p.principle_id = wanted.principle_id)
           LIMIT 1"#,
        tenant,
        ids
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(unknown)
}

/// Stores a new principle. Violates `principle_name_key` when one has its name.
pub(crate) async fn insert(tx: &mut Tx, principle: &Principle) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.principle (tenant_id, principle_id, version, events, name, statement, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tenant,
        principle.principle_id,
        principle.version,
        principle.events,
        principle.name,
        principle.statement,
        principle.created_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores what can change about a principle. Violates `principle_name_key` when another one has its name.
pub(crate) async fn update(tx: &mut Tx, principle: &Principle) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE improvement.principle SET version = $3, events = $4, name = $5, statement = $6
         WHERE tenant_id = $1 AND principle_id = $2",
        tenant,
        principle.principle_id,
        principle.version,
        principle.events,
        principle.name,
        principle.statement
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
