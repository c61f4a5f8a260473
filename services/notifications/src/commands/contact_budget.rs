//! The company's contact budget.

use attune_database::{Database, OnConstraint, Tx, Write};
use attune_rpc::{Etag, RequestKey, TenantId};
use uuid::Uuid;

use crate::delivery;
use crate::domain::ContactBudget;
use crate::error::Error;
use crate::store::contact_budget as store;
use crate::store::message;
use crate::timers::waking;

/// Messages that are woken in one transaction.
const WOKEN: u16 = 500;

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

/// Sets a budget; the one before stays on record. What waits for a smaller one is looked at again.
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
    store::lock(&mut tx).await?;
    let former = store::holding(&mut tx).await?;
    Etag::of(former.number.into()).check(&etag)?;
    let budget = ContactBudget {
        number: former.number + 1,
        budget_id,
        most_contacts,
        window_days,
        author,
        created_at: Some(tx.now()),
    };
    store::insert(&mut tx, &budget)
        .await
        .on_constraint("contact_budget_pkey", || Error::Overtaken)?;
    if budget.is_larger_than(&former) {
        waking::begin(&mut tx).await?;
    }
    tx.commit().await?;
    Ok(budget)
}

/// Lets some of what waits for a smaller budget than the one that holds be looked at now, and the others a second later:
/// not before delivery is through with those that are due, because what is due first goes first, and nobody who asked for
/// a reply is to wait for all of them. Each message is marked with the budget that woke it, so that whoever is killed in
/// between has woken it or not, and it is woken once a budget.
pub(crate) async fn wake(tx: &mut Tx) -> Result<(), sqlx::Error> {
    if attune_timers::count_due(tx, delivery::KIND, WOKEN).await? >= i64::from(WOKEN) {
        return waking::go_on(tx).await;
    }
    let holding = store::holding(tx).await?;
    let woken = message::wake(tx, &holding, WOKEN.into()).await?;
    if woken.is_empty() {
        return Ok(());
    }
    // One that is under way keeps its lease: it would else be sent twice.
    let now = tx.now();
    attune_timers::bring_forward(tx, delivery::KIND, &woken, now).await?;
    waking::go_on(tx).await
}

async fn made_before(db: &Database, tenant: &TenantId, budget_id: Uuid) -> Result<ContactBudget, Error> {
    let mut tx = db.read(tenant).await?;
    let found = store::by_id(&mut tx, budget_id).await?;
    tx.commit().await?;
    found.ok_or(Error::NoContactBudget(0))
}
