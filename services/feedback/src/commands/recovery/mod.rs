//! Customers who were let down: reading, assigning and resolving their cases.

mod measure;
mod open;
pub(crate) mod policy;

use attune_database::{Database, Tx, Write};
use attune_rpc::{Etag, Page, RequestKey, TenantId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::recovery::{CaseState, RecoveryCase, Resolution};
use crate::error::Error;
use crate::store::recovery::{Filter, Place};
use crate::timers::recovery::MEASURE;
use crate::{events, store};

pub(crate) use measure::{end_measurement, listen};
pub(crate) use open::open;

/// A case, and the instant at which it was looked at: it may have become overdue since it was last touched.
pub(crate) type Seen = (RecoveryCase, DateTime<Utc>);

/// Another owner for a case.
#[derive(Debug)]
pub(crate) struct Assign {
    pub(crate) recovery_case_id: Uuid,
    pub(crate) owner: String,
    pub(crate) etag: String,
    pub(crate) key: RequestKey,
}

/// How a case is to be resolved.
#[derive(Debug)]
pub(crate) struct Resolve {
    pub(crate) recovery_case_id: Uuid,
    pub(crate) resolution: Resolution,
    pub(crate) etag: String,
    pub(crate) key: RequestKey,
}

/// Reads a case.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Seen, Error> {
    let mut tx = db.read(tenant).await?;
    let (case, now) = (store::recovery::find(&mut tx, id).await?, tx.now());
    tx.commit().await?;
    Ok((case.ok_or(Error::NoRecoveryCase(id))?, now))
}

/// Reads a page of cases, the one whose deadline comes first at the front, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    filter: &Filter,
    page: &Page<Place>,
) -> Result<(Vec<Seen>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut cases = store::recovery::page(&mut tx, filter, page.after().copied(), page.limit()).await?;
    let now = tx.now();
    tx.commit().await?;
    let next = page.next(&mut cases, |case| Place {
        deadline: case.deadline,
        recovery_case_id: case.recovery_case_id,
    })?;
    Ok((cases.into_iter().map(|case| (case, now)).collect(), next))
}

/// Gives an open case another owner.
pub(crate) async fn assign(db: &Database, tenant: &TenantId, assign: Assign) -> Result<Seen, Error> {
    let Assign {
        recovery_case_id: id,
        owner,
        etag,
        key,
    } = assign;
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut case = lock_open(&mut tx, id, &etag).await?;
    let former = std::mem::replace(&mut case.owner, owner);
    case.version += 1;
    store::recovery::update(&mut tx, &case).await?;
    events::recovery::assigned(&mut tx, &case, former).await?;
    finish(tx, case).await
}

/// Resolves an open case; from now on the customer's words tell whether it helped.
pub(crate) async fn resolve(db: &Database, tenant: &TenantId, resolve: Resolve) -> Result<Seen, Error> {
    let Resolve {
        recovery_case_id: id,
        resolution,
        etag,
        key,
    } = resolve;
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut case = lock_open(&mut tx, id, &etag).await?;
    // The deadline may have passed while nobody was there to see it.
    note_overdue(&mut tx, &mut case).await?;
    case.resolve(resolution, tx.now());
    case.version += 1;
    store::recovery::update(&mut tx, &case).await?;
    events::recovery::resolved(&mut tx, &case).await?;
    // The timer of the deadline stays and finds nothing to do: taking it back while it fires would lock crosswise.
    if let Some(until) = case.measure_until {
        attune_timers::schedule(&mut tx, MEASURE, id, until).await?;
    }
    finish(tx, case).await
}

/// Notes that the deadline of a case has passed. One that was resolved in time, or is not there any more, is let be.
pub(crate) async fn pass_deadline(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    if let Some(mut case) = store::recovery::lock(tx, id).await?
        && note_overdue(tx, &mut case).await?
    {
        store::recovery::update(tx, &case).await?;
    }
    Ok(())
}

/// Notes and tells that a case became overdue, unless it is noted already; answers whether it did.
async fn note_overdue(tx: &mut Tx, case: &mut RecoveryCase) -> Result<bool, Error> {
    let Some(since) = case.overdue_since(tx.now()).filter(|_| case.overdue_at.is_none()) else {
        return Ok(false);
    };
    case.overdue_at = Some(since);
    case.version += 1;
    events::recovery::overdue(tx, case).await?;
    Ok(true)
}

async fn lock_open(tx: &mut Tx, id: Uuid, etag: &str) -> Result<RecoveryCase, Error> {
    let case = store::recovery::lock(tx, id).await?;
    let case = case.ok_or(Error::NoRecoveryCase(id))?;
    Etag::of(case.version).check(etag)?;
    if case.state == CaseState::Resolved {
        return Err(Error::Resolved);
    }
    Ok(case)
}

async fn finish(tx: Tx, case: RecoveryCase) -> Result<Seen, Error> {
    let now = tx.now();
    tx.commit().await?;
    Ok((case, now))
}
