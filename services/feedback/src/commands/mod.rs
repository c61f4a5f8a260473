//! What can be done; the only place that begins and commits transactions.

pub(crate) mod comparison;
pub(crate) mod correction;
pub(crate) mod detection;
pub(crate) mod driver;
pub(crate) mod employee;
pub(crate) mod feedback;
pub(crate) mod heard;
pub(crate) mod hot_issue;
pub(crate) mod invitation;
pub(crate) mod keyword;
pub(crate) mod learning;
pub(crate) mod matter;
pub(crate) mod metric;
pub(crate) mod perception;
pub(crate) mod recoding;
pub(crate) mod record;
pub(crate) mod recovery;
pub(crate) mod response;
pub(crate) mod submission;
pub(crate) mod survey;
pub(crate) mod theme;
pub(crate) mod topic;
pub(crate) mod understanding;
