//! Planning, starting, reading and stopping pilots.

use attune_database::{Database, OnConstraint, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId, Violations};
use attune_stats::metric::ConfidenceLevel;
use attune_stats::pilot::{Design, Measure, Plan, PlanError};
use uuid::Uuid;

use super::initiative::lock_with_issue;
use super::pilot_look;
use crate::domain::{
    Decision, Estimate, Gathered, Initiative, Measured, Pilot, PilotLook, PilotOverride, PilotState, Setup,
    WrongState,
};
use crate::error::Error;
use crate::source::SeriesSource;
use crate::{events, store};

/// What a pilot is designed with, beside what follows from its metric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) smallest_effect: f64,
    pub(crate) planned_effect: f64,
    pub(crate) power: f64,
    pub(crate) alpha: f64,
    pub(crate) treated_share: f64,
    pub(crate) looks: u32,
}

/// A pilot to be planned.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) initiative_id: Uuid,
    pub(crate) setup: Setup,
    pub(crate) wanted: Wanted,
    pub(crate) key: RequestKey,
}

/// A pilot to be ended.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) pilot_id: Uuid,
    pub(crate) reason: String,
    pub(crate) key: RequestKey,
}

/// A pilot with the statement in force and, where one was read alone, what it has gathered.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) pilot: Pilot,
    pub(crate) gathered: Option<Gathered>,
    pub(crate) verdict: Option<PilotLook>,
}

/// Plans a pilot of the current iteration. The level to expect is asked for before anything is begun: a transaction does
/// not wait for another service.
pub(crate) async fn create(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    create: Create,
) -> Result<Shown, Error> {
    let Create {
        initiative_id,
        setup,
        wanted,
        key,
    } = create;
    let id = Uuid::now_v7();
    let measured = source
        .number(tenant, &setup.metric.baseline(), db.clock().now())
        .await;
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let (_, initiative) = lock_with_issue(&mut tx, initiative_id).await?;
    initiative.check_preparing("a pilot tries an iteration that is being prepared")?;
    let planned = plan(&setup, wanted, &measured?)?;
    let of = (id, initiative_id, initiative.current.number);
    let mut pilot = Pilot::planned(of, setup, planned, tx.now());
    events::pilot::planned(&mut tx, &mut pilot).await?;
    store::pilot::insert(&mut tx, &pilot)
        .await
        .on_constraint("pilot_live_key", || {
            let message = "the iteration has a pilot; stop that one before planning another";
            Error::WrongState(WrongState::new(initiative.state.as_str(), message))
        })?;
    tx.commit().await?;
    Ok(Shown {
        pilot,
        gathered: None,
        verdict: None,
    })
}

/// The sample it needs, and how many answers the level to expect is made of.
fn plan(setup: &Setup, wanted: Wanted, measured: &Measured) -> Result<(Plan, i64), Error> {
    let Estimate { value, low, high } = measured.outcome.clone().map_err(|reason| {
        let message =
            format!("there is no level to plan with ({reason}); widen the slice or wait for feedback");
        WrongState::new(PilotState::Planned.as_str(), message)
    })?;
    let level = ConfidenceLevel::try_from(measured.level).unwrap_or_default();
    let standard_error = (high - low) / 2.0 / level.critical();
    let Wanted {
        smallest_effect,
        planned_effect,
        power,
        alpha,
        treated_share,
        looks,
    } = wanted;
    let design = Design {
        measure: setup.metric.measure(value, standard_error, measured.n),
        better: setup.metric.better(),
        smallest_effect,
        planned_effect,
        power,
        alpha,
        treated_share,
        looks,
    };
    Ok((
        design.plan().map_err(|error| refused(&error, &design))?,
        measured.n,
    ))
}

/// A field that cannot be planned with, or a level that nothing can be planned from.
fn refused(error: &PlanError, design: &Design) -> Error {
    if matches!(error.field, "baseline" | "deviation") {
        let level = match design.measure {
            Measure::Proportion { baseline } | Measure::Mean { baseline, .. } => baseline,
        };
        let message = format!("nothing can be planned from the present level {level:.4}: {error}");
        return WrongState::new(PilotState::Planned.as_str(), message).into();
    }
    let mut violations = Violations::default();
    let message = format!("must lie between {} and {}", error.low, error.high);
    violations.add(format!("pilot.{}", error.field), message);
    attune_rpc::Error::invalid(violations).into()
}

/// Reads a pilot with its progress and its verdict.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Shown, Error> {
    let mut tx = db.read(tenant).await?;
    let pilot = store::pilot::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoPilot(id))?;
    let at = pilot.ended_at.unwrap_or_else(|| tx.now());
    let gathered = pilot_look::gather(&mut tx, &pilot, at).await?;
    let verdict = store::pilot::verdicts(&mut tx, &[id]).await?.pop();
    tx.commit().await?;
    Ok(Shown {
        pilot,
        gathered: Some(gathered),
        verdict: verdict.map(|(_, look)| look),
    })
}

