//! Stating verdicts again when feedback arrived late.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{comparison, evaluation, recognition};
use crate::domain::{Decision, Initiative, Issue, Iteration, Judgement, Look, Verdict, judge};
use crate::error::Error;
use crate::source::SeriesSource;
use crate::{events, store};

/// The kind of the timers whose subjects are initiatives with a verdict that is to be stated again.
pub(crate) const RESTATEMENT: &str = "improvement.restatement";

/// How long after a look its feedback may arrive.
const LATE: TimeDelta = TimeDelta::days(7);
/// A verdict older than this is not looked at again: its own timer came long ago.
const SETTLED: TimeDelta = TimeDelta::days(30);

/// Sets the timer for stating again what was decided at a look.
pub(super) async fn schedule(
    tx: &mut Tx,
    initiative_id: Uuid,
    looked_at: DateTime<Utc>,
) -> Result<(), Error> {
    attune_timers::schedule(tx, RESTATEMENT, initiative_id, looked_at + LATE).await?;
    Ok(())
}

/// Judges again, on what is there now and outside any transaction, the looks of an initiative that decided; answers those
/// that say something else than before.
pub(crate) async fn judge_again(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    initiative_id: Uuid,
) -> Result<Vec<(Look, Judgement)>, Error> {
    let mut again = Vec::new();
    for (look, stated) in decided(db, tenant, initiative_id).await? {
        let seen = comparison::seen(source, tenant, &look).await?;
        let mut judgement = judge(&look, seen, db.clock().now());
        if !judgement.verdict.says_the_same(&stated) {
            judgement.verdict.restate();
            again.push((look, judgement));
        }
    }
    Ok(again)
}

/// The looks that decided an iteration and may have had feedback since, each with what was stated.
async fn decided(
    db: &Database,
    tenant: &TenantId,
    initiative_id: Uuid,
) -> Result<Vec<(Look, Verdict)>, Error> {
    let mut tx = db.read(tenant).await?;
    let Some(initiative) = store::initiative::by_id(&mut tx, initiative_id).await? else {
        return Ok(Vec::new());
    };
    let issue_id = initiative.issue_id;
    let issue = store::issue::by_id(&mut tx, issue_id)
        .await?
        .ok_or(Error::NoIssue(issue_id))?;
    let now = tx.now();
    let open = |verdict: &&Verdict| {
        verdict.decision != Decision::NotYet && !verdict.restated && verdict.decided_at + SETTLED > now
    };
    let mut decided = Vec::new();
    for iteration in initiative.iterations() {
        // An issue that was widened since is about other feedback than what was judged.
        let same = |at: DateTime<Utc>| issue.widened_at.is_none_or(|widened| widened <= at);
        let comparable = iteration.rollout.as_ref().is_some_and(|rollout| same(rollout.at));
        let Some(stated) = iteration.verdict.as_ref().filter(open).filter(|_| comparable) else {
            continue;
        };
        if let Some(look) = look_of(&mut tx, &initiative, &issue, iteration).await? {
            decided.push((look, stated.clone()));
        }
    }
    tx.commit().await?;
    Ok(decided)
}

/// The look that an iteration's verdict was stated at; `None` where it has none.
pub(super) async fn look_of(
    tx: &mut Tx,
    initiative: &Initiative,
    issue: &Issue,
    iteration: &Iteration,
) -> Result<Option<Look>, Error> {
    let place = |verdict: &Verdict| usize::try_from(verdict.look).ok()?.checked_sub(1);
    let Some((rollout, verdict)) = iteration.rollout.as_ref().zip(iteration.verdict.as_ref()) else {
        return Ok(None);
    };
    let Some(at) = place(verdict).and_then(|place| rollout.plan.looks.get(place)) else {
        return Ok(None);
    };
    let due = (verdict.look, *at, rollout.clone());
    evaluation::assemble(tx, initiative, issue, iteration.number, due)
        .await
        .map(Some)
}

/// Appends a restatement. What followed from the first statement is not undone; a statement that somebody else made again
/// meanwhile is not made twice.
pub(crate) async fn state(tx: &mut Tx, look: &Look, judgement: &Judgement) -> Result<(), Error> {
    let (_, mut initiative) = super::initiative::lock_with_issue(tx, look.initiative_id).await?;
    let stated_already = initiative
        .iterations()
        .filter(|iteration| iteration.number == look.iteration)
        .any(|iteration| iteration.verdict.as_ref().is_none_or(|verdict| verdict.restated));
    if stated_already {
        return Ok(());
    }
    let statement = store::verdict::append(tx, look.initiative_id, look.iteration, judgement).await?;
    events::verdict_reached(tx, &mut initiative, look.iteration, &judgement.verdict).await?;
    if judgement.verdict.decision == Decision::Effective {
        let said = (look.iteration, statement);
        recognition::give(tx, &mut initiative, said, look.rollout.at).await?;
    }
    store::initiative::update(tx, &initiative).await?;
    Ok(())
}
