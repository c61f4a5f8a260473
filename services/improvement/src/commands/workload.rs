//! What owners and teams have to do, and what happens when they do not.

use attune_database::{Database, Tx};
use attune_rpc::{Page, TenantId};
use uuid::Uuid;

use crate::domain::{Action, TeamWorkload, Workload, held_up_by};
use crate::error::Error;
use crate::{events, store};

/// The kind of the timers whose subjects are actions that are not done.
pub(crate) const ACTION: &str = "improvement.action";

/// Reads a page of what owners have to do, by owner, and the token of the next.
pub(crate) async fn get(
    db: &Database,
    tenant: &TenantId,
    owner: Option<&str>,
    page: &Page<String>,
) -> Result<(Vec<Workload>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let after = page.after().map(String::as_str);
    let mut workloads = store::workload::page(&mut tx, owner, after, page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut workloads, |last| last.owner.clone())?;
    Ok((workloads, next))
}

/// Reads a page of what teams have to do, by team, and the token of the next.
pub(crate) async fn of_teams(
    db: &Database,
    tenant: &TenantId,
    team: Option<&str>,
    page: &Page<String>,
) -> Result<(Vec<TeamWorkload>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let after = page.after().map(String::as_str);
    let mut workloads = store::workload::page_of_teams(&mut tx, team, after, page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut workloads, |last| last.team.clone())?;
    Ok((workloads, next))
}

/// Sets the timer for the next escalation of an action. It is never taken back: for an action that is done meanwhile it
/// finds nothing to do.
pub(super) async fn schedule(tx: &mut Tx, action: &Action) -> Result<(), Error> {
    if let Some(at) = action.next_escalation() {
        attune_timers::schedule(tx, ACTION, action.action_id, at).await?;
    }
    Ok(())
}

/// Escalates an action whose timer came, if it is still to be done.
pub(crate) async fn escalate(tx: &mut Tx, action_id: Uuid) -> Result<(), Error> {
    let Some(initiative_id) = store::iteration::initiative_of(tx, action_id).await? else {
        return Ok(());
    };
    let Some(mut initiative) = store::initiative::lock(tx, initiative_id).await? else {
        return Ok(());
    };
    let now = tx.now();
    if let Some(action) = initiative.escalate(action_id, now) {
        let number = initiative.current.number;
        store::iteration::save_action(tx, initiative_id, number, &action).await?;
        let owners = if action.next_escalation().is_some() {
            Vec::new()
        } else {
            let held_up = held_up_by(&initiative.current.actions, &action).first().copied();
            store::team::owners_concerned(tx, &initiative, held_up.unwrap_or(&action)).await?
        };
        events::action_overdue(tx, &mut initiative, &action, &owners).await?;
        store::initiative::update(tx, &initiative).await?;
        schedule(tx, &action).await?;
    }
    Ok(())
}
