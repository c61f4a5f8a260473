//! All SQL of the service.

pub(crate) mod contact;
pub(crate) mod counts;
pub(crate) mod detection;
pub(crate) mod feedback;
pub(crate) mod hot_issue;
pub(crate) mod invitation;
pub(crate) mod mention;
pub(crate) mod response;
pub(crate) mod series;
pub(crate) mod survey;
pub(crate) mod topic;
pub(crate) mod withdrawal;
