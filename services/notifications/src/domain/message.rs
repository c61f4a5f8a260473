//! One message to one recipient.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

/// How it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Channel {
    Email,
    Sms,
    Voice,
    InApp,
}

/// Why it is sent; consent is asked for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Purpose {
    Service,
    FollowUp,
    Survey,
    Marketing,
}

impl Purpose {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::FollowUp => "follow_up",
            Self::Survey => "survey",
            Self::Marketing => "marketing",
        }
    }
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum State {
    Queued,
    Sent,
    Blocked,
    Failed,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
        }
    }
}

/// What it belongs to. One recipient gets one message of an origin and occasion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) occasion: String,
}

/// A ready text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// A wish for a message.
#[derive(Clone)]
pub(crate) struct NewMessage {
    pub(crate) message_id: Uuid,
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) template_id: Option<Uuid>,
    pub(crate) purpose: Purpose,
    pub(crate) origin: Origin,
    pub(crate) recipient: String,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) content: Option<Content>,
}

impl NewMessage {
    /// The message as it is stored when it is queued.
    pub(crate) fn queued(self, now: DateTime<Utc>) -> Message {
        Message {
            message_id: self.message_id,
            profile_id: self.profile_id,
            template_id: self.template_id,
            channel: Channel::Email,
            purpose: self.purpose,
            origin_kind: self.origin.kind,
            origin_id: self.origin.id,
            occasion: self.origin.occasion,
            recipient: self.recipient,
            state: State::Queued,
            reason: String::new(),
            attempts: 0,
            version: 1,
            variables: Json(self.variables),
            content: self.content.map(Json),
            created_at: now,
            decided_at: None,
            deferred_until: None,
            deferred_under: 0,
            read_at: None,
            read_source: None,
        }
    }
}

/// A stored message.
#[derive(Clone)]
#[allow(clippy::struct_field_names)] // an id is called what it is called everywhere
pub(crate) struct Message {
    pub(crate) message_id: Uuid,
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) template_id: Option<Uuid>,
    pub(crate) channel: Channel,
    pub(crate) purpose: Purpose,
    pub(crate) origin_kind: String,
    pub(crate) origin_id: String,
    pub(crate) occasion: String,
    pub(crate) recipient: String,
    pub(crate) state: State,
    pub(crate) reason: String,
    pub(crate) attempts: i32,
    pub(crate) version: i64,
    pub(crate) variables: Json<BTreeMap<String, String>>,
    pub(crate) content: Option<Json<Content>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) decided_at: Option<DateTime<Utc>>,
    /// Until when it waits for the contact budget.
    pub(crate) deferred_until: Option<DateTime<Utc>>,
    /// The number of the budget it waits, or waited, for; 0 for none.
    pub(crate) deferred_under: i32,
    /// When it was read, as somebody vouches; `None` while nobody does.
    pub(crate) read_at: Option<DateTime<Utc>>,
    /// Who does.
    pub(crate) read_source: Option<String>,
}

impl Message {
    /// Decides the outcome; it stands for good.
    pub(crate) fn decide(&mut self, state: State, reason: &str, now: DateTime<Utc>) {
        self.state = state;
        reason.clone_into(&mut self.reason);
        self.decided_at = Some(now);
        self.deferred_until = None;
        self.version += 1;
    }

    /// Lets it wait for the contact budget of a number.
    pub(crate) fn defer(&mut self, reason: &str, until: DateTime<Utc>, under: i32) {
        reason.clone_into(&mut self.reason);
        self.deferred_until = Some(until);
        self.deferred_under = under;
        self.version += 1;
    }

    /// It was tried, and will be again.
    pub(crate) fn retry(&mut self) {
        self.reason.clear();
        self.deferred_until = None;
    }

    /// What it belongs to.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            kind: self.origin_kind.clone(),
            id: self.origin_id.clone(),
            occasion: self.occasion.clone(),
        }
    }
}
