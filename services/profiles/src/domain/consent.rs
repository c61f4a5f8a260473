//! What a person allows.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// On which channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Channel {
    Email,
    Sms,
    Voice,
    InApp,
}

/// For what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Purpose {
    Service,
    FollowUp,
    Survey,
    Marketing,
}

/// Allowed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum ConsentState {
    Granted,
    Denied,
}

/// A decision of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
    pub(crate) channel: Channel,
    pub(crate) purpose: Purpose,
    pub(crate) state: ConsentState,
    pub(crate) source: String,
    /// Missing in a request: then it is decided now.
    pub(crate) decided_at: Option<DateTime<Utc>>,
}
