//! Reading corrections, and switching them off and on.

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use crate::analysis::Engines;
use crate::domain::{Correction, CorrectionState};
use crate::error::Error;
use crate::store;

/// A correction to be switched.
#[derive(Debug)]
pub(crate) struct Switch {
    pub(crate) correction_id: Uuid,
    pub(crate) key: RequestKey,
}

/// Reads a page of corrections, newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    page: &Page<i32>,
) -> Result<(Vec<Correction>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut corrections = store::correction::page(&mut tx, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut corrections, |correction| correction.number)?;
    Ok((corrections, next))
}

/// Switches the correction in use off; nothing is used by itself from then on.
pub(crate) async fn disable(db: &Database, tenant: &TenantId, switch: Switch) -> Result<Correction, Error> {
    let Switch { correction_id, key } = switch;
    let mut tx = match db.write(tenant, &key, correction_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    store::learning::lock(&mut tx).await?;
    match found(&mut tx, correction_id).await?.state {
        CorrectionState::Active => {
            store::correction::end_active(&mut tx, CorrectionState::Disabled).await?;
            let now = tx.now();
            store::learning::switch(&mut tx, Some(now)).await?;
        }
        CorrectionState::Disabled => {}
        state => return Err(Error::CorrectionState { state, usable: true }),
    }
    let correction = found(&mut tx, correction_id).await?;
    tx.commit().await?;
    Ok(correction)
}

/// Uses a correction that was switched off or superseded; better ones take its place by themselves again.
pub(crate) async fn enable(
    db: &Database,
    engines: &Engines,
    tenant: &TenantId,
    switch: Switch,
) -> Result<Correction, Error> {
    let Switch { correction_id, key } = switch;
    let mut tx = match db.write(tenant, &key, correction_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    store::learning::lock(&mut tx).await?;
    let correction = found(&mut tx, correction_id).await?;
    match correction.state {
        CorrectionState::Active => {}
        CorrectionState::Disabled | CorrectionState::Superseded => {
            let usable = correction.usable && correction.engine == engines.builtin().version;
            if !usable {
                let state = correction.state;
                return Err(Error::CorrectionState { state, usable });
            }
            store::correction::end_active(&mut tx, CorrectionState::Superseded).await?;
            store::correction::activate(&mut tx, correction_id).await?;
        }
        state @ CorrectionState::Rejected => return Err(Error::CorrectionState { state, usable: true }),
    }
    store::learning::switch(&mut tx, None).await?;
    let correction = found(&mut tx, correction_id).await?;
    tx.commit().await?;
    Ok(correction)
}

async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Correction, Error> {
    let mut tx = db.read(tenant).await?;
    let correction = found(&mut tx, id).await?;
    tx.commit().await?;
    Ok(correction)
}

async fn found(tx: &mut Tx, id: Uuid) -> Result<Correction, Error> {
    store::correction::by_id(tx, id)
        .await?
        .ok_or(Error::NoCorrection(id))
}
