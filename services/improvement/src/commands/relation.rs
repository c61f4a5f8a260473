//! Recording that issues have to do with each other.

use attune_database::{Database, OnConstraint, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use super::merge::lock_both;
use crate::domain::{IssueRelation, RelationKind, Statement, WrongState};
use crate::error::Error;
use crate::{events, store};

/// How many relations of a kind an issue may have.
const MOST: i64 = 100;

/// Two issues that have to do with each other.
#[derive(Debug)]
pub(crate) struct Relate {
    pub(crate) from: Uuid,
    pub(crate) to: Uuid,
    pub(crate) kind: RelationKind,
    pub(crate) statement: Statement,
    pub(crate) key: RequestKey,
}

/// Records a relation.
pub(crate) async fn relate(db: &Database, tenant: &TenantId, relate: Relate) -> Result<IssueRelation, Error> {
    let Relate {
        from,
        to,
        kind,
        statement,
        key,
    } = relate;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let (one, other) = lock_both(&mut tx, (from, to)).await?;
    one.check_relates()?;
    other.check_relates()?;
    for issue_id in [from, to] {
        check_room(&mut tx, issue_id, kind).await?;
    }
    if kind.is_acyclic() {
        check_open(&mut tx, kind, (from, to), one.state.as_str()).await?;
    }
    let relation = IssueRelation::new(id, kind, (from, to), statement, tx.now());
    store::issue_relation::insert(&mut tx, &relation)
        .await
        .on_constraint("issue_relation_key", || Error::RelationExists)?;
    events::issues_related(&mut tx, &relation).await?;
    tx.commit().await?;
    Ok(relation)
}

/// Refuses what would close a circle.
async fn check_open(
    tx: &mut Tx,
    kind: RelationKind,
    (from, to): (Uuid, Uuid),
    state: &'static str,
) -> Result<(), Error> {
    store::issue_relation::alone(tx, kind).await?;
    if store::issue_relation::leads(tx, kind, to, from).await? {
        let message = "the second issue leads back to the first by issues related in this way; look at ListIssueRelations";
        return Err(WrongState::new(state, message).into());
    }
    Ok(())
}

/// Refuses one more relation of an issue that has as many of the kind as it may.
pub(super) async fn check_room(tx: &mut Tx, issue_id: Uuid, kind: RelationKind) -> Result<(), Error> {
    if store::issue_relation::count(tx, issue_id, kind).await? >= MOST {
        return Err(Error::TooManyRelations(MOST));
    }
    Ok(())
}

async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<IssueRelation, Error> {
    let mut tx = db.read(tenant).await?;
    let found = store::issue_relation::by_id(&mut tx, id).await?;
    tx.commit().await?;
    found.ok_or(Error::NoRelation(id))
}

/// Reads a page of an issue's relations, the newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    issue_id: Uuid,
    page: &Page<Uuid>,
) -> Result<(Vec<IssueRelation>, String), Error> {
    let mut tx = db.read(tenant).await?;
    store::issue::by_id(&mut tx, issue_id)
        .await?
        .ok_or(Error::NoIssue(issue_id))?;
    let mut relations =
        store::issue_relation::page(&mut tx, issue_id, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut relations, |last| last.issue_relation_id)?;
    Ok((relations, next))
}
