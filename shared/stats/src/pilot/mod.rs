//! Pilots: two arms at the same time, one with the change. Planned before the start, looked at only as planned.
//!
//! - [`Design::plan`] computes how many are needed in each arm, and the looks with their critical values.
//! - [`judge`] compares the arms at a look, within [`Stratum`]s where there are any. Between planned looks it answers "not
//!   yet" without a number, so asking more often does not raise the error rate.
//! - [`guard`] stops a pilot that does harm on another metric.
//! - [`sample_ratio`] tells whether the arms have the sizes the assignment should have given them.
//!
//! The unit is a customer: one outcome each. Who gives several answers counts with their mean (or with whether any
//! of them was a success); counting every answer would claim more than is known.

mod arm;
mod guard;
mod judge;
mod plan;
mod ratio;
mod strata;

pub(crate) use arm::difference;
pub use arm::{Arm, Sample};
pub use guard::{Guard, GuardCheck, guard};
pub use judge::{Evidence, Judgement, judge};
pub use plan::{Better, Design, Measure, Plan, PlanError, PlannedLook};
pub use ratio::{RatioCheck, sample_ratio};
pub use strata::{Stratum, StratumEffect};
