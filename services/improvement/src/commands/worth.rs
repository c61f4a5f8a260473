//! Stating what initiatives are worth.

use attune_database::{Database, OnConstraint, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use super::{comparison, priority, restatement};
use crate::domain::{
    Appraisal, ContactChange, Currency, Initiative, Issue, LOOKED_BACK, Look, Metric, MoneyBounds, Slice,
    Verdict, Wanted, WorthCause, WorthParameters, WorthStatement, WrongState, judge,
};
use crate::error::Error;
use crate::source::SeriesSource;
use crate::{events, store};

/// The kind of the timers whose subjects are initiatives with a worth that may have to be stated anew.
pub(crate) const WORTH: &str = "improvement.worth";

/// What a customer and a contact are to be worth.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) currency: Currency,
    pub(crate) customer_value: MoneyBounds,
    pub(crate) cost_per_contact: MoneyBounds,
    pub(crate) key: RequestKey,
}

/// A statement that is asked for.
#[derive(Debug)]
pub(crate) struct Estimate {
    pub(crate) initiative_id: Uuid,
    pub(crate) wanted: Wanted,
    pub(crate) key: RequestKey,
}

/// Sets a new version of the parameters.
pub(crate) async fn set_parameters(
    db: &Database,
    tenant: &TenantId,
    set: Set,
) -> Result<WorthParameters, Error> {
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &set.key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => {
            let mut tx = db.read(tenant).await?;
            let found = store::worth::parameters_by_id(&mut tx, id).await?;
            tx.commit().await?;
            return found.ok_or(Error::NoWorthParameters(0));
        }
    };
    let latest = store::worth::parameters(&mut tx, None).await?;
    let parameters = WorthParameters {
        worth_parameters_id: id,
        version: latest.map_or(1, |latest| latest.version + 1),
        currency: set.currency,
        customer_value: set.customer_value,
        cost_per_contact: set.cost_per_contact,
        set_at: tx.now(),
    };
    store::worth::set_parameters(&mut tx, &parameters)
        .await
        .on_constraint("worth_parameters_pkey", || Error::ParametersRaced)?;
    events::worth::parameters_set(&mut tx, &parameters).await?;
    priority::look_now(&mut tx).await?;
    tx.commit().await?;
    Ok(parameters)
}

/// Reads a version of the parameters; the latest where none is named.
pub(crate) async fn parameters(
    db: &Database,
    tenant: &TenantId,
    version: Option<i32>,
) -> Result<WorthParameters, Error> {
    let mut tx = db.read(tenant).await?;
    let found = store::worth::parameters(&mut tx, version).await?;
    tx.commit().await?;
    found.ok_or(Error::NoWorthParameters(version.unwrap_or_default()))
}

/// States what an initiative is worth.
pub(crate) async fn estimate(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    estimate: Estimate,
) -> Result<WorthStatement, Error> {
    let Estimate {
        initiative_id,
        wanted,
        key,
    } = estimate;
    let appraisal = appraise(db, source, tenant, (initiative_id, wanted)).await?;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => {
            let mut tx = db.read(tenant).await?;
            let found = store::worth::by_id(&mut tx, id).await?;
            tx.commit().await?;
            return found.ok_or(Error::NoInitiative(initiative_id));
        }
    };
    let mut initiative = hold(&mut tx, initiative_id)
        .await?
        .ok_or(Error::NoInitiative(initiative_id))?;
    let previous = store::worth::latest(&mut tx, initiative_id).await?;
    let cost = store::cost::total(&mut tx, initiative_id).await?;
    let made = (appraisal, cost);
    let statement = WorthStatement::after(
        previous.as_ref(),
        (id, initiative_id),
        WorthCause::Asked,
        made,
        tx.now(),
    )?;
    enter(&mut tx, &mut initiative, &statement).await?;
    tx.commit().await?;
    Ok(statement)
}

/// Reads a page of the statements about an initiative, the first one first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    initiative_id: Uuid,
    page: &Page<i32>,
) -> Result<(Vec<WorthStatement>, String), Error> {
    let mut tx = db.read(tenant).await?;
    check_initiative(&mut tx, initiative_id).await?;
    let mut statements =
        store::worth::page(&mut tx, initiative_id, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut statements, |last| last.number)?;
    Ok((statements, next))
}

/// Refuses an id that is no initiative's.
pub(super) async fn check_initiative(tx: &mut Tx, initiative_id: Uuid) -> Result<(), Error> {
    store::initiative::issue_of(tx, initiative_id)
        .await?
        .map(|_| ())
        .ok_or(Error::NoInitiative(initiative_id))
}

/// Has the worth of an initiative stated anew, if it was ever stated. The caller holds the initiative, as everybody does
/// who touches its timer.
pub(crate) async fn restate(tx: &mut Tx, initiative_id: Uuid) -> Result<(), Error> {
    if store::worth::is_stated(tx, initiative_id).await? {
        let now = tx.now();
        attune_timers::schedule(tx, WORTH, initiative_id, now).await?;
    }
    Ok(())
}

/// Locks the initiative before its timer is touched, as everybody does.
pub(crate) async fn hold(tx: &mut Tx, initiative_id: Uuid) -> Result<Option<Initiative>, Error> {
    store::initiative::lock(tx, initiative_id).await
}

/// Appraises an initiative as its latest statement was asked for; `None` where nothing was ever stated.
pub(crate) async fn appraise_anew(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    initiative_id: Uuid,
) -> Result<Option<Appraisal>, Error> {
    let mut tx = db.read(tenant).await?;
    let latest = store::worth::latest(&mut tx, initiative_id).await?;
    tx.commit().await?;
    let Some(latest) = latest else {
        return Ok(None);
    };
    let wanted = (initiative_id, latest.appraisal.wanted);
    appraise(db, source, tenant, wanted).await.map(Some)
}

