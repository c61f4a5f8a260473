//! All SQL of the service.

pub(crate) mod counts;
pub(crate) mod detection;
pub(crate) mod feedback;
pub(crate) mod hot_issue;
pub(crate) mod mention;
pub(crate) mod series;
pub(crate) mod topic;
