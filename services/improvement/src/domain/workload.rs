//! What owners and teams have to do.

use chrono::{DateTime, Utc};

/// What an owner has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) owner: String,
    pub(crate) initiatives: i64,
    pub(crate) goals: i64,
    pub(crate) open_actions: i64,
    pub(crate) overdue_actions: i64,
    /// Those of the open actions that one they depend on holds up.
    pub(crate) waiting_actions: i64,
    pub(crate) next_due_at: Option<DateTime<Utc>>,
}

/// What a team has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TeamWorkload {
    pub(crate) team: String,
    pub(crate) initiatives: i64,
    pub(crate) open_actions: i64,
    pub(crate) overdue_actions: i64,
    /// Those of the open actions that one they depend on holds up.
    pub(crate) waiting_actions: i64,
    /// How many owners the open actions have.
    pub(crate) owners: i64,
    pub(crate) next_due_at: Option<DateTime<Utc>>,
}
