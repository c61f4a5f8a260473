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
    /// Somebody wants it; nothing is decided.
    Proposed,
    /// An iteration is decided on, and nothing of it is done yet.
    Planned,
    /// An iteration is being prepared.
    InProgress,
    /// The change is with the customers, and no look was taken since.
    RolledOut,
    /// The change is with the customers, and was looked at.
    Measuring,
    /// Proven to have helped.
    Effective,
    /// Judged not to have helped. The next iteration is planned in the same moment.
    Ineffective,
    /// Given up.
    Stopped,
}

impl InitiativeState {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Planned => "planned",
            Self::InProgress => "in_progress",
            Self::RolledOut => "rolled_out",
            Self::Measuring => "measuring",
            Self::Effective => "effective",
            Self::Ineffective => "ineffective",
            Self::Stopped => "stopped",
        }
    }

    /// Whether an iteration is being prepared, or is about to be.
    pub(crate) const fn is_preparing(self) -> bool {
        matches!(self, Self::Planned | Self::InProgress)
    }

    /// Whether the change is with the customers and its verdict is awaited.
    pub(crate) const fn is_with_customers(self) -> bool {
        matches!(self, Self::RolledOut | Self::Measuring)
    }

    /// Whether a step leads here from `from`, `None` being nothing.
    pub(crate) const fn may_follow(self, from: Option<Self>) -> bool {
        let Some(from) = from else {
            return matches!(self, Self::Proposed | Self::Planned);
        };
        match self {
            Self::Proposed => false,
            // A verdict that nothing can be told sends it back; one that it did not help does so by way of ineffective.
            Self::Planned => matches!(from, Self::Proposed | Self::Measuring | Self::Ineffective),
            Self::InProgress => matches!(from, Self::Planned),
            // Where nothing had to be done, nothing was in progress.
            Self::RolledOut => from.is_preparing(),
            Self::Measuring => matches!(from, Self::RolledOut),
            Self::Effective | Self::Ineffective => matches!(from, Self::Measuring),
            Self::Stopped => {
                matches!(from, Self::Proposed) || from.is_preparing() || from.is_with_customers()
            }
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
