//! What is heard of employees.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A group of employees who reported about one topic. That is all that is heard of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportGroup {
    pub(crate) report_group_id: Uuid,
    /// Empty where they spoke of none that is known.
    pub(crate) topic_id: String,
    /// A multiple of five, at least five.
    pub(crate) reporters: i32,
    pub(crate) released_at: DateTime<Utc>,
}
