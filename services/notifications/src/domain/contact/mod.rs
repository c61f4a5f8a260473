//! How often a person is written to. Rule `contact-budget-1`.
//!
//! A contact counts from the decision to send until the window's days after it was sent, and while it is under way
//! whatever its age. Since one decision about a person is taken at a time, and each sees all that were taken before, no
//! window of that length holds more contacts than the budget when the last of them was decided.

mod ledger;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Origin, Purpose};

pub(crate) use ledger::{Charged, Ledger, Wish};

/// The rule's name and version, as decisions record it.
pub(crate) const RULE: &str = "contact-budget-1";
/// Why a message waits or is not sent, as it is recorded.
pub(crate) const USED: &str = "contact_budget_used";
/// Contacts of one person that are looked at: more than any budget allows.
pub(crate) const MOST_COUNTED: usize = 200;

/// When it is looked again for a contact that should have left and is under way still.
const LOOK_AGAIN: TimeDelta = TimeDelta::hours(1);

/// How often a person may be written to within a window that rolls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContactBudget {
    /// Counts the tenant's budgets from 1.
    pub(crate) number: i32,
    pub(crate) budget_id: Uuid,
    /// 0 for no limit.
    pub(crate) most_contacts: i32,
    pub(crate) window_days: i32,
    pub(crate) author: String,
    /// None for the one that holds until a tenant sets its own.
    pub(crate) created_at: Option<DateTime<Utc>>,
}

impl ContactBudget {
    /// The one that holds until a tenant sets its own.
    pub(crate) fn unlimited() -> Self {
        Self {
            number: 0,
            budget_id: Uuid::nil(),
            most_contacts: 0,
            window_days: 30,
            author: String::new(),
            created_at: None,
        }
    }

    pub(crate) fn window(&self) -> TimeDelta {
        TimeDelta::days(self.window_days.into())
    }

    /// Whether it may allow a contact that `former` does not. What waits for a budget is chosen by the same rule.
    pub(crate) fn is_larger_than(&self, former: &Self) -> bool {
        former.most_contacts != 0
            && (self.most_contacts == 0
                || self.most_contacts > former.most_contacts
                || self.window_days < former.window_days)
    }
}

/// One contact to one person.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) contact_id: Uuid,
    pub(crate) profile_id: Uuid,
    pub(crate) purpose: Purpose,
    pub(crate) origin_kind: String,
    pub(crate) origin_id: String,
    pub(crate) occasion: String,
    pub(crate) message_id: Option<Uuid>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) sent_at: Option<DateTime<Utc>>,
}

/// Where a contact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContactState {
    Reserved,
    UnderWay,
    Sent,
    /// A reservation that nobody took.
    Ended,
}

impl Contact {
    pub(crate) fn state(&self, now: DateTime<Utc>) -> ContactState {
        if self.sent_at.is_some() {
            ContactState::Sent
        } else if self.message_id.is_some() {
            ContactState::UnderWay
        } else if self.expires_at.is_some_and(|end| now < end) {
            ContactState::Reserved
        } else {
            ContactState::Ended
        }
    }

    /// Whether it is the one about this occasion.
    pub(crate) fn is_of(&self, profile_id: Uuid, origin: &Origin) -> bool {
        self.profile_id == profile_id
            && self.origin_kind == origin.kind
            && self.origin_id == origin.id
            && self.occasion == origin.occasion
    }

    /// When it will count no more; of one that is under way, were it sent when it was decided.
    fn leaves(&self, window: TimeDelta) -> DateTime<Utc> {
        self.sent_at.unwrap_or(self.created_at) + window
    }
}

/// What a budget allows a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) used: usize,
    /// When the next contact is free; none when one is now.
    pub(crate) free_at: Option<DateTime<Utc>>,
}

impl Allowance {
    /// What is left of `budget` after `contacts`, all that count of one person.
    pub(crate) fn of(budget: &ContactBudget, contacts: &[&Contact], now: DateTime<Utc>) -> Self {
        let mut leaving: Vec<_> = contacts
            .iter()
            .map(|contact| contact.leaves(budget.window()))
            .collect();
        leaving.sort_unstable_by(|one, other| other.cmp(one));
        // Once the last but `most` has left, there is room for one.
        let most = usize::try_from(budget.most_contacts).unwrap_or_default();
        let last = most.checked_sub(1).and_then(|place| leaving.get(place));
        Self {
            used: leaving.len(),
            free_at: last.map(|leaves| if now < *leaves { *leaves } else { now + LOOK_AGAIN }),
        }
    }

    /// Whether a message of `purpose` may go. What a person asked for always may.
    pub(crate) fn allows(&self, purpose: Purpose) -> bool {
        purpose == Purpose::Service || self.free_at.is_none()
    }

    /// What the decision was based on, as it is recorded.
    pub(crate) fn inputs(&self, budget: &ContactBudget, purpose: Purpose) -> Value {
        json!({
            "budget": budget.number,
            "most": budget.most_contacts,
            "days": budget.window_days,
            "used": self.used,
            "counts_only": purpose == Purpose::Service,
            "free_at": self.free_at,
        })
    }
}

/// Until when a message that was asked for at `asked_at` may wait for the budget to be free. What people are owed may
/// come later, a question about yesterday may not.
pub(crate) fn longest_wait(purpose: Purpose, asked_at: DateTime<Utc>) -> DateTime<Utc> {
    match purpose {
        Purpose::FollowUp => asked_at + TimeDelta::days(30),
        Purpose::Service | Purpose::Survey | Purpose::Marketing => asked_at,
    }
}
