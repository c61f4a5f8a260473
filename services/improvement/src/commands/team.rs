//! Saying, reading and erasing who takes part in improving.

use attune_database::{Database, OnConstraint, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use crate::domain::{TeamMember, TeamRole};
use crate::error::Error;
use crate::store;

/// Who a member is.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) member_id: String,
    pub(crate) display_name: String,
    pub(crate) email: String,
    pub(crate) role: TeamRole,
    /// Empty for none.
    pub(crate) department: String,
    pub(crate) key: RequestKey,
}

/// A member to be erased.
#[derive(Debug)]
pub(crate) struct Remove {
    pub(crate) member_id: String,
    pub(crate) key: RequestKey,
}

/// Says who a member is, in place of what was said before. No event tells of it: all that it holds are names and addresses.
pub(crate) async fn set(db: &Database, tenant: &TenantId, set: Set) -> Result<TeamMember, Error> {
    let Set {
        member_id,
        display_name,
        email,
        role,
        department,
        key,
    } = set;
    let mut tx = match db.write(tenant, &key, Uuid::now_v7()).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(_) => return get(db, tenant, &member_id).await,
    };
    let member = TeamMember {
        member_id,
        display_name,
        email,
        role,
        department,
        updated_at: tx.now(),
    };
    store::team::set(&mut tx, &member)
        .await
        .on_constraint("team_member_department_owner_key", || Error::DepartmentOwned)?;
    tx.commit().await?;
    Ok(member)
}

/// Reads a member.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: &str) -> Result<TeamMember, Error> {
    let mut tx = db.read(tenant).await?;
    let member = store::team::by_id(&mut tx, id)
        .await?
        .ok_or_else(|| Error::NoMember(id.to_owned()))?;
    tx.commit().await?;
    Ok(member)
}

/// Reads a page of members, by id, and the token of the next: all, those of a department, those with a role.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    (department, role): (Option<String>, Option<TeamRole>),
    page: &Page<String>,
) -> Result<(Vec<TeamMember>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let after = page.after().map(String::as_str);
    let mut members = store::team::page(&mut tx, (department.as_deref(), role), after, page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut members, |last| last.member_id.clone())?;
    Ok((members, next))
}

/// Erases a member with every credit, subscription and digest. The timers of the subscriptions find nothing to do.
pub(crate) async fn remove(db: &Database, tenant: &TenantId, remove: Remove) -> Result<(), Error> {
    let Remove { member_id, key } = remove;
    let Write::Fresh(mut tx) = db.write(tenant, &key, Uuid::now_v7()).await? else {
        return Ok(());
    };
    if !store::team::remove(&mut tx, &member_id).await? {
        return Err(Error::NoMember(member_id));
    }
    tx.commit().await?;
    Ok(())
}
