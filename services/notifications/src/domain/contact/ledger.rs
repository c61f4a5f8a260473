//! Charging a budget, person by person.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Allowance, Contact, ContactBudget};
use crate::domain::{Origin, Purpose};

/// How long a reservation waits for its message.
const RESERVED_FOR: TimeDelta = TimeDelta::hours(1);

/// A message that is about to be sent, or that will be asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// The id that its contact gets unless there is one.
    pub(crate) contact_id: Uuid,
    pub(crate) profile_id: Uuid,
    pub(crate) purpose: Purpose,
    pub(crate) origin: Origin,
    /// None to reserve it.
    pub(crate) message_id: Option<Uuid>,
}

/// What came of a wish.
#[derive(Clone, Debug)]
pub(crate) struct Charged {
    /// None when the budget is used up.
    pub(crate) contact: Option<Contact>,
    /// What there was besides this contact.
    pub(crate) allowance: Allowance,
}

/// What counts of some persons, while nobody else decides about them.
#[derive(Debug)]
pub(crate) struct Ledger {
    budget: ContactBudget,
    contacts: Vec<Contact>,
    changed: Vec<Contact>,
    now: DateTime<Utc>,
}

impl Ledger {
    /// With all that counts of the persons it is asked about.
    pub(crate) fn new(budget: ContactBudget, contacts: Vec<Contact>, now: DateTime<Utc>) -> Self {
        Self {
            budget,
            contacts,
            changed: Vec::new(),
            now,
        }
    }

    pub(crate) fn budget(&self) -> &ContactBudget {
        &self.budget
    }

    /// What is left for a person.
    pub(crate) fn allowance(&self, profile_id: Uuid) -> Allowance {
        let counts = self.contacts.iter();
        let counts: Vec<_> = counts
            .filter(|contact| contact.profile_id == profile_id)
            .collect();
        Allowance::of(&self.budget, &counts, self.now)
    }

    /// Charges the budget for a wish. What was reserved for it is taken, and what was charged for it is not charged
    /// again.
    pub(crate) fn charge(&mut self, wish: &Wish) -> Charged {
        let own = |contact: &Contact| contact.is_of(wish.profile_id, &wish.origin);
        let others: Vec<&Contact> = self
            .contacts
            .iter()
            .filter(|contact| contact.profile_id == wish.profile_id && !own(contact))
            .collect();
        let allowance = Allowance::of(&self.budget, &others, self.now);
        if let Some(known) = self.contacts.iter_mut().find(|contact| own(contact)) {
            if known.message_id.is_none() && wish.message_id.is_some() {
                known.message_id = wish.message_id;
                known.expires_at = None;
                self.changed.push(known.clone());
            }
            let contact = Some(known.clone());
            return Charged { contact, allowance };
        }
        let contact = allowance.allows(wish.purpose).then(|| wish.contact(self.now));
        self.contacts.extend(contact.clone());
        self.changed.extend(contact.clone());
        Charged { contact, allowance }
    }

    /// The contacts that are to be kept.
    pub(crate) fn into_changed(self) -> Vec<Contact> {
        self.changed
    }
}

impl Wish {
    fn contact(&self, now: DateTime<Utc>) -> Contact {
        let Origin { kind, id, occasion } = self.origin.clone();
        Contact {
            contact_id: self.contact_id,
            profile_id: self.profile_id,
            purpose: self.purpose,
            origin_kind: kind,
            origin_id: id,
            occasion,
            message_id: self.message_id,
            created_at: now,
            expires_at: self.message_id.is_none().then(|| now + RESERVED_FOR),
            sent_at: None,
        }
    }
}
