//! All SQL of the service.

pub(crate) mod basis;
pub(crate) mod contact;
pub(crate) mod correction;
pub(crate) mod counts;
pub(crate) mod course;
pub(crate) mod detection;
pub(crate) mod driver;
pub(crate) mod employee;
pub(crate) mod feedback;
pub(crate) mod heard;
pub(crate) mod hot_issue;
pub(crate) mod invitation;
pub(crate) mod learning;
pub(crate) mod mention;
pub(crate) mod perception;
pub(crate) mod recovery;
pub(crate) mod response;
pub(crate) mod series;
pub(crate) mod stage;
pub(crate) mod survey;
pub(crate) mod text;
pub(crate) mod theme;
pub(crate) mod topic;
pub(crate) mod withdrawal;
