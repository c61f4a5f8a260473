//! What is told about goals.

use attune_api::improvement::v1 as pb;
use attune_database::Tx;

use crate::convert;
use crate::domain::Goal;

macro_rules! told {
    ($($(#[$meta:meta])* $name:ident: $event:ident),* $(,)?) => {
        $(
            $(#[$meta])*
            pub(crate) async fn $name(tx: &mut Tx, goal: &mut Goal) -> Result<(), sqlx::Error> {
                let number = goal.next_event();
                let event = pb::$event {
                    goal: Some(convert::goal::to_proto(goal.clone())),
                };
                attune_events::append(tx, goal.goal_id, number, &event).await?;
                Ok(())
            }
        )*
    };
}

told! {
    /// It was set.
    set: GoalSet,
    /// It will not be reached as it goes.
    went_off_track: GoalWentOffTrack,
    /// It will be, after all.
    came_back_on_track: GoalCameBackOnTrack,
    /// It was reached.
    reached: GoalReached,
    /// It was not.
    missed: GoalMissed,
    /// It was given up.
    cancelled: GoalCancelled,
}
