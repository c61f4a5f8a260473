//! Between the wire and the domain: the only place that names both.

pub(crate) mod heard;
pub(crate) mod initiative;
pub(crate) mod issue;
pub(crate) mod iteration;
pub(crate) mod series;
pub(crate) mod telling;
pub(crate) mod trace;
pub(crate) mod verdict;
