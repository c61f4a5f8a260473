//! The steps of initiatives. They are appended and never changed.

use attune_database::Tx;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Initiative, InitiativeState, Transition};

/// Appends the steps that an initiative took since it was read. A step that is there stays as it is.
pub(super) async fn append(tx: &mut Tx, initiative: &Initiative) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    for step in &initiative.taken {
        query!(
            "INSERT INTO improvement.initiative_transition (tenant_id, initiative_id, number, iteration, from_state,
                                                            to_state, done_by, reason, evidence, happened_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT ON CONSTRAINT initiative_transition_pkey DO NOTHING",
            tenant,
            initiative.initiative_id,
            step.number,
            step.iteration,
            step.from.map(InitiativeState::as_str),
            step.to.as_str(),
            step.by,
            step.reason,
            step.evidence,
            step.at
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// At most `limit` steps of an initiative after `after`, the first one first.
pub(crate) async fn page(
    tx: &mut Tx,
    initiative_id: Uuid,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<Transition>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Transition,
        r#"SELECT number, iteration, from_state AS "from: InitiativeState", to_state AS "to: InitiativeState",
                  done_by AS by, reason, evidence, happened_at AS at
           FROM improvement.initiative_transition
           WHERE tenant_id = $1 AND initiative_id = $2 AND ($3::int IS NULL OR number > $3)
           ORDER BY number LIMIT $4"#,
        tenant,
        initiative_id,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}
