//! What is done for an iteration.

use attune_database::{Database, Tx, Write};
use attune_rpc::{RequestKey, TenantId, Violations};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::initiative::{get, lock};
use super::workload;
use crate::domain::{Action, Initiative, WrongState, check_dependencies};
use crate::error::Error;
use crate::store;

/// An action to be added.
#[derive(Debug)]
pub(crate) struct AddAction {
    pub(crate) initiative_id: Uuid,
    pub(crate) title: String,
    pub(crate) owner: String,
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// What must be done before it.
    pub(crate) depends_on: Vec<Uuid>,
    pub(crate) key: RequestKey,
}

/// What is to be done before an action.
#[derive(Debug)]
pub(crate) struct SetDependencies {
    pub(crate) initiative_id: Uuid,
    pub(crate) action_id: Uuid,
    pub(crate) depends_on: Vec<Uuid>,
    pub(crate) key: RequestKey,
}

/// An action that is done.
#[derive(Debug)]
pub(crate) struct CompleteAction {
    pub(crate) initiative_id: Uuid,
    pub(crate) action_id: Uuid,
    pub(crate) evidence: String,
    /// Who says so.
    pub(crate) by: String,
    pub(crate) key: RequestKey,
}

/// Adds an action to the current iteration; answers the initiative and the action's id.
pub(crate) async fn add_action(
    db: &Database,
    tenant: &TenantId,
    add: AddAction,
) -> Result<(Initiative, Uuid), Error> {
    let AddAction {
        initiative_id,
        title,
        owner,
        due_at,
        depends_on,
        key,
    } = add;
    let action_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, action_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(action_id) => return Ok((get(db, tenant, initiative_id).await?, action_id)),
    };
    let mut initiative = lock(&mut tx, initiative_id).await?;
    check(
        &initiative,
        action_id,
        ("action.depends_on_action_ids", &depends_on),
    )?;
    let action = Action {
        action_id,
        title,
        owner,
        due_at,
        completed_at: None,
        evidence: String::new(),
        escalation: 0,
        depends_on,
    };
    workload::schedule(&mut tx, &action).await?;
    store_action(
        &mut tx,
        &mut initiative,
        |initiative| initiative.add_action(action),
        action_id,
    )
    .await?;
    tx.commit().await?;
    Ok((initiative, action_id))
}

/// Says what must be done before an action of the current iteration.
pub(crate) async fn set_dependencies(
    db: &Database,
    tenant: &TenantId,
    set: SetDependencies,
) -> Result<Initiative, Error> {
    let SetDependencies {
        initiative_id,
        action_id,
        depends_on,
        key,
    } = set;
    let mut tx = match db.write(tenant, &key, initiative_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut initiative = lock_with(&mut tx, initiative_id, action_id).await?;
    check(&initiative, action_id, ("depends_on_action_ids", &depends_on))?;
    let set = |initiative: &mut Initiative| initiative.set_dependencies(action_id, depends_on);
    store_action(&mut tx, &mut initiative, set, action_id).await?;
    tx.commit().await?;
    Ok(initiative)
}

/// Refuses what an action cannot depend on, in words at the request's field.
fn check(initiative: &Initiative, action_id: Uuid, (field, on): (&str, &[Uuid])) -> Result<(), Error> {
    check_dependencies(&initiative.current.actions, action_id, on).map_err(|wrong| {
        let mut violations = Violations::default();
        violations.add(field, wrong);
        attune_rpc::Error::invalid(violations).into()
    })
}

/// Locks an initiative that has the action, now or in an earlier iteration.
async fn lock_with(tx: &mut Tx, initiative_id: Uuid, action_id: Uuid) -> Result<Initiative, Error> {
    let initiative = lock(tx, initiative_id).await?;
    if initiative.iterations().any(|tried| tried.has_action(action_id)) {
        Ok(initiative)
    } else {
        Err(Error::NoAction(action_id))
    }
}

/// Marks an action of the current iteration as done.
pub(crate) async fn complete_action(
    db: &Database,
    tenant: &TenantId,
    complete: CompleteAction,
) -> Result<Initiative, Error> {
    let CompleteAction {
        initiative_id,
        action_id,
        evidence,
        by,
        key,
    } = complete;
    let mut tx = match db.write(tenant, &key, initiative_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let now = tx.now();
    let mut initiative = lock_with(&mut tx, initiative_id, action_id).await?;
    let complete = |initiative: &mut Initiative| initiative.complete_action(action_id, evidence, (by, now));
    store_action(&mut tx, &mut initiative, complete, action_id).await?;
    tx.commit().await?;
    Ok(initiative)
}

async fn store_action(
    tx: &mut Tx,
    initiative: &mut Initiative,
    decide: impl FnOnce(&mut Initiative) -> Result<(), WrongState>,
    action_id: Uuid,
) -> Result<(), Error> {
    decide(initiative)?;
    let current = &initiative.current;
    if let Some(action) = current
        .actions
        .iter()
        .find(|action| action.action_id == action_id)
    {
        store::iteration::save_action(tx, initiative.initiative_id, current.number, action).await?;
    }
    store::initiative::update(tx, initiative).await?;
    Ok(())
}
