//! Booking what initiatives cost.

use attune_database::{Database, OnConstraint, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use super::worth;
use crate::domain::{Cost, CostKind, CostTotal, Currency, Initiative, Iteration, WrongState};
use crate::error::Error;
use crate::{events, store};

/// A cost to be booked.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) initiative_id: Uuid,
    pub(crate) action_id: Option<Uuid>,
    /// In the currency's smallest unit.
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) kind: CostKind,
    pub(crate) source: String,
    pub(crate) key: RequestKey,
}

/// A booking to be taken back.
#[derive(Debug)]
pub(crate) struct Reverse {
    pub(crate) cost_id: Uuid,
    pub(crate) reason: String,
    pub(crate) key: RequestKey,
}

/// Books a cost.
pub(crate) async fn book(db: &Database, tenant: &TenantId, book: Book) -> Result<Cost, Error> {
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &book.key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut initiative = lock(&mut tx, book.initiative_id).await?;
    if let Some(action_id) = book.action_id {
        check_action(&initiative, action_id)?;
    }
    if let Some(total) = store::cost::total(&mut tx, book.initiative_id).await? {
        total.check(&book.currency)?;
    }
    if let Some(budget) = &initiative.budget {
        budget.check_booking(&book.currency)?;
    }
    let cost = Cost {
        cost_id: id,
        initiative_id: book.initiative_id,
        action_id: book.action_id,
        amount: book.amount,
        currency: book.currency,
        kind: book.kind,
        source: book.source,
        booked_at: tx.now(),
        reverses: None,
        reversed_by: None,
    };
    enter(&mut tx, &mut initiative, &cost).await?;
    tx.commit().await?;
    Ok(cost)
}

/// Takes a booking back.
pub(crate) async fn reverse(db: &Database, tenant: &TenantId, reverse: Reverse) -> Result<Cost, Error> {
    let Reverse { cost_id, reason, key } = reverse;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let initiative_id = by_id(&mut tx, cost_id).await?.initiative_id;
    let mut initiative = lock(&mut tx, initiative_id).await?;
    // Read again: who held the lock may have reversed it.
    let cost = by_id(&mut tx, cost_id).await?;
    let reversal = cost.reversal(id, reason, tx.now())?;
    enter(&mut tx, &mut initiative, &reversal).await?;
    tx.commit().await?;
    Ok(reversal)
}

/// Reads a page of an initiative's bookings, the newest first, the token of the next, and the sum of all.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    initiative_id: Uuid,
    page: &Page<Uuid>,
) -> Result<(Vec<Cost>, String, Option<CostTotal>), Error> {
    let mut tx = db.read(tenant).await?;
    worth::check_initiative(&mut tx, initiative_id).await?;
    let mut costs = store::cost::page(&mut tx, initiative_id, page.after().copied(), page.limit()).await?;
    let total = store::cost::total(&mut tx, initiative_id).await?;
    tx.commit().await?;
    let next = page.next(&mut costs, |last| last.cost_id)?;
    Ok((costs, next, total))
}

async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Cost, Error> {
    let mut tx = db.read(tenant).await?;
    let cost = by_id(&mut tx, id).await?;
    tx.commit().await?;
    Ok(cost)
}

async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Cost, Error> {
    store::cost::by_id(tx, id).await?.ok_or(Error::NoCost(id))
}

async fn lock(tx: &mut Tx, initiative_id: Uuid) -> Result<Initiative, Error> {
    store::initiative::lock(tx, initiative_id)
        .await?
        .ok_or(Error::NoInitiative(initiative_id))
}

fn check_action(initiative: &Initiative, action_id: Uuid) -> Result<(), Error> {
    let has_it = |iteration: &Iteration| iteration.has_action(action_id);
    if initiative.iterations().any(has_it) {
        Ok(())
    } else {
        Err(Error::NoAction(action_id))
    }
}

/// Stores a booking of the locked initiative, tells of it, and has the worth stated anew.
async fn enter(tx: &mut Tx, initiative: &mut Initiative, cost: &Cost) -> Result<(), Error> {
    store::cost::insert(tx, cost)
        .await
        .on_constraint("cost_reverses_key", || {
            Error::WrongState(WrongState::new("reversed", "the booking was reversed before"))
        })?;
    events::worth::booked(tx, initiative, cost).await?;
    store::initiative::update(tx, initiative).await?;
    worth::restate(tx, initiative.initiative_id).await
}
