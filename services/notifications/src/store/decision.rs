//! Why messages were sent or not.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::JsonValue;
use sqlx::{query, query_as};
use uuid::Uuid;

/// One decision or attempt.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) decided_at: DateTime<Utc>,
    pub(crate) outcome: String,
    pub(crate) reason: String,
    pub(crate) rule: String,
    pub(crate) inputs: JsonValue,
}

/// Appends a decision about a message.
pub(crate) async fn append(tx: &mut Tx, message_id: Uuid, decision: &Decision) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO notifications.decision (tenant_id, message_id, place, decided_at, outcome, reason, rule, inputs)
         SELECT $1, $2, count(*)::int + 1, $3, $4, $5, $6, $7
         FROM notifications.decision WHERE tenant_id = $1 AND message_id = $2",
        tenant,
        message_id,
        decision.decided_at,
        decision.outcome,
        decision.reason,
        decision.rule,
        decision.inputs
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Every decision about a message, the first one first. Attempts are bounded, so this is.
pub(crate) async fn of(tx: &mut Tx, message_id: Uuid) -> Result<Vec<Decision>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Decision,
        "SELECT decided_at, outcome, reason, rule, inputs
         FROM notifications.decision WHERE tenant_id = $1 AND message_id = $2 ORDER BY place",
        tenant,
        message_id
    )
    .fetch_all(&mut **tx)
    .await
}
