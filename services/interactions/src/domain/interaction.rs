//! One contact.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Who turned to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Direction {
    Inbound,
    Outbound,
    SelfService,
}

/// The part of the journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Stage {
    Awareness,
    Interest,
    Conversion,
    Retention,
    Loyalty,
}

/// What a caller says about a contact.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) channel: String,
    pub(crate) direction: Direction,
    pub(crate) touchpoint: String,
    pub(crate) stage: Option<Stage>,
    pub(crate) outcome: String,
    pub(crate) product: String,
    pub(crate) agent_id: String,
    pub(crate) text: String,
    pub(crate) occurred_at: DateTime<Utc>,
    /// With the channel, the key of the source; `None` where the source has none.
    pub(crate) source_id: Option<String>,
    /// When the matter that it opened was closed; not before `occurred_at`.
    pub(crate) closed_at: Option<DateTime<Utc>>,
    /// The company's own id of what it is about; empty where there is none.
    pub(crate) matter_id: String,
    /// In whole milliseconds, not negative; `None` where the channel does not know.
    pub(crate) waited: Option<TimeDelta>,
}

/// A recorded contact.
#[derive(Clone)]
#[allow(clippy::struct_field_names)] // an id is called what it is called everywhere
pub(crate) struct Interaction {
    pub(crate) interaction_id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) draft: Draft,
}
