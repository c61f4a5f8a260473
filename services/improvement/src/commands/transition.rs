//! The steps of initiatives that somebody decides by themselves, and the record of all of them.

use attune_database::{Database, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use super::initiative::{get, lock, lock_with_issue};
use crate::domain::{Initiative, Step, Transition};
use crate::error::Error;
use crate::{events, store};

/// A step that somebody decides.
#[derive(Debug)]
pub(crate) struct Decide {
    pub(crate) initiative_id: Uuid,
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) key: RequestKey,
}

/// Approves what was proposed: it is planned from now on, and the departments are told.
pub(crate) async fn approve(db: &Database, tenant: &TenantId, decide: Decide) -> Result<Initiative, Error> {
    let Decide {
        initiative_id,
        by,
        reason,
        key,
    } = decide;
    let mut tx = match db.write(tenant, &key, initiative_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let (issue, mut initiative) = lock_with_issue(&mut tx, initiative_id).await?;
    let at = tx.now();
    initiative.approve(Step { by, reason, at })?;
    events::planned(&mut tx, &mut initiative, &issue).await?;
    store::initiative::update(&mut tx, &initiative).await?;
    tx.commit().await?;
    Ok(initiative)
}

/// Begins the work on the current iteration.
pub(crate) async fn start(db: &Database, tenant: &TenantId, decide: Decide) -> Result<Initiative, Error> {
    let Decide {
        initiative_id,
        by,
        reason,
        key,
    } = decide;
    let mut tx = match db.write(tenant, &key, initiative_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut initiative = lock(&mut tx, initiative_id).await?;
    let at = tx.now();
    initiative.start(Step { by, reason, at })?;
    store::initiative::update(&mut tx, &initiative).await?;
    tx.commit().await?;
    Ok(initiative)
}

/// Reads a page of an initiative's steps, the first one first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    initiative_id: Uuid,
    page: &Page<i32>,
) -> Result<(Vec<Transition>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let known = store::initiative::issue_of(&mut tx, initiative_id).await?;
    known.ok_or(Error::NoInitiative(initiative_id))?;
    let after = page.after().copied();
    let mut steps = store::transition::page(&mut tx, initiative_id, after, page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut steps, |last| last.number)?;
    Ok((steps, next))
}
