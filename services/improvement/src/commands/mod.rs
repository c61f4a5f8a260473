//! What the service does. The only place where transactions begin and end; what a consumer or a timer leads to
//! happens in theirs.

pub(crate) mod action;
pub(crate) mod assignment;
pub(crate) mod board;
pub(crate) mod cohort_extension;
pub(crate) mod cohort_telling;
mod comparison;
pub(crate) mod cost;
pub(crate) mod detection;
pub(crate) mod digest;
pub(crate) mod employees;
pub(crate) mod evaluation;
pub(crate) mod goal;
pub(crate) mod initiative;
pub(crate) mod issue;
pub(crate) mod merge;
pub(crate) mod owed;
pub(crate) mod pilot;
pub(crate) mod pilot_look;
pub(crate) mod principle;
pub(crate) mod priority;
pub(crate) mod progress;
pub(crate) mod recognition;
pub(crate) mod relation;
pub(crate) mod restatement;
pub(crate) mod rollout;
pub(crate) mod said;
pub(crate) mod severity;
pub(crate) mod split;
pub(crate) mod team;
pub(crate) mod telling;
pub(crate) mod trace;
pub(crate) mod transition;
pub(crate) mod verdict;
pub(crate) mod workload;
pub(crate) mod worth;
