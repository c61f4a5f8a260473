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

/// Appends decisions about messages, at most one about each.
pub(crate) async fn append_many(tx: &mut Tx, decisions: &[(Uuid, Decision)]) -> Result<(), sqlx::Error> {
    if decisions.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().as_str().to_owned();
    let messages: Vec<Uuid> = decisions.iter().map(|(message_id, _)| *message_id).collect();
    let times: Vec<DateTime<Utc>> = decisions
        .iter()
        .map(|(_, decision)| decision.decided_at)
        .collect();
    let column = |read: fn(&Decision) -> &str| -> Vec<String> {
        decisions
            .iter()
            .map(|(_, decision)| read(decision).to_owned())
            .collect()
    };
    let inputs: Vec<JsonValue> = decisions
        .iter()
        .map(|(_, decision)| decision.inputs.clone())
        .collect();
    query!(
        "INSERT INTO notifications.decision (tenant_id, message_id, place, decided_at, outcome, reason, rule, inputs)
         SELECT $1, new.message_id,
                (SELECT count(*)::int + 1 FROM notifications.decision AS before
                 WHERE before.tenant_id = $1 AND before.message_id = new.message_id),
                new.decided_at, new.outcome, new.reason, new.rule, new.inputs
         FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
              AS new (message_id, decided_at, outcome, reason, rule, inputs)",
        tenant,
        &messages,
        &times,
        &column(|decision| &decision.outcome),
        &column(|decision| &decision.reason),
        &column(|decision| &decision.rule),
        &inputs
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
