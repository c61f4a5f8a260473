//! Telling a cohort what was done about its problem: at once where it is small, in steps where it is large.

use attune_database::Tx;
use uuid::Uuid;

use crate::domain::{CohortTelling, Initiative, Issue, WrongState};
use crate::error::Error;
use crate::{events, store};

/// The kind of the timers whose subjects are initiatives with somebody yet to be told.
pub(crate) const TELLING: &str = "improvement.telling";
/// Persons told in one transaction: a fraction of a second of work, so that whoever waits for the initiative waits no longer.
pub(crate) const STEP: i64 = 5_000;

/// Begins to tell the cohort of an issue about the current iteration of an initiative that is locked. The first step is done
/// in the same transaction, the others follow at once.
pub(super) async fn begin(
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
    let telling = CohortTelling::of(issue, initiative, template_id);
    store::cohort_telling::begin(tx, &telling).await?;
    let (persons, ended) = open(tx, &telling).await?;
    events::cohort_telling(tx, &telling, &persons, || initiative.next_event()).await?;
    if !ended {
        schedule(tx, initiative.initiative_id).await?;
    }
    Ok(())
}

/// Does the next step of an initiative's telling, and sets the timer for the one after it.
pub(crate) async fn go_on(tx: &mut Tx, initiative_id: Uuid) -> Result<(), Error> {
    let Some(telling) = store::cohort_telling::unended(tx, initiative_id).await? else {
        return Ok(());
    };
    let (persons, ended) = open(tx, &telling).await?;
    let count = events::cohort_telling_parts(&persons);
    let mut number = store::initiative::number_events(tx, initiative_id, count).await?;
    let next = || {
        number += 1;
        number
    };
    events::cohort_telling(tx, &telling, &persons, next).await?;
    // A later iteration may wait for its turn.
    if !ended || store::cohort_telling::unended(tx, initiative_id).await?.is_some() {
        schedule(tx, initiative_id).await?;
    }
    Ok(())
}

/// Opens the tellings of one step; answers who is to be sent a message, and whether it was the last step.
async fn open(tx: &mut Tx, telling: &CohortTelling) -> Result<(Vec<Uuid>, bool), sqlx::Error> {
    let opened = store::cohort_telling::open(tx, telling, STEP).await?;
    let last = opened.last().map(|last| last.profile_id);
    let count = i64::try_from(opened.len()).unwrap_or(i64::MAX);
    let ended = store::cohort_telling::advance(tx, telling, count, last).await?;
    let pending = opened.into_iter().filter(|person| person.pending);
    Ok((pending.map(|person| person.profile_id).collect(), ended))
}

async fn schedule(tx: &mut Tx, initiative_id: Uuid) -> Result<(), sqlx::Error> {
    let now = tx.now();
    attune_timers::schedule(tx, TELLING, initiative_id, now).await
}
