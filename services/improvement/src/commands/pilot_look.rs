//! Looking at running pilots, in the transaction of their timer: everything that is looked at is here.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::pilot;
use crate::domain::{Decision, Gathered, Pilot, PilotLook, PilotState, is_due, take};
use crate::error::Error;
use crate::{events, store};

/// The kind of the timers whose subjects are running pilots, and concluded ones that are to be restated.
pub(crate) const PILOT: &str = "improvement.pilot";

/// More statements than a pilot can have.
const MOST_LOOKS: i64 = 50;

/// Sets the timer for the next time a look may be due, or for the restatement of what was concluded.
pub(super) async fn schedule(tx: &mut Tx, pilot: &Pilot) -> Result<(), Error> {
    if let Some(at) = pilot.next_look(tx.now()).or_else(|| pilot.restatement()) {
        attune_timers::schedule(tx, PILOT, pilot.pilot_id, at).await?;
    }
    Ok(())
}

/// What a pilot has gathered up to `at`.
pub(super) async fn gather(tx: &mut Tx, pilot: &Pilot, at: DateTime<Utc>) -> Result<Gathered, Error> {
    let arms = store::assignment::counts(tx, pilot.pilot_id, at).await?;
    let mut answers = Vec::new();
    for (place, metric) in (0_i16..).zip(pilot.metrics()) {
        let of = (place, metric.counts_any());
        answers.push(store::outcome::answers(tx, pilot.pilot_id, of, at).await?);
    }
    Ok(Gathered { arms, answers })
}

/// Looks at a pilot whose timer came: takes a look when one is due, or says again what was concluded.
pub(crate) async fn fire(tx: &mut Tx, pilot_id: Uuid) -> Result<(), Error> {
    let Some(mut pilot) = store::pilot::lock(tx, pilot_id).await? else {
        return Ok(());
    };
    match pilot.state {
        PilotState::Running => look(tx, &mut pilot).await,
        PilotState::Concluded => restate(tx, &mut pilot).await,
        PilotState::Planned | PilotState::Stopped => Ok(()),
    }
}

async fn look(tx: &mut Tx, pilot: &mut Pilot) -> Result<(), Error> {
    let now = tx.now();
    let gathered = gather(tx, pilot, now).await?;
    let closing = pilot.deadline.is_some_and(|deadline| deadline <= now);
    let earlier = store::pilot::looks(tx, pilot.pilot_id, None, MOST_LOOKS).await?;
    let earlier: Vec<f64> = earlier.iter().map(|look| look.judgement.fraction).collect();
    if let Some(broken) = pilot.broken(&gathered.arms) {
        events::pilot::ratio_mismatched(tx, pilot, &broken).await?;
    }
    if is_due(pilot, &gathered, &earlier, closing) {
        let mut look = take(pilot, &gathered, &earlier, (now, now), closing);
        look.statement = store::pilot::append(tx, pilot.pilot_id, &look).await?;
        follow(tx, pilot, &look).await?;
    }
    schedule(tx, pilot).await?;
    store::pilot::update(tx, pilot).await?;
    Ok(())
}

/// What a look leads to. A guard that shows harm ends the pilot, whatever else was found.
async fn follow(tx: &mut Tx, pilot: &mut Pilot, look: &PilotLook) -> Result<(), Error> {
    if let Some(place) = look.breach() {
        events::pilot::look_taken(tx, pilot, look).await?;
        let metric = pilot
            .setup
            .guards
            .get(place)
            .map_or("", |guard| guard.metric.metric.as_str());
        let reason = format!("the guard {metric} shows more harm than is tolerated; see the last look");
        return pilot::end(tx, pilot, reason).await;
    }
    if look.decision() == Decision::NotYet {
        return Ok(events::pilot::look_taken(tx, pilot, look).await?);
    }
    pilot.conclude(tx.now());
    Ok(events::pilot::verdict_reached(tx, pilot, look).await?)
}

/// Says what was concluded again with what arrived since, if anything did: the same look at the same instant. Both
/// statements remain, and the later one is in force.
async fn restate(tx: &mut Tx, pilot: &mut Pilot) -> Result<(), Error> {
    let mut looks = store::pilot::looks(tx, pilot.pilot_id, None, MOST_LOOKS).await?;
    let Some(stated) = looks.pop().filter(|stated| !stated.restated) else {
        return Ok(());
    };
    let gathered = gather(tx, pilot, stated.looked_at).await?;
    let earlier: Vec<f64> = looks.iter().map(|look| look.judgement.fraction).collect();
    let closing = pilot
        .deadline
        .is_some_and(|deadline| deadline <= stated.looked_at);
    let mut look = take(pilot, &gathered, &earlier, (stated.looked_at, tx.now()), closing);
    look.restated = true;
    if look.rests_on_the_same(&stated) {
        return Ok(());
    }
    look.statement = store::pilot::append(tx, pilot.pilot_id, &look).await?;
    events::pilot::verdict_reached(tx, pilot, &look).await?;
    store::pilot::update(tx, pilot).await?;
    Ok(())
}
