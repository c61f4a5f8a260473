//! Matters that customers' contacts open: when they count as resolved at the first contact.

mod tally;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::hour_of;

pub(crate) use tally::{Dimension, MatterCount, MatterKey, MatterSum, MatterTally};

/// How long after the closing a contact about the same matter means that it was not resolved (version 1 of the metric).
pub(crate) const SETTLES_AFTER: TimeDelta = TimeDelta::days(7);
/// How long a first contact may last: what the customer says meanwhile in an open matter belongs to it.
const FIRST_CONTACT: TimeDelta = TimeDelta::hours(24);

/// Who turned to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Direction {
    /// A customer to the company.
    Inbound,
    /// An agent to a customer.
    Outbound,
}

/// An interaction as far as matters go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MatterContact {
    pub(crate) interaction_id: Uuid,
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) direction: Direction,
    /// The company's own id of the matter; empty where it has none.
    pub(crate) matter_id: String,
    pub(crate) product: String,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
    pub(crate) occurred_at: DateTime<Utc>,
    /// When the matter that it opened was closed; of a customer's contact alone.
    pub(crate) closed_at: Option<DateTime<Utc>>,
    /// How long the customer waited, where the channel knows.
    pub(crate) waited: Option<TimeDelta>,
    /// Who took part and where on the journey; none where a version that kept neither heard it.
    pub(crate) handling: Option<Handling>,
    /// What was understood of its text; none where it has none, and until it is understood.
    pub(crate) coding: Option<MatterCoding>,
    /// Whether the customer came again about the matter.
    pub(crate) came_again: bool,
    /// Whether the customer came again with this one.
    pub(crate) is_repeat: bool,
    /// Whether its matter counts in the slices as one about which the customer came again; none where it does not count
    /// there.
    pub(crate) sliced_as_again: Option<bool>,
}

/// Who took part in a contact, and where on the journey it was; empty where that was not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handling {
    pub(crate) agent_id: String,
    /// By its name in the API.
    pub(crate) stage: String,
}

/// What was understood of a contact's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MatterCoding {
    /// The version of the taxonomy whose coding stands.
    pub(crate) taxonomy_version: i64,
    /// Empty where there was too little to tell.
    pub(crate) language: String,
    /// Each once, those above a topic that was found included.
    pub(crate) topics: Vec<String>,
}

/// Which matters are old enough at `now` to tell whether the customer came again: those closed before. A full hour,
/// because counts are kept by the hour.
pub(crate) fn settled_before(now: DateTime<Utc>) -> DateTime<Utc> {
    hour_of(now - SETTLES_AFTER)
}

impl MatterContact {
    /// Between which instants another contact about the same matter comes again: the first is not among them, the
    /// second is. None while it is open.
    pub(crate) fn again_between(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let closed_at = self.closed_at?;
        let first_contact_ends = closed_at.min(self.occurred_at + FIRST_CONTACT);
        Some((first_contact_ends, closed_at + SETTLES_AFTER))
    }

    /// When the matter that counts was closed; none where there is none.
    pub(super) fn counts_at(&self) -> Option<DateTime<Utc>> {
        let known = self.profile_id.is_some() && !self.is_repeat;
        self.closed_at.filter(|_| known)
    }

    /// How it counts in the slices as it stands; none where it opened no matter, where that is open, and where it is not
    /// known who handled it.
    pub(crate) fn counts_as_again(&self) -> Option<bool> {
        let counts = self.counts_at().is_some() && self.handling.is_some();
        counts.then_some(self.came_again)
    }
}
