//! Thanking those whose idea worked.

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{CreditedMember, Initiative, Recognition, Thanks};
use crate::error::Error;
use crate::{events, store};

/// The most members named for an initiative.
const MOST_CREDITED: usize = 20;

/// A member and the initiative that was their idea.
#[derive(Debug)]
pub(crate) struct Credit {
    pub(crate) initiative_id: Uuid,
    pub(crate) member_id: String,
    pub(crate) key: RequestKey,
}

/// Names a member for an initiative; answers all who are named for it.
pub(crate) async fn credit(
    db: &Database,
    tenant: &TenantId,
    credit: Credit,
) -> Result<Vec<CreditedMember>, Error> {
    let Credit {
        initiative_id,
        member_id,
        key,
    } = credit;
    let mut tx = match db.write(tenant, &key, initiative_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return credited(db, tenant, id).await,
    };
    // The lock keeps two from being the twentieth at once.
    store::initiative::lock(&mut tx, initiative_id)
        .await?
        .ok_or(Error::NoInitiative(initiative_id))?;
    if store::team::by_id(&mut tx, &member_id).await?.is_none() {
        return Err(Error::NoMember(member_id));
    }
    store::recognition::credit(&mut tx, initiative_id, &member_id).await?;
    let named = members(&mut tx, initiative_id).await?;
    if named.len() > MOST_CREDITED {
        return Err(Error::TooManyCredited(MOST_CREDITED));
    }
    tx.commit().await?;
    Ok(named)
}

/// Takes a member's name back; answers all who are named still.
pub(crate) async fn withdraw(
    db: &Database,
    tenant: &TenantId,
    credit: Credit,
) -> Result<Vec<CreditedMember>, Error> {
    let Credit {
        initiative_id,
        member_id,
        key,
    } = credit;
    let mut tx = match db.write(tenant, &key, initiative_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return credited(db, tenant, id).await,
    };
    store::initiative::issue_of(&mut tx, initiative_id)
        .await?
        .ok_or(Error::NoInitiative(initiative_id))?;
    store::recognition::withdraw(&mut tx, initiative_id, &member_id).await?;
    let named = members(&mut tx, initiative_id).await?;
    tx.commit().await?;
    Ok(named)
}

async fn credited(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Vec<CreditedMember>, Error> {
    let mut tx = db.read(tenant).await?;
    let named = members(&mut tx, id).await?;
    tx.commit().await?;
    Ok(named)
}

async fn members(tx: &mut Tx, initiative_id: Uuid) -> Result<Vec<CreditedMember>, Error> {
    let credited = store::recognition::credited(tx, &[initiative_id]).await?;
    Ok(credited.into_iter().map(|(_, member)| member).collect())
}

/// Reads a page of recognitions that go to somebody, the newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    initiative_id: Option<Uuid>,
    page: &Page<Uuid>,
) -> Result<(Vec<Recognition>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let before = page.after().copied();
    let mut found = store::recognition::page(&mut tx, initiative_id, before, page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut found, |last| last.thanks.recognition_id)?;
    Ok((found, next))
}

/// Thanks those behind an iteration that was proven to help, once, in the transaction of the verdict: who is named for the
/// initiative, and the employees of the groups that were told of before the rollout. The number never changes, whoever
/// reports later, so that no two answers differ by what somebody did.
pub(super) async fn give(
    tx: &mut Tx,
    initiative: &mut Initiative,
    (iteration, statement): (i32, i32),
    rolled_out_at: DateTime<Utc>,
) -> Result<(), Error> {
    let thanks = Thanks {
        recognition_id: Uuid::now_v7(),
        initiative_id: initiative.initiative_id,
        iteration,
        statement,
        employees: store::recognition::employees(tx, initiative.issue_id, rolled_out_at).await?,
    };
    if !store::recognition::insert(tx, &thanks).await? {
        return Ok(());
    }
    let named = !members(tx, initiative.initiative_id).await?.is_empty();
    // Who is named later is thanked by the record; there is nobody yet to tell of.
    if named || thanks.employees > 0 {
        events::recognition::given(tx, initiative, &thanks, named).await?;
    }
    Ok(())
}
