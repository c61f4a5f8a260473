//! What persons were told.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// The sums of `counts`.
    pub(crate) fn of(counts: impl IntoIterator<Item = TellingCount>) -> Self {
        let mut summary = Self::default();
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
