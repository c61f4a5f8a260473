//! Recovery policies.

use attune_database::Tx;
use sqlx::types::Json;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::recovery::{NumberedPolicy, Policy};

/// The policy that holds; none while the tenant has set none.
pub(crate) async fn newest(tx: &mut Tx) -> Result<Option<NumberedPolicy>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        NumberedPolicy,
        r#"SELECT number, policy_id, definition AS "policy: Json<Policy>", created_at FROM feedback.recovery_policy
           WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1"#,
        tenant
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The policy of a number.
pub(crate) async fn numbered(tx: &mut Tx, number: i32) -> Result<Option<NumberedPolicy>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        NumberedPolicy,
        r#"SELECT number, policy_id, definition AS "policy: Json<Policy>", created_at FROM feedback.recovery_policy
           WHERE tenant_id = $1 AND number = $2"#,
        tenant,
        number
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The policy of an id.
pub(crate) async fn by_id(tx: &mut Tx, policy_id: Uuid) -> Result<Option<NumberedPolicy>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        NumberedPolicy,
        r#"SELECT number, policy_id, definition AS "policy: Json<Policy>", created_at FROM feedback.recovery_policy
           WHERE tenant_id = $1 AND policy_id = $2"#,
        tenant,
        policy_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Keeps a policy. Violates `recovery_policy_pkey` when another took its number meanwhile.
pub(crate) async fn insert(tx: &mut Tx, policy: &NumberedPolicy) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.recovery_policy (tenant_id, number, policy_id, definition, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        tenant,
        policy.number,
        policy.policy_id,
        &policy.policy as &Json<Policy>,
        policy.created_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
