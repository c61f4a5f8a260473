//! Between the wire and the domain: the only place that names both.

pub(crate) mod assignment;
pub(crate) mod board;
mod comparison;
pub(crate) mod cost;
pub(crate) mod digest;
pub(crate) mod goal;
pub(crate) mod heard;
pub(crate) mod initiative;
pub(crate) mod issue;
pub(crate) mod issue_relation;
pub(crate) mod iteration;
pub(crate) mod number;
pub(crate) mod owed;
pub(crate) mod pilot;
pub(crate) mod pilot_look;
pub(crate) mod principle;
pub(crate) mod priority;
pub(crate) mod recognition;
pub(crate) mod series;
mod slice;
pub(crate) mod split;
pub(crate) mod team;
pub(crate) mod telling;
pub(crate) mod trace;
pub(crate) mod verdict;
pub(crate) mod workload;
pub(crate) mod worth;