/// Reads a page of pilots, the newest first and without their progress, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    initiative_id: Option<Uuid>,
    page: &Page<Uuid>,
) -> Result<(Vec<Shown>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut pilots = store::pilot::page(&mut tx, initiative_id, page.after().copied(), page.limit()).await?;
    let next = page.next(&mut pilots, |last| last.pilot_id)?;
    let ids: Vec<Uuid> = pilots.iter().map(|pilot| pilot.pilot_id).collect();
    let mut verdicts = store::pilot::verdicts(&mut tx, &ids).await?;
    tx.commit().await?;
    let shown = pilots.into_iter().map(|pilot| {
        let place = verdicts.iter().position(|(of, _)| *of == pilot.pilot_id);
        Shown {
            verdict: place.map(|place| verdicts.swap_remove(place).1),
            gathered: None,
            pilot,
        }
    });
    Ok((shown.collect(), next))
}

/// Begins a pilot.
pub(crate) async fn start(
    db: &Database,
    tenant: &TenantId,
    id: Uuid,
    key: &RequestKey,
) -> Result<Shown, Error> {
    let mut tx = match db.write(tenant, key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut pilot = lock(&mut tx, id).await?;
    pilot.start(tx.now())?;
    events::pilot::started(&mut tx, &mut pilot).await?;
    pilot_look::schedule(&mut tx, &pilot).await?;
    store::pilot::update(&mut tx, &pilot).await?;
    tx.commit().await?;
    get(db, tenant, id).await
}

/// Ends a pilot without a verdict.
pub(crate) async fn stop(db: &Database, tenant: &TenantId, stop: Stop) -> Result<Shown, Error> {
    let Stop {
        pilot_id,
        reason,
        key,
    } = stop;
    let mut tx = match db.write(tenant, &key, pilot_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut pilot = lock(&mut tx, pilot_id).await?;
    end(&mut tx, &mut pilot, reason).await?;
    tx.commit().await?;
    get(db, tenant, pilot_id).await
}

async fn lock(tx: &mut Tx, id: Uuid) -> Result<Pilot, Error> {
    store::pilot::lock(tx, id).await?.ok_or(Error::NoPilot(id))
}

/// Stops a pilot and tells it. Its timer finds nothing to do when it comes.
pub(super) async fn end(tx: &mut Tx, pilot: &mut Pilot, reason: String) -> Result<(), Error> {
    pilot.stop(reason, tx.now())?;
    events::pilot::stopped(tx, pilot).await?;
    store::pilot::update(tx, pilot).await?;
    Ok(())
}

/// Ends the pilot of an initiative that is given up.
pub(super) async fn end_with(tx: &mut Tx, initiative: &Initiative) -> Result<(), Error> {
    let of = (initiative.initiative_id, initiative.current.number);
    if let Some(mut pilot) = store::pilot::lock_latest(tx, of).await?.filter(Pilot::is_live) {
        end(tx, &mut pilot, "the initiative was stopped".to_owned()).await?;
    }
    Ok(())
}

/// Refuses to roll an iteration out whose pilot does not say that it helps, unless somebody answers for it: then a
/// pilot that still runs is ended, for its control arm gets the change now. Answers the override where one was needed.
pub(super) async fn clear(
    tx: &mut Tx,
    initiative: &Initiative,
    pilot_override: Option<PilotOverride>,
) -> Result<Option<PilotOverride>, Error> {
    let of = (initiative.initiative_id, initiative.current.number);
    let Some(mut pilot) = store::pilot::lock_latest(tx, of).await? else {
        return Ok(None);
    };
    let verdict = store::pilot::verdicts(tx, &[pilot.pilot_id]).await?.pop();
    let decision = verdict.map(|(_, look)| look.decision());
    if pilot.state == PilotState::Concluded && decision == Some(Decision::Effective) {
        return Ok(None);
    }
    let Some(pilot_override) = pilot_override else {
        let message = match pilot.state {
            PilotState::Planned | PilotState::Running => {
                "the pilot has no verdict yet; wait for it, or say in pilot_override who answers for the rollout and why"
            }
            PilotState::Concluded | PilotState::Stopped => {
                "the pilot did not show that it helps; say in pilot_override who answers for the rollout and why"
            }
        };
        return Err(WrongState::new(pilot.state.as_str(), message).into());
    };
    if pilot.is_live() {
        let PilotOverride { by, reason } = &pilot_override;
        let reason = format!("rolled out against the pilot by {by}: {reason}");
        end(tx, &mut pilot, reason).await?;
    }
    Ok(Some(pilot_override))
}
