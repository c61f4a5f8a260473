//! Setting, reading, changing and cancelling goals.

use attune_database::{Database, Write};
use attune_rpc::{Page, RequestKey, TenantId, Violations};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{principle, progress};
use crate::domain::{Goal, GoalChange, GoalDraft, GoalMeasurement, GoalState};
use crate::error::Error;
use crate::source::SeriesSource;
use crate::{events, store};

/// How far ahead a deadline may lie, in days.
const DEADLINE_DAYS: std::ops::RangeInclusive<i64> = 1..=1100;

/// A goal to be set.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) draft: GoalDraft,
    pub(crate) key: RequestKey,
}

/// A goal to be changed.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) goal_id: Uuid,
    pub(crate) etag: String,
    pub(crate) change: GoalChange,
    pub(crate) key: RequestKey,
}

/// A goal to be given up.
#[derive(Debug)]
pub(crate) struct Cancel {
    pub(crate) goal_id: Uuid,
    pub(crate) reason: String,
    pub(crate) key: RequestKey,
}

/// Sets a goal and freezes its baseline, which is asked for before anything is begun: a transaction does not wait
/// for another service.
pub(crate) async fn create(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    create: Create,
) -> Result<Goal, Error> {
    let Create { draft, key } = create;
    let id = Uuid::now_v7();
    let measured = source.number(tenant, &draft.quantity, db.clock().now()).await;
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        // What stands stands, whatever the feedback service says today.
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    check_deadline(draft.deadline, tx.now())?;
    principle::check(&mut tx, &draft.principle_ids).await?;
    let mut goal = Goal::set(id, draft, measured?, tx.now())?;
    events::goal::set(&mut tx, &mut goal).await?;
    store::goal::insert(&mut tx, &goal).await?;
    progress::schedule(&mut tx, &goal).await?;
    tx.commit().await?;
    Ok(goal)
}

fn check_deadline(deadline: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), attune_rpc::Error> {
    let ahead = deadline - now;
    let (soonest, latest) = (*DEADLINE_DAYS.start(), *DEADLINE_DAYS.end());
    if (TimeDelta::days(soonest)..=TimeDelta::days(latest)).contains(&ahead) {
        return Ok(());
    }
    let mut violations = Violations::default();
    let message = format!(
        "must lie {soonest} to {latest} days ahead of now, {}",
        now.to_rfc3339()
    );
    violations.add("goal.deadline", message);
    Err(attune_rpc::Error::invalid(violations))
}

/// Reads a goal.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Goal, Error> {
    let mut tx = db.read(tenant).await?;
    let goal = store::goal::by_id(&mut tx, id).await?.ok_or(Error::NoGoal(id))?;
    tx.commit().await?;
    Ok(goal)
}

/// Reads a page of goals, the newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    state: Option<GoalState>,
    page: &Page<Uuid>,
) -> Result<(Vec<Goal>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut goals = store::goal::page(&mut tx, state, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut goals, |last| last.goal_id)?;
    Ok((goals, next))
}

/// Changes what was said about a goal.
pub(crate) async fn update(db: &Database, tenant: &TenantId, update: Update) -> Result<Goal, Error> {
    let Update {
        goal_id,
        etag,
        change,
        key,
    } = update;
    let mut tx = match db.write(tenant, &key, goal_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut goal = store::goal::lock(&mut tx, goal_id)
        .await?
        .ok_or(Error::NoGoal(goal_id))?;
    goal.etag().check(&etag)?;
    principle::check(&mut tx, change.principle_ids.as_deref().unwrap_or_default()).await?;
    if goal.apply(change) {
        store::goal::update(&mut tx, &goal).await?;
    }
    tx.commit().await?;
    Ok(goal)
}

/// Gives a goal up.
pub(crate) async fn cancel(db: &Database, tenant: &TenantId, cancel: Cancel) -> Result<Goal, Error> {
    let Cancel { goal_id, reason, key } = cancel;
    let mut tx = match db.write(tenant, &key, goal_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut goal = store::goal::lock(&mut tx, goal_id)
        .await?
        .ok_or(Error::NoGoal(goal_id))?;
    goal.cancel(reason, tx.now())?;
    events::goal::cancelled(&mut tx, &mut goal).await?;
    progress::cancel(&mut tx, goal_id).await?;
    store::goal::update(&mut tx, &goal).await?;
    tx.commit().await?;
    Ok(goal)
}

/// Reads a page of a goal's history, the baseline first, with the goal and the token of the next.
pub(crate) async fn history(
    db: &Database,
    tenant: &TenantId,
    id: Uuid,
    page: &Page<i32>,
) -> Result<(Goal, Vec<GoalMeasurement>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let goal = store::goal::by_id(&mut tx, id).await?.ok_or(Error::NoGoal(id))?;
    let mut recorded = store::goal::measurements(&mut tx, id, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut recorded, |last| last.number)?;
    Ok((goal, recorded, next))
}
