//! Recording the numbers of goals.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{Goal, Measured, Progress};
use crate::error::Error;
use crate::source::SeriesSource;
use crate::{events, store};

/// The kind of the timers whose subjects are open goals.
pub(crate) const GOAL: &str = "improvement.goal";

/// More numbers than a goal can have by its deadline.
const MOST_NUMBERS: i64 = 1_200;

/// Sets the timer for the next number of a goal.
pub(super) async fn schedule(tx: &mut Tx, goal: &Goal) -> Result<(), Error> {
    if let Some(at) = goal.next_measurement() {
        attune_timers::schedule(tx, GOAL, goal.goal_id, at).await?;
    }
    Ok(())
}

/// Takes back the timer of a goal that has ended.
pub(super) async fn cancel(tx: &mut Tx, goal_id: Uuid) -> Result<(), Error> {
    attune_timers::cancel(tx, GOAL, goal_id).await?;
    Ok(())
}

/// Asks for the number that is due for a goal, outside any transaction; with the instant it is due for. `None` when
/// none is.
pub(crate) async fn measure(
    db: &Database,
    source: &dyn SeriesSource,
    tenant: &TenantId,
    goal_id: Uuid,
) -> Result<Option<(DateTime<Utc>, Measured)>, Error> {
    let goal = super::goal::get(db, tenant, goal_id).await?;
    // Not the timer's instant: that moves on when the feedback service does not answer.
    let Some(due) = goal.next_measurement().filter(|due| *due <= db.clock().now()) else {
        return Ok(None);
    };
    let measured = source.number(tenant, &goal.quantity, due).await?;
    Ok(Some((due, measured)))
}

/// Locks what a number is about before its timer is touched. Who cancels a goal takes its timer back last, and two
/// who lock in different orders wait for each other.
pub(crate) async fn hold(tx: &mut Tx, goal_id: Uuid) -> Result<(), Error> {
    store::goal::lock(tx, goal_id).await?;
    Ok(())
}

/// Records a number and does what follows from it, then sets the next timer. A number that was recorded meanwhile, or
/// whose goal has ended, changes nothing.
pub(crate) async fn record(
    tx: &mut Tx,
    goal_id: Uuid,
    measured: Option<(DateTime<Utc>, Measured)>,
) -> Result<(), Error> {
    let Some(mut goal) = store::goal::lock(tx, goal_id).await? else {
        return Ok(());
    };
    if let Some((due, measured)) = measured.filter(|(due, _)| goal.next_measurement() == Some(*due)) {
        let before = store::goal::measurements(tx, goal_id, None, MOST_NUMBERS).await?;
        let before: Vec<_> = before.into_iter().map(|earlier| earlier.measured).collect();
        let progress = goal.record(measured, &before, due, tx.now());
        store::goal::append(tx, goal_id, &goal.latest).await?;
        match progress {
            Progress::Recorded => {}
            Progress::WentOffTrack => events::goal::went_off_track(tx, &mut goal).await?,
            Progress::CameBackOnTrack => events::goal::came_back_on_track(tx, &mut goal).await?,
            Progress::Reached => events::goal::reached(tx, &mut goal).await?,
            Progress::Missed => events::goal::missed(tx, &mut goal).await?,
        }
        store::goal::update(tx, &goal).await?;
    }
    schedule(tx, &goal).await
}
