//! The company's contact budget.

use attune_database::{Database, OnConstraint, Write};
use attune_rpc::{Etag, RequestKey, TenantId};
use uuid::Uuid;

use crate::domain::ContactBudget;
use crate::error::Error;
use crate::store::contact_budget as store;

/// A budget to be put in the place of the one that holds.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) most_contacts: i32,
    pub(crate) window_days: i32,
    pub(crate) author: String,
    pub(crate) etag: String,
    pub(crate) key: RequestKey,
}

/// Reads the budget that holds, or the one of a number; 0 is the one before the tenant's first.
pub(crate) async fn get(
    db: &Database,
    tenant: &TenantId,
    number: Option<i32>,
) -> Result<ContactBudget, Error> {
    let mut tx = db.read(tenant).await?;
    let found = match number {
        None => Some(store::holding(&mut tx).await?),
        Some(0) => Some(ContactBudget::unlimited()),
        Some(number) => store::numbered(&mut tx, number).await?,
    };
    tx.commit().await?;
    found.ok_or(Error::NoContactBudget(number.unwrap_or_default()))
}

/// Sets a budget; the one before stays on record.
pub(crate) async fn set(db: &Database, tenant: &TenantId, set: Set) -> Result<ContactBudget, Error> {
    let Set {
        most_contacts,
        window_days,
        author,
        etag,
        key,
    } = set;
    let budget_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, budget_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return made_before(db, tenant, id).await,
    };
    let number = store::holding(&mut tx).await?.number;
    Etag::of(number.into()).check(&etag)?;
    let budget = ContactBudget {
        number: number + 1,
        budget_id,
        most_contacts,
        window_days,
        author,
        created_at: Some(tx.now()),
    };
    store::insert(&mut tx, &budget)
        .await
        .on_constraint("contact_budget_pkey", || Error::Overtaken)?;
    tx.commit().await?;
    Ok(budget)
}

async fn made_before(db: &Database, tenant: &TenantId, budget_id: Uuid) -> Result<ContactBudget, Error> {
    let mut tx = db.read(tenant).await?;
    let found = store::by_id(&mut tx, budget_id).await?;
    tx.commit().await?;
    found.ok_or(Error::NoContactBudget(0))
}
