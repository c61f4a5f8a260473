//! Declaring that an iteration has reached the customers.

use attune_database::{Database, Write};
use attune_rpc::{RequestKey, TenantId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::initiative::{get, lock_with_issue};
use super::{cohort_telling, comparison, evaluation, pilot};
use crate::domain::{
    Comparison, Initiative, Issue, Iteration, LOOK_BACK, MeasurementPlan, Metric, PilotOverride, Rollout,
    Series, Slice, WrongState,
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
    /// Who declares it.
    pub(crate) by: String,
    pub(crate) key: RequestKey,
}

/// What was measured, at the instant that counts as the rollout.
struct Measured {
    before: Series,
    at: DateTime<Utc>,
    /// What was measured, and where.
    metric: Metric,
    slice: Slice,
    /// What it will be compared with, and its series.
    comparison: Option<(Comparison, Series)>,
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
        by,
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
    // An issue that was widened meanwhile has another baseline, and so has another target or comparison.
    let compared = compared(&initiative, &issue)?;
    let Measured {
        before,
        at,
        comparison,
        ..
    } = measured
        .filter(|measured| measured.metric == initiative.target.metric)
        .filter(|measured| measured.slice == measured_slice(compared.as_ref(), &issue))
        .filter(|measured| measured.comparison.as_ref().map(|(given, _)| given) == compared.as_ref())
        .ok_or(Error::Raced)?;
    let beside = comparison.as_ref().map(|(given, series)| (given.clone(), series));
    let plan = MeasurementPlan::fix(&issue, &initiative.target, &before, beside, at);
    check_room(&initiative, &plan)?;
    let rollout = Rollout {
        at,
        plan,
        template_id,
        looks_done: 0,
        pilot_override,
    };
    initiative.roll_out(change, rollout.clone(), by)?;
    events::rolled_out(&mut tx, &mut initiative).await?;
    let Iteration { number, change, .. } = &initiative.current;
    let baselines = (&before, comparison.as_ref().map(|(_, series)| series));
    store::iteration::roll_out(&mut tx, (initiative_id, *number), change, &rollout, baselines).await?;
    if let Some(template_id) = template_id {
        cohort_telling::begin(&mut tx, &issue, &mut initiative, template_id).await?;
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
    let compared = compared(&initiative, &issue)?;
    let slice = measured_slice(compared.as_ref(), &issue);
    let metric = initiative.target.metric;
    let before = source.share(tenant, (metric, &slice), start, at).await?;
    let comparison = match compared {
        Some(compared) => {
            let unchanged = (metric, &compared.unchanged);
            let series = source.share(tenant, unchanged, start, at).await?;
            Some((compared, series))
        }
        None => None,
    };
    Ok(Some(Measured {
        before,
        at,
        metric,
        slice,
        comparison,
    }))
}

/// Refuses a rollout whose target no change could reach: the verdict would be known before anything is done.
fn check_room(initiative: &Initiative, plan: &MeasurementPlan) -> Result<(), WrongState> {
    let target = &initiative.target;
    if target.fits(plan.baseline) {
        return Ok(());
    }
    let message = format!(
        "{} was {:.1} % before the rollout, and {:.0} % more of that would be more than all; take a smaller \
         smallest_relative_effect, or once anything was rolled out stop this initiative and plan another one",
        target.metric.as_str(),
        plan.baseline * 100.0,
        target.smallest_relative_effect * 100.0
    );
    Err(WrongState::new(initiative.state.as_str(), message))
}

/// What the initiative is compared with, in full.
fn compared(initiative: &Initiative, issue: &Issue) -> Result<Option<Comparison>, WrongState> {
    comparison::at_rollout(initiative.comparison.as_ref(), issue, initiative.state.as_str())
}

/// The feedback that is judged.
fn measured_slice(compared: Option<&Comparison>, issue: &Issue) -> Slice {
    compared.map_or_else(|| Slice::from(issue), |compared| compared.changed.clone())
}
