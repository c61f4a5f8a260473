//! Judging iterations at the looks of their plans.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::initiative::lock_with_issue;
use super::{comparison, recognition, restatement, worth};
use crate::domain::{
    Conclusion, Confounder, Initiative, Issue, Judgement, Look, MOST_NAMED, Rollout, Slice, judge,
};
use crate::error::Error;
use crate::source::SeriesSource;
use crate::{events, store};

/// The kind of the timers whose subjects are initiatives with a look ahead.
pub(crate) const LOOK: &str = "improvement.look";

/// Sets the timer for the next look of the iteration that is being measured.
pub(crate) async fn schedule(tx: &mut Tx, initiative: &Initiative) -> Result<(), Error> {
    if let Some((_, at)) = initiative.measured().and_then(Rollout::next_look) {
        attune_timers::schedule(tx, LOOK, initiative.initiative_id, at).await?;
    }
    Ok(())
}

/// Sets the timer of an initiative for which nothing was due, should a look be ahead of it.
pub(crate) async fn reschedule(tx: &mut Tx, initiative_id: Uuid) -> Result<(), Error> {
    match store::initiative::lock(tx, initiative_id).await? {
        Some(initiative) => schedule(tx, &initiative).await,
        None => Ok(()),
    }
}

/// Takes back the timer of an initiative that is not measured any more.
pub(crate) async fn cancel(tx: &mut Tx, initiative_id: Uuid) -> Result<(), Error> {
    attune_timers::cancel(tx, LOOK, initiative_id).await?;
    attune_timers::cancel(tx, restatement::RESTATEMENT, initiative_id).await?;
    Ok(())
}

/// Judges the look that is due for an initiative, outside any transaction. `None` when none is: it was stopped,
/// or somebody else has judged it.
pub(crate) async fn evaluate(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    initiative_id: Uuid,
) -> Result<Option<(Look, Judgement)>, Error> {
    let Some(look) = due(db, tenant, initiative_id).await? else {
        return Ok(None);
    };
    let seen = comparison::seen(source, tenant, &look).await?;
    let judgement = judge(&look, seen, db.clock().now());
    Ok(Some((look, judgement)))
}

/// The look that is due, with what it compares with.
async fn due(db: &Database, tenant: &TenantId, initiative_id: Uuid) -> Result<Option<Look>, Error> {
    let mut tx = db.read(tenant).await?;
    let Some(initiative) = store::initiative::by_id(&mut tx, initiative_id).await? else {
        return Ok(None);
    };
    let Some(due) = next_look(&initiative).filter(|(_, at, _)| *at <= tx.now()) else {
        return Ok(None);
    };
    let issue_id = initiative.issue_id;
    let issue = store::issue::by_id(&mut tx, issue_id)
        .await?
        .ok_or(Error::NoIssue(issue_id))?;
    let look = assemble(&mut tx, &initiative, &issue, initiative.current.number, due).await?;
    tx.commit().await?;
    Ok(Some(look))
}

/// A look of an iteration, with what it compares with and who else did something meanwhile.
pub(super) async fn assemble(
    tx: &mut Tx,
    initiative: &Initiative,
    issue: &Issue,
    iteration: i32,
    (number, at, rollout): (i32, DateTime<Utc>, Rollout),
) -> Result<Look, Error> {
    let initiative_id = initiative.initiative_id;
    let (baseline, comparison_baseline) = store::iteration::baseline(tx, initiative_id, iteration).await?;
    let mut look = Look {
        initiative_id,
        iteration,
        number,
        at,
        issue: issue.clone(),
        target: initiative.target,
        rollout,
        baseline,
        comparison_baseline,
        confounders: Vec::new(),
        comparison_confounders: Vec::new(),
    };
    look.confounders = others(tx, &look, &look.slice()).await?;
    if let Some(unchanged) = look.unchanged() {
        look.comparison_confounders = others(tx, &look, unchanged).await?;
    }
    Ok(look)
}

/// Who else reached customers of the slice's product from the beginning of the baseline to the look.
async fn others(tx: &mut Tx, look: &Look, slice: &Slice) -> Result<Vec<Confounder>, Error> {
    let window = (look.rollout.plan.baseline_start, look.at);
    let most = i64::try_from(MOST_NAMED + 1).unwrap_or(i64::MAX);
    let of = (look.initiative_id, slice.product.as_str());
    Ok(store::confounder::between(tx, of, window, most).await?)
}

fn next_look(initiative: &Initiative) -> Option<(i32, DateTime<Utc>, Rollout)> {
    let rollout = initiative.measured()?;
    rollout
        .next_look()
        .map(|(number, at)| (number, at, rollout.clone()))
}

/// Locks what a look is about before its timer is touched. Who stops an initiative takes its timer back last, and
/// two who lock in different orders wait for each other.
pub(crate) async fn hold(tx: &mut Tx, initiative_id: Uuid) -> Result<(), Error> {
    if let Some(issue_id) = store::initiative::issue_of(tx, initiative_id).await? {
        store::issue::lock(tx, issue_id).await?;
    }
    Ok(())
}

/// Stores a judgement and does what follows from it. A look that was judged meanwhile, or whose initiative was
/// stopped, changes nothing.
pub(crate) async fn conclude(tx: &mut Tx, look: &Look, judgement: &Judgement) -> Result<(), Error> {
    let (mut issue, mut initiative) = lock_with_issue(tx, look.initiative_id).await?;
    let awaited = next_look(&initiative).is_some_and(|(number, ..)| number == look.number);
    if !awaited || initiative.current.number != look.iteration {
        return Ok(());
    }
    let statement = store::verdict::append(tx, look.initiative_id, look.iteration, judgement).await?;
    worth::restate(tx, look.initiative_id).await?;
    let conclusion = initiative.conclude(judgement.verdict.clone())?;
    events::verdict_reached(tx, &mut initiative, look.iteration, &judgement.verdict).await?;
    follow(tx, &mut issue, &mut initiative, &conclusion).await?;
    if conclusion == Conclusion::Reached {
        let said = (look.iteration, statement);
        recognition::give(tx, &mut initiative, said, look.rollout.at).await?;
    }
    store::iteration::note_look(tx, (look.initiative_id, look.iteration), look.number).await?;
    if conclusion != Conclusion::Undecided {
        events::department_verdict(tx, &issue, &mut initiative, look.iteration, &judgement.verdict).await?;
        restatement::schedule(tx, look.initiative_id, look.at).await?;
    }
    schedule(tx, &initiative).await?;
    store::initiative::update(tx, &initiative).await?;
    store::issue::update(tx, &issue).await?;
    Ok(())
}

async fn follow(
    tx: &mut Tx,
    issue: &mut Issue,
    initiative: &mut Initiative,
    conclusion: &Conclusion,
) -> Result<(), Error> {
    match conclusion {
        Conclusion::Undecided => {}
        Conclusion::Reached => {
            issue.resolve(tx.now());
            events::issue_resolved(tx, issue).await?;
        }
        Conclusion::Reopened { reason } => {
            store::iteration::insert(tx, initiative.initiative_id, &initiative.current).await?;
            events::reopened(tx, initiative, reason).await?;
        }
    }
    Ok(())
}
