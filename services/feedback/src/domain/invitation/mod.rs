//! One person and one occasion to ask them.

mod eligibility;
mod token;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::survey::Definition;

pub(crate) use eligibility::{Check, Facts, Person, RULE, Reservation, decide};
pub(crate) use token::{Signer, Ticket, TokenError};

/// What of a person's contacts the budget looks at, in days.
pub(crate) const BUDGET_DAYS: i64 = 30;

/// Where an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum InvitationState {
    Scheduled,
    Declined,
    Invited,
    Sent,
    Undelivered,
    Started,
    Answered,
    Expired,
}

/// An occasion as it is heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occasion {
    pub(crate) survey_id: Uuid,
    pub(crate) profile_id: Uuid,
    pub(crate) occasion: String,
    pub(crate) interaction_id: Option<Uuid>,
    pub(crate) touchpoint: String,
    pub(crate) product: String,
    pub(crate) agent_id: String,
    pub(crate) team: String,
    /// By its name in the API.
    pub(crate) stage: String,
    /// The customer segments that the person is in, each once.
    pub(crate) segments: Vec<String>,
    /// What named it; none where a caller did.
    pub(crate) cause: Option<Cause>,
}

/// The event that named an occasion, and the trigger that it fitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cause {
    /// The full name of the event's payload.
    pub(crate) event_type: String,
    pub(crate) event_id: Uuid,
    pub(crate) event_time: DateTime<Utc>,
    /// The version of the survey that was asked when the event was heard.
    pub(crate) survey_version: i32,
    /// Which of that version's triggers.
    pub(crate) trigger: usize,
}

/// An invitation as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) invitation_id: Uuid,
    pub(crate) survey_id: Uuid,
    /// None until it was decided to ask.
    pub(crate) survey_version: Option<i32>,
    pub(crate) profile_id: Uuid,
    pub(crate) occasion: String,
    pub(crate) interaction_id: Option<Uuid>,
    pub(crate) touchpoint: String,
    pub(crate) product: String,
    pub(crate) agent_id: String,
    pub(crate) team: String,
    pub(crate) stage: String,
    /// None of an invitation that the version before made.
    pub(crate) segments: Option<Vec<String>>,
    pub(crate) language: String,
    pub(crate) state: InvitationState,
    pub(crate) reason: String,
    pub(crate) message_id: Option<Uuid>,
    pub(crate) reminders: i32,
    /// Whether what becomes of it is counted.
    pub(crate) counts: bool,
    pub(crate) version: i64,
    pub(crate) token_hash: Option<Vec<u8>>,
    pub(crate) decision: Option<Json<Record>>,
    pub(crate) cause: Option<Json<Cause>>,
    pub(crate) feedback_ids: Vec<Uuid>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) decided_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) answered_at: Option<DateTime<Utc>>,
}

/// A decision as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) rule: String,
    pub(crate) checks: Vec<Check>,
}

impl Invitation {
    /// Whether an answer is taken at `now`. One that was answered takes corrections, so that the last complete
    /// answer counts; one whose mail bounced is still known to who was asked another way.
    pub(crate) fn is_open(&self, now: DateTime<Utc>) -> bool {
        let asked = match self.state {
            InvitationState::Invited
            | InvitationState::Sent
            | InvitationState::Undelivered
            | InvitationState::Started
            | InvitationState::Answered => true,
            InvitationState::Scheduled | InvitationState::Declined | InvitationState::Expired => false,
        };
        asked && self.expires_at.is_some_and(|end| now < end)
    }

    /// Whether the person was reached and has not answered.
    pub(crate) fn awaits_answer(&self) -> bool {
        matches!(self.state, InvitationState::Sent | InvitationState::Started)
    }

    /// When something is to be done about it next; none when it is over. `definition` is the version it asks.
    pub(crate) fn next_due(&self, definition: &Definition) -> Option<DateTime<Utc>> {
        let end = self.expires_at?;
        let reminder = self
            .decided_at
            .filter(|_| self.awaits_answer())
            .and_then(|invited_at| definition.reminder(invited_at, self.reminders));
        match self.state {
            InvitationState::Invited
            | InvitationState::Sent
            | InvitationState::Undelivered
            | InvitationState::Started => Some(reminder.map_or(end, |reminder| reminder.min(end))),
            InvitationState::Scheduled
            | InvitationState::Declined
            | InvitationState::Answered
            | InvitationState::Expired => None,
        }
    }
}
