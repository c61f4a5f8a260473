//! Contact budgets.

use attune_database::Tx;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::ContactBudget;

/// The budget that holds.
pub(crate) async fn holding(tx: &mut Tx) -> Result<ContactBudget, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let newest = query_as!(
        ContactBudget,
        r#"SELECT number, budget_id, most_contacts, window_days, author, created_at AS "created_at?"
           FROM notifications.contact_budget WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1"#,
        tenant
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(newest.unwrap_or_else(ContactBudget::unlimited))
}

/// Lets nobody else set a budget, and nobody let a message wait for the one that holds, until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let key = format!("contact budget {}", tx.tenant());
    query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The budget that holds, and that holds until the transaction ends.
pub(crate) async fn pinned(tx: &mut Tx) -> Result<ContactBudget, sqlx::Error> {
    let key = format!("contact budget {}", tx.tenant());
    query!(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))",
        key
    )
    .execute(&mut **tx)
    .await?;
    holding(tx).await
}

/// The budget of a number.
pub(crate) async fn numbered(tx: &mut Tx, number: i32) -> Result<Option<ContactBudget>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        ContactBudget,
        r#"SELECT number, budget_id, most_contacts, window_days, author, created_at AS "created_at?"
           FROM notifications.contact_budget WHERE tenant_id = $1 AND number = $2"#,
        tenant,
        number
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The budget of an id.
pub(crate) async fn by_id(tx: &mut Tx, budget_id: Uuid) -> Result<Option<ContactBudget>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        ContactBudget,
        r#"SELECT number, budget_id, most_contacts, window_days, author, created_at AS "created_at?"
           FROM notifications.contact_budget WHERE tenant_id = $1 AND budget_id = $2"#,
        tenant,
        budget_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Keeps a budget made at this transaction's instant. Violates `contact_budget_pkey` when another took its number
/// meanwhile.
pub(crate) async fn insert(tx: &mut Tx, budget: &ContactBudget) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "INSERT INTO notifications.contact_budget
             (tenant_id, number, budget_id, most_contacts, window_days, author, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tenant,
        budget.number,
        budget.budget_id,
        budget.most_contacts,
        budget.window_days,
        budget.author,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
