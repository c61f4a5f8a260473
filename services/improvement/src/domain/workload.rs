//! What an owner has to do.

use chrono::{DateTime, Utc};

/// What an owner has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) owner: String,
    pub(crate) initiatives: i64,
    pub(crate) goals: i64,
    pub(crate) open_actions: i64,
    pub(crate) overdue_actions: i64,
    pub(crate) next_due_at: Option<DateTime<Utc>>,
}
