//! Submitting and reading feedback.

use attune_database::{Database, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use super::record::{Recorded, record};
use crate::analysis::{Reader, Understood};
use crate::domain::{Draft, Feedback};
use crate::error::Error;
use crate::store;
use crate::store::feedback::{Filter, Place};

/// Feedback to be recorded.
#[derive(Debug)]
pub(crate) struct Submit {
    pub(crate) draft: Draft,
    pub(crate) key: RequestKey,
}

/// Records one piece of feedback; answers the one that is known when it is known already.
pub(crate) async fn submit(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    submit: Submit,
) -> Result<Feedback, Error> {
    let Submit { draft, key } = submit;
    let understood = understand(db, reader, tenant, vec![draft]).await?;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let known = match record(&mut tx, understood, id).await?.as_slice() {
        [
            Recorded {
                feedback_id,
                duplicate: true,
            },
        ] => Some(*feedback_id),
        _ => None,
    };
    let Some(known) = known else {
        let stored = store::feedback::by_ids(&mut tx, &[id])
            .await?
            .pop()
            .ok_or(Error::NoFeedback(id))?;
        tx.commit().await?;
        return Ok(stored);
    };
    // The request made nothing: its row must lead to what was there, so that it is written anew.
    tx.roll_back().await?;
    if key.request_id.is_some()
        && let Write::Fresh(tx) = db.write(tenant, &key, known).await?
    {
        tx.commit().await?;
    }
    get(db, tenant, known).await
}

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
    let recorded = record(&mut tx, understood, Uuid::now_v7()).await?;
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

/// Reads a piece of feedback.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Feedback, Error> {
    let mut tx = db.read(tenant).await?;
    let feedback = store::feedback::by_ids(&mut tx, &[id])
        .await?
        .pop()
        .ok_or(Error::NoFeedback(id))?;
    tx.commit().await?;
    Ok(feedback)
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
