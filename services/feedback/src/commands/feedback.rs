//! Recording many and reading feedback.

use std::collections::HashMap;

use attune_database::{Database, GatherReads, GatheredRead, Tx};
use attune_rpc::{Page, TenantId};
use uuid::Uuid;

use super::record::{Recorded, record};
use crate::analysis::{Reader, Understood};
use crate::domain::{Draft, Feedback};
use crate::error::Error;
use crate::store;
use crate::store::feedback::{Filter, Place};

/// Records many together, in one transaction.
pub(crate) async fn submit_many(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    drafts: Vec<Draft>,
) -> Result<Vec<Recorded>, Error> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let understood = understand(db, reader, tenant, drafts).await?;
    let mut tx = db.system(tenant).await?;
    let recorded = record(&mut tx, understood).await?;
    tx.commit().await?;
    Ok(recorded)
}

/// Understands texts outside of any transaction that writes.
pub(crate) async fn understand(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    drafts: Vec<Draft>,
) -> Result<Vec<Understood>, Error> {
    let mut tx = db.read(tenant).await?;
    let basis = reader.basis(&mut tx).await?;
    tx.commit().await?;
    reader.understand(drafts, &basis).await
}

/// Reads feedback by its id, for all callers that ask at the moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ById;

impl GatheredRead for ById {
    type Row = Feedback;

    async fn read(&self, tx: &mut Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, Feedback>, sqlx::Error> {
        let found = store::feedback::by_ids(tx, ids).await?;
        Ok(found.into_iter().map(|item| (item.feedback_id, item)).collect())
    }
}

/// Reads a piece of feedback, together with what others read at the moment.
pub(crate) async fn get(reads: &GatherReads<ById>, tenant: &TenantId, id: Uuid) -> Result<Feedback, Error> {
    reads.get(tenant, id).await?.ok_or(Error::NoFeedback(id))
}

/// Reads a page of feedback, the one said last first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    filter: &Filter,
    page: &Page<Place>,
) -> Result<(Vec<Feedback>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut places = store::feedback::page(&mut tx, filter, page.after().copied(), page.limit()).await?;
    let next = page.next(&mut places, |place| *place)?;
    let ids: Vec<Uuid> = places.iter().map(|place| place.feedback_id).collect();
    let feedback = store::feedback::by_ids(&mut tx, &ids).await?;
    tx.commit().await?;
    Ok((feedback, next))
}
