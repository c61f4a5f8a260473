//! What is due about recovery cases: the deadline of an open one, the end of the measurement of a resolved one.

use async_trait::async_trait;
use attune_database::Tx;
use attune_timers::{Timer, TimerError, TimerHandler};

use crate::commands::recovery;

/// The kind of timer that stands for a case's deadline.
pub(crate) const DEADLINE: &str = "feedback.recovery_deadline";
/// The kind of timer that stands for the end of a case's measurement.
pub(crate) const MEASURE: &str = "feedback.recovery_measure";

/// Notes that a case is overdue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline;

#[async_trait]
impl TimerHandler for Deadline {
    fn kind(&self) -> &'static str {
        DEADLINE
    }

    async fn fire(&self, tx: &mut Tx, timer: &Timer) -> Result<(), TimerError> {
        recovery::pass_deadline(tx, timer.subject)
            .await
            .map_err(attune_rpc::Error::from)?;
        Ok(())
    }
}

/// Ends a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure;

#[async_trait]
impl TimerHandler for Measure {
    fn kind(&self) -> &'static str {
        MEASURE
    }

    async fn fire(&self, tx: &mut Tx, timer: &Timer) -> Result<(), TimerError> {
        recovery::end_measurement(tx, timer.subject)
            .await
            .map_err(attune_rpc::Error::from)?;
        Ok(())
    }
}
