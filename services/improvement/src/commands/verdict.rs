//! Statements about iterations.

use attune_database::{Database, Tx};
use attune_rpc::{Page, TenantId};
use uuid::Uuid;

use crate::domain::Verdict;
use crate::error::Error;
use crate::store;

/// Reads a page of the statements about an iteration, the first one first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    (initiative_id, iteration): (Uuid, i32),
    page: &Page<i32>,
) -> Result<(Vec<Verdict>, String), Error> {
    let mut tx = db.read(tenant).await?;
    check_iteration(&mut tx, initiative_id, iteration).await?;
    let after = page.after().copied();
    let mut statements =
        store::verdict::page(&mut tx, (initiative_id, iteration), after, page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut statements, |last| last.statement)?;
    Ok((
        statements
            .into_iter()
            .map(|statement| statement.verdict.0)
            .collect(),
        next,
    ))
}

/// Refuses unless the initiative has this iteration.
pub(super) async fn check_iteration(tx: &mut Tx, initiative_id: Uuid, iteration: i32) -> Result<(), Error> {
    if store::iteration::exists(tx, initiative_id, iteration).await? {
        return Ok(());
    }
    let initiative = store::initiative::issue_of(tx, initiative_id).await?;
    Err(initiative.map_or(Error::NoInitiative(initiative_id), |_| {
        Error::NoIteration(initiative_id, iteration)
    }))
}
