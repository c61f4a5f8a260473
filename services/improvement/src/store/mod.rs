//! All SQL of the service. Functions here neither begin nor commit.

pub(crate) mod cohort;
pub(crate) mod initiative;
pub(crate) mod issue;
pub(crate) mod iteration;
pub(crate) mod telling;
pub(crate) mod trace;
pub(crate) mod verdict;
