//! Interactions whose text an outside engine is asked about, after the subscription's transaction.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_timers::Leased;
use uuid::Uuid;

use super::feedback::understand;
use super::record::record;
use crate::analysis::Reader;
use crate::convert;
use crate::error::Error;
use crate::store::heard::Heard;
use crate::{store, timers};

/// Keeps what was heard until it is read.
pub(crate) async fn put_aside(tx: &mut Tx, heard: &[Heard]) -> Result<(), Error> {
    store::heard::insert(tx, heard).await?;
    let ids: Vec<Uuid> = heard.iter().map(|heard| heard.interaction_id).collect();
    timers::read::schedule(tx, &ids).await?;
    Ok(())
}

/// Understands what was put aside and records it. Asks the engine before the transaction begins; whose lease was
/// lost meanwhile is left to whoever holds it now.
pub(crate) async fn read(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    due: &[Leased],
) -> Result<(), Error> {
    let ids: Vec<Uuid> = due.iter().map(|leased| leased.timer.subject).collect();
    let mut tx = db.read(tenant).await?;
    let heard = store::heard::by_ids(&mut tx, &ids).await?;
    tx.commit().await?;
    let drafts = heard
        .iter()
        .map(|heard| convert::interaction::put_aside(&heard.payload))
        .collect::<Result<Vec<_>, _>>()?;
    let mut understood = understand(db, reader, tenant, drafts.into_iter().flatten().collect()).await?;
    let mut tx = db.system(tenant).await?;
    let held = Leased::finish_many(&mut tx, &due.iter().collect::<Vec<_>>()).await?;
    understood.retain(|understood| {
        let subject = understood.draft.interaction_id;
        subject.is_some_and(|subject| held.contains(&subject))
    });
    record(&mut tx, understood).await?;
    store::heard::remove(&mut tx, &held.into_iter().collect::<Vec<_>>()).await?;
    tx.commit().await?;
    Ok(())
}
