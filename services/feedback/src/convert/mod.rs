//! Between the wire and the domain: the only place that names both.

pub(crate) mod analyzer;
pub(crate) mod comparison;
pub(crate) mod correction;
pub(crate) mod driver;
pub(crate) mod employee;
pub(crate) mod feedback;
pub(crate) mod hot_issue;
pub(crate) mod interaction;
pub(crate) mod invitation;
pub(crate) mod letter;
pub(crate) mod matter;
pub(crate) mod metric;
pub(crate) mod perception;
pub(crate) mod person;
pub(crate) mod recoding;
pub(crate) mod recovery;
pub(crate) mod response;
pub(crate) mod slice;
pub(crate) mod survey;
pub(crate) mod theme;
pub(crate) mod topic;
pub(crate) mod understanding;
pub(crate) mod watch;
