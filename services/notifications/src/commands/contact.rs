//! Charging the contact budget, and telling what is left of it.

use attune_database::{Database, Tx, Write};
use attune_rpc::{RequestKey, TenantId};
use uuid::Uuid;

use crate::domain::{
    Allowance, Charged, Contact, ContactBudget, ContactState, Ledger, Origin, Purpose, Wish,
};
use crate::error::Error;
use crate::store;

/// A contact to be reserved.
#[derive(Debug)]
pub(crate) struct Reserve {
    pub(crate) profile_id: Uuid,
    pub(crate) purpose: Purpose,
    pub(crate) origin: Origin,
    pub(crate) key: RequestKey,
}

/// A reservation to be ended.
#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) contact_id: Uuid,
    pub(crate) key: RequestKey,
}

/// What a budget leaves to a person.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) budget: ContactBudget,
    pub(crate) allowance: Allowance,
}

/// Opens what counts of some persons; until the transaction ends nobody else decides about them. What is charged is
/// kept by [`close`].
pub(crate) async fn open(tx: &mut Tx, profiles: &[Uuid]) -> Result<Ledger, sqlx::Error> {
    store::contact::hold(tx, profiles).await?;
    look(tx, profiles).await
}

/// Keeps what was charged.
pub(crate) async fn close(tx: &mut Tx, ledger: Ledger) -> Result<(), sqlx::Error> {
    store::contact::put_many(tx, &ledger.into_changed()).await
}

/// What counts of some persons at this moment.
async fn look(tx: &mut Tx, profiles: &[Uuid]) -> Result<Ledger, sqlx::Error> {
    let budget = store::contact_budget::holding(tx).await?;
    let contacts = store::contact::counted(tx, profiles, budget.window()).await?;
    Ok(Ledger::new(budget, contacts, tx.now()))
}

/// What is left for a person at this moment.
pub(crate) async fn left(tx: &mut Tx, profile_id: Uuid) -> Result<Left, sqlx::Error> {
    let ledger = look(tx, &[profile_id]).await?;
    Ok(Left {
        allowance: ledger.allowance(profile_id),
        budget: ledger.budget().clone(),
    })
}

/// What a person got within the window, and what is left.
pub(crate) async fn allowance(
    db: &Database,
    tenant: &TenantId,
    profile_id: Uuid,
) -> Result<(Left, Vec<(Contact, ContactState)>), Error> {
    let mut tx = db.read(tenant).await?;
    let left = left(&mut tx, profile_id).await?;
    let contacts = store::contact::counted(&mut tx, &[profile_id], left.budget.window()).await?;
    let now = tx.now();
    tx.commit().await?;
    let contacts = contacts.into_iter().map(|contact| {
        let state = contact.state(now);
        (contact, state)
    });
    Ok((left, contacts.collect()))
}

/// Reserves a contact. Answers it with its state, or none when the budget is used up, and what was left before.
pub(crate) async fn reserve(
    db: &Database,
    tenant: &TenantId,
    reserve: Reserve,
) -> Result<(Option<(Contact, ContactState)>, Left), Error> {
    let Reserve {
        profile_id,
        purpose,
        origin,
        key,
    } = reserve;
    let contact_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, contact_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(_) => return reserved_before(db, tenant, profile_id, &origin).await,
    };
    let now = tx.now();
    let mut ledger = open(&mut tx, &[profile_id]).await?;
    let wish = Wish {
        contact_id,
        profile_id,
        purpose,
        origin,
        message_id: None,
    };
    let Charged {
        mut contact,
        allowance,
    } = ledger.charge(&wish);
    let left = Left {
        budget: ledger.budget().clone(),
        allowance,
    };
    if contact.is_some() {
        close(&mut tx, ledger).await?;
        // One of this occasion that was sent so long ago that it counts no more is answered as it is.
        contact = store::contact::of_occasion(&mut tx, profile_id, &wish.origin).await?;
        tx.commit().await?;
    } else {
        // A refusal has no effect: the same request may be granted later.
        tx.roll_back().await?;
    }
    let contact = contact.map(|contact| {
        let state = contact.state(now);
        (contact, state)
    });
    Ok((contact, left))
}

/// What a repeated request has reserved, should it stand.
async fn reserved_before(
    db: &Database,
    tenant: &TenantId,
    profile_id: Uuid,
    origin: &Origin,
) -> Result<(Option<(Contact, ContactState)>, Left), Error> {
    let mut tx = db.read(tenant).await?;
    let found = store::contact::of_occasion(&mut tx, profile_id, origin).await?;
    let left = left(&mut tx, profile_id).await?;
    let now = tx.now();
    tx.commit().await?;
    let standing = found.map(|contact| {
        let state = contact.state(now);
        (contact, state)
    });
    Ok((standing.filter(|(_, state)| *state != ContactState::Ended), left))
}

/// Ends a reservation.
pub(crate) async fn release(db: &Database, tenant: &TenantId, release: Release) -> Result<(), Error> {
    let Release { contact_id, key } = release;
    let mut tx = match db.write(tenant, &key, contact_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(_) => return Ok(()),
    };
    let contact = store::contact::lock(&mut tx, contact_id).await?;
    let contact = contact.ok_or(Error::NoContact(contact_id))?;
    if contact.message_id.is_some() {
        return Err(Error::ContactTaken);
    }
    store::contact::end(&mut tx, contact_id).await?;
    tx.commit().await?;
    Ok(())
}
