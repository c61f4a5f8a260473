//! What persons were told.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Initiative, Issue};

/// Where a telling stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum TellingState {
    /// Not decided yet.
    Pending,
    /// Accepted by the provider.
    Sent,
    /// Not written to.
    Blocked,
    /// Refused by the provider for good, or too often.
    Failed,
}

impl TellingState {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
        }
    }
}

/// What one person was told about one iteration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Telling {
    pub(crate) profile_id: Uuid,
    pub(crate) state: TellingState,
    pub(crate) reason: String,
    pub(crate) message_id: Option<Uuid>,
    pub(crate) decided_at: Option<DateTime<Utc>>,
    /// When it was read, as somebody vouches; `None` while nobody does.
    pub(crate) read_at: Option<DateTime<Utc>>,
}

/// The telling of a cohort, which goes through its persons in the order of their ids.
#[derive(Clone, Debug)]
pub(crate) struct CohortTelling {
    pub(crate) initiative_id: Uuid,
    pub(crate) iteration: i32,
    pub(crate) issue_id: Uuid,
    pub(crate) template_id: Uuid,
    /// What the template is rendered with.
    pub(crate) variables: Json<BTreeMap<String, String>>,
    /// The last person who had their turn; `None` before the first.
    pub(crate) opened_to: Option<Uuid>,
}

impl CohortTelling {
    /// The telling of what the current iteration changes. It says to the last person what it says to the first, whatever is
    /// edited meanwhile.
    pub(crate) fn of(issue: &Issue, initiative: &Initiative, template_id: Uuid) -> Self {
        let current = &initiative.current;
        Self {
            initiative_id: initiative.initiative_id,
            iteration: current.number,
            issue_id: issue.issue_id,
            template_id,
            variables: Json(BTreeMap::from([
                ("change".to_owned(), current.change.clone()),
                ("issue_title".to_owned(), issue.title.clone()),
                ("iteration".to_owned(), current.number.to_string()),
            ])),
            opened_to: None,
        }
    }
}

/// How many tellings stand where, for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TellingCount {
    pub(crate) state: TellingState,
    pub(crate) reason: String,
    pub(crate) count: i64,
    /// Those of them that are known to be read.
    pub(crate) read: i64,
}

/// Who was told, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TellingSummary {
    pub(crate) pending: i64,
    pub(crate) sent: i64,
    pub(crate) blocked: i64,
    pub(crate) failed: i64,
    pub(crate) blocked_by_reason: BTreeMap<String, i64>,
    /// Those of the sent ones that are known to be read.
    pub(crate) read: i64,
}

impl TellingSummary {
    /// The sums of `counts`, with `waiting` persons whose turn is yet to come.
    pub(crate) fn of(counts: impl IntoIterator<Item = TellingCount>, waiting: i64) -> Self {
        let mut summary = Self {
            pending: waiting,
            ..Self::default()
        };
        for TellingCount {
            state,
            reason,
            count,
            read,
        } in counts
        {
            summary.read += read;
            match state {
                TellingState::Pending => summary.pending += count,
                TellingState::Sent => summary.sent += count,
                TellingState::Failed => summary.failed += count,
                TellingState::Blocked => {
                    summary.blocked += count;
                    *summary.blocked_by_reason.entry(reason).or_default() += count;
                }
            }
        }
        summary
    }
}
