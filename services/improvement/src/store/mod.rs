//! All SQL of the service. Functions here neither begin nor commit.

pub(crate) mod assignment;
pub(crate) mod board;
pub(crate) mod cohort;
pub(crate) mod confounder;
pub(crate) mod cost;
pub(crate) mod digest;
pub(crate) mod employees;
pub(crate) mod goal;
pub(crate) mod initiative;
pub(crate) mod issue;
pub(crate) mod issue_relation;
pub(crate) mod iteration;
pub(crate) mod mention;
pub(crate) mod news;
pub(crate) mod outcome;
pub(crate) mod owed;
pub(crate) mod pilot;
pub(crate) mod principle;
pub(crate) mod priority;
pub(crate) mod recognition;
pub(crate) mod team;
pub(crate) mod telling;
pub(crate) mod trace;
pub(crate) mod verdict;
pub(crate) mod workload;
pub(crate) mod worth;
