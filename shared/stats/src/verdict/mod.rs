//! Whether a change worked: judged against what would have happened without it, by a plan fixed before the start.
//!
//! The measure is a share that is to move one way ([`Aim`]): of all feedback of a slice, how much mentions the topic
//! non-positively, which is to fall; of all answers, how many are satisfied, which is to rise. What is to rise is judged by
//! what it falls short of one by.
//! Because an issue is found when it is extreme, the window it was found in is never part of the comparison
//! (regression to the mean), and a level that could have faded by itself is not taken for one that would have stayed.

mod aim;
mod collection;
mod counterfactual;
pub(crate) mod fieller;
mod forecast;
mod group;
mod judge;
mod look;
mod outcome;
mod plan;
mod record;
mod serial;
mod series;
mod timing;
mod weekday;

pub use crate::sequential::boundaries;
pub use aim::Aim;
pub use collection::Stratum;
pub use judge::{Comparison, Evaluation, judge};
pub use plan::{Plan, PlanError, PlannedSample, SmallestEffect, plan};
pub use record::{Assumption, Beside, Decision, Fading, Finding, Interval, Method, Verdict};
pub use serial::long_run_sum;
pub use series::{Bucket, overdispersion};
