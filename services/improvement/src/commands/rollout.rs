//! Declaring that an iteration has reached the customers.

use attune_database::{Database, Tx, Write};
use attune_rpc::{RequestKey, TenantId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::initiative::{get, lock_with_issue};
use super::{evaluation, pilot};
use crate::domain::{
    Initiative, Issue, Iteration, LOOK_BACK, MeasurementPlan, PilotOverride, Rollout, Series, WrongState,
};
use crate::error::Error;
use crate::source::SeriesSource;
use crate::{events, store};

/// A rollout to be declared.
#[derive(Debug)]
pub(crate) struct RollOut {
    pub(crate) initiative_id: Uuid,
    /// What the iteration changes, where it is to be said now.
    pub(crate) change: Option<String>,
    /// What the cohort is told with; nobody is told without one.
    pub(crate) template_id: Option<Uuid>,
    /// Who answers for it should its pilot not speak for it.
    pub(crate) pilot_override: Option<PilotOverride>,
    pub(crate) key: RequestKey,
}

/// What was measured, at the instant that counts as the rollout.
struct Measured {
    before: Series,
    at: DateTime<Utc>,
    /// The product it was measured in.
    product: String,
}

/// Declares a rollout: fixes baseline and plan, and has the cohort told.
pub(crate) async fn roll_out(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    command: RollOut,
) -> Result<Initiative, Error> {
    let RollOut {
        initiative_id,
        change,
        template_id,
        pilot_override,
        key,
    } = command;
    let measured = measure(db, source, tenant, initiative_id).await?;
    let mut tx = match db.write(tenant, &key, initiative_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let (issue, mut initiative) = lock_with_issue(&mut tx, initiative_id).await?;
    initiative.check_rollout()?;
    let pilot_override = pilot::clear(&mut tx, &initiative, pilot_override).await?;
    // An issue that was widened meanwhile has another baseline.
    let Measured { before, at, .. } = measured
        .filter(|measured| measured.product == issue.product)
        .ok_or(Error::Raced)?;
    let plan = MeasurementPlan::fix(&issue, &initiative.target, &before, at);
    let rollout = Rollout {
        at,
        plan,
        template_id,
        looks_done: 0,
        pilot_override,
    };
    initiative.roll_out(change, rollout.clone())?;
    events::rolled_out(&mut tx, &mut initiative).await?;
    let Iteration { number, change, .. } = &initiative.current;
    store::iteration::roll_out(&mut tx, (initiative_id, *number), change, &rollout, &before).await?;
    if let Some(template_id) = template_id {
        tell(&mut tx, &issue, &mut initiative, template_id).await?;
    }
    evaluation::schedule(&mut tx, &initiative).await?;
    store::initiative::update(&mut tx, &initiative).await?;
    let stored = store::initiative::by_id(&mut tx, initiative_id).await?;
    tx.commit().await?;
    stored.ok_or(Error::NoInitiative(initiative_id))
}

/// Asks for the series before anything is begun: a transaction does not wait for another service. `None` where
/// the rollout will be refused, or was done before.
async fn measure(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    id: Uuid,
) -> Result<Option<Measured>, Error> {
    let initiative = get(db, tenant, id).await?;
    if initiative.check_rollout().is_err() {
        return Ok(None);
    }
    let issue = super::issue::get(db, tenant, initiative.issue_id).await?;
    let at = db.clock().now();
    let start = Series::earliest(issue.window_start.unwrap_or(issue.opened_at) - LOOK_BACK, at);
    let before = source.topic_share(tenant, &issue, start, at).await?;
    let product = issue.product;
    Ok(Some(Measured { before, at, product }))
}

/// Makes a telling for everyone of the cohort, and asks for the messages.
async fn tell(
    tx: &mut Tx,
    issue: &Issue,
    initiative: &mut Initiative,
    template_id: Uuid,
) -> Result<(), Error> {
    let refuse = |message| WrongState::new(initiative.state.as_str(), message);
    if !issue.cohort_frozen {
        return Err(refuse("the issue's cohort is still arriving; repeat the call when it is frozen").into());
    }
    if initiative.current.change.is_empty() {
        return Err(refuse("nothing says what the iteration changes; give it as change").into());
    }
    let iteration = (initiative.initiative_id, initiative.current.number);
    store::telling::open(tx, iteration, issue.issue_id).await?;
    events::cohort_telling(tx, issue, initiative, template_id).await
}
