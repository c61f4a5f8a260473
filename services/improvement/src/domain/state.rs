//! Where issues and initiatives stand.

use serde::{Deserialize, Serialize};

/// Where an issue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum IssueState {
    /// Nobody works on it.
    Open,
    /// An initiative works on it.
    InWork,
    /// An improvement was proven to help.
    Resolved,
    /// It was the same as another, which goes on.
    Merged,
}

impl IssueState {
    /// Whether somebody works on it or could.
    pub(crate) const fn is_in_flight(self) -> bool {
        matches!(self, Self::Open | Self::InWork)
    }

    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InWork => "in_work",
            Self::Resolved => "resolved",
            Self::Merged => "merged",
        }
    }
}

/// Where an initiative stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum InitiativeState {
    /// An iteration is being prepared.
    Planned,
    /// The change is with the customers, and is being measured.
    RolledOut,
    /// Proven to have helped.
    Effective,
    /// Given up.
    Stopped,
}

impl InitiativeState {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::RolledOut => "rolled_out",
            Self::Effective => "effective",
            Self::Stopped => "stopped",
        }
    }
}

/// A transition that the present state does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct WrongState {
    /// The present state.
    pub(crate) state: &'static str,
    /// What to do instead.
    pub(crate) message: String,
}

impl WrongState {
    pub(crate) fn new(state: &'static str, message: impl Into<String>) -> Self {
        Self {
            state,
            message: message.into(),
        }
    }
}