/// States anew what an initiative is worth, unless nothing is different, and sees to it that feedback which arrives late
/// is noticed.
pub(crate) async fn state_anew(tx: &mut Tx, initiative_id: Uuid, appraisal: Appraisal) -> Result<(), Error> {
    let Some(mut initiative) = hold(tx, initiative_id).await? else {
        return Ok(());
    };
    let Some(latest) = store::worth::latest(tx, initiative_id).await? else {
        return Ok(());
    };
    let cost = store::cost::total(tx, initiative_id).await?;
    let Some(cause) = latest.outdated_by(&appraisal, cost.as_ref()) else {
        return await_late_feedback(tx, initiative_id, &appraisal).await;
    };
    let ids = (Uuid::now_v7(), initiative_id);
    // The currency of the parameters changed: nothing can be said until somebody asks and is told so.
    let Ok(statement) = WorthStatement::after(Some(&latest), ids, cause, (appraisal, cost), tx.now()) else {
        return Ok(());
    };
    enter(tx, &mut initiative, &statement).await
}

async fn enter(tx: &mut Tx, initiative: &mut Initiative, statement: &WorthStatement) -> Result<(), Error> {
    store::worth::append(tx, statement).await?;
    events::worth::stated(tx, initiative, statement).await?;
    store::initiative::update(tx, initiative).await?;
    await_late_feedback(tx, initiative.initiative_id, &statement.appraisal).await
}

async fn await_late_feedback(tx: &mut Tx, initiative_id: Uuid, appraisal: &Appraisal) -> Result<(), Error> {
    let now = tx.now();
    if let Some(at) = appraisal.settled_at().filter(|at| *at > now) {
        attune_timers::schedule(tx, WORTH, initiative_id, at).await?;
    }
    Ok(())
}

/// Computes the benefit of an initiative from what is known now, outside any transaction.
async fn appraise(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    (initiative_id, wanted): (Uuid, Wanted),
) -> Result<Appraisal, Error> {
    let mut tx = db.read(tenant).await?;
    let initiative = store::initiative::by_id(&mut tx, initiative_id)
        .await?
        .ok_or(Error::NoInitiative(initiative_id))?;
    let issue_id = initiative.issue_id;
    let issue = store::issue::by_id(&mut tx, issue_id)
        .await?
        .ok_or(Error::NoIssue(issue_id))?;
    let parameters = store::worth::parameters(&mut tx, None).await?.ok_or_else(|| {
        WrongState::new(
            "no_parameters",
            "nobody has said what a customer and a contact are worth; call SetWorthParameters first",
        )
    })?;
    let judged = judged(&mut tx, &initiative, &issue).await?;
    tx.commit().await?;
    let change = match judged {
        Some((look, verdict)) => measured(source, tenant, look, verdict).await?,
        None => None,
    };
    let change = match change {
        Some(change) => change,
        None => assumed(db, source, tenant, (&issue, initiative.target.metric, &wanted)).await?,
    };
    Ok(Appraisal::of(&issue, wanted, parameters, change))
}

/// The latest look that said by how much the contacts about the issue changed, with what it said. A verdict on another
/// metric does not say that, however sure it is.
async fn judged(
    tx: &mut Tx,
    initiative: &Initiative,
    issue: &Issue,
) -> Result<Option<(Look, Verdict)>, Error> {
    if initiative.target.metric != Metric::TopicShare {
        return Ok(None);
    }
    let found = initiative
        .iterations()
        .filter(|iteration| {
            iteration
                .verdict
                .as_ref()
                .is_some_and(|verdict| verdict.effect.is_some())
        })
        .last();
    let Some((iteration, verdict)) = found.and_then(|found| found.verdict.clone().map(|said| (found, said)))
    else {
        return Ok(None);
    };
    let look = restatement::look_of(tx, initiative, issue, iteration).await?;
    Ok(look.map(|look| (look, verdict)))
}

/// The change at a look, on the feedback that is there now; as it was stated where that says no number any more.
async fn measured(
    source: &dyn SeriesSource,
    tenant: &TenantId,
    look: Look,
    stated: Verdict,
) -> Result<Option<ContactChange>, Error> {
    let window = (look.rollout.at, look.at);
    let seen = comparison::seen(source, tenant, &look).await?;
    let after = seen.after.clone();
    let now = judge(&look, seen, stated.decided_at).verdict;
    let verdict = if now.effect.is_some() { now } else { stated };
    Ok(ContactChange::measured(&verdict, look.iteration, &after, window))
}

/// The change that was assumed, on the volume of today.
async fn assumed(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    (issue, metric, wanted): (&Issue, Metric, &Wanted),
) -> Result<ContactChange, Error> {
    let fall = wanted
        .assumed_fall
        .clone()
        .ok_or_else(|| WrongState::new("no_effect", unknown(metric)))?;
    let counted = Metric::TopicShare;
    issue.check_measurable(counted)?;
    let now = db.clock().now();
    let series = source
        .share(tenant, (counted, &Slice::from(issue)), now - LOOKED_BACK, now)
        .await?;
    Ok(ContactChange::assumed(fall, &series, now))
}

/// Why nobody knows by how much the contacts about an issue changed.
fn unknown(metric: Metric) -> String {
    match metric {
        Metric::TopicShare => {
            "there is no verdict with a number yet; wait for it, or give assumed_fall".to_owned()
        }
        other => format!(
            "a verdict on {} says nothing of how many contacts it avoids, so the benefit is not known; give assumed_fall",
            other.as_str()
        ),
    }
}
