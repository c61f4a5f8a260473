//! What can be done; the only place that begins and commits transactions.

pub(crate) mod detection;
pub(crate) mod feedback;
pub(crate) mod hot_issue;
pub(crate) mod metric;
pub(crate) mod record;
pub(crate) mod topic;
