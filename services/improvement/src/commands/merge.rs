//! Making one issue of two that are the same.

use attune_database::{Database, Tx, Write};
use attune_rpc::{RequestKey, TenantId};
use uuid::Uuid;

use super::issue::get;
use super::{priority, relation};
use crate::domain::{Issue, IssueRelation, RelationKind, Statement};
use crate::error::Error;
use crate::{events, store};

/// Two issues that are the same.
#[derive(Debug)]
pub(crate) struct Merge {
    /// The one that goes on.
    pub(crate) survivor_id: Uuid,
    /// The one that becomes a part of it.
    pub(crate) merged_id: Uuid,
    pub(crate) statement: Statement,
    pub(crate) key: RequestKey,
}

/// Merges an issue into another; answers the one that goes on.
pub(crate) async fn merge(db: &Database, tenant: &TenantId, merge: Merge) -> Result<Issue, Error> {
    let Merge {
        survivor_id,
        merged_id,
        statement,
        key,
    } = merge;
    let mut tx = match db.write(tenant, &key, survivor_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    store::later_evidence::alone(&mut tx).await?;
    let (mut merged, mut survivor) = lock_both(&mut tx, (merged_id, survivor_id)).await?;
    unite(&mut tx, &mut merged, &mut survivor, statement).await?;
    tx.commit().await?;
    Ok(survivor)
}

/// Locks two issues and answers them in the order asked for.
pub(super) async fn lock_both(tx: &mut Tx, (one, other): (Uuid, Uuid)) -> Result<(Issue, Issue), Error> {
    let locked = store::issue::lock_all(tx, &[one, other]).await?;
    let find = |id: Uuid| {
        let found = locked.iter().find(|issue| issue.issue_id == id);
        found.cloned().ok_or(Error::NoIssue(id))
    };
    Ok((find(one)?, find(other)?))
}

/// Merges two issues that are locked, with everything that follows, while nobody hears what customers say. When it is refused
/// nothing was changed.
pub(super) async fn unite(
    tx: &mut Tx,
    merged: &mut Issue,
    survivor: &mut Issue,
    statement: Statement,
) -> Result<(), Error> {
    let tried = store::issue::is_tried(tx, survivor.issue_id).await?;
    merged.merge_into(survivor, tried)?;
    relation::check_room(tx, survivor.issue_id, RelationKind::MergedInto).await?;
    let ends = (merged.issue_id, survivor.issue_id);
    let relation = IssueRelation::new(
        Uuid::now_v7(),
        RelationKind::MergedInto,
        ends,
        statement,
        tx.now(),
    );
    store::split::rejoin(tx, merged.issue_id, survivor.issue_id).await?;
    let relation = store::issue_relation::merge(tx, &relation).await?;
    store::later_evidence::merge(tx, merged.issue_id, survivor.issue_id).await?;
    store::issue::update(tx, merged).await?;
    let gone_on = store::split::gone_on(tx, survivor.issue_id).await?;
    survivor.absorb(merged, &relation, gone_on);
    priority::refresh(tx, survivor).await?;
    events::issues_merged(tx, survivor, &relation).await?;
    store::issue::update(tx, survivor).await?;
    Ok(())
}
