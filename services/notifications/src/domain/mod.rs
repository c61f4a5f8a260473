//! What the service knows, free of wire and tables.

mod consent;
mod contact;
mod message;
mod reading;
mod retry;
mod template;

pub(crate) use consent::{RULE as CONSENT_RULE, Recipient, Route, route};
pub(crate) use contact::{
    Allowance, Charged, Contact, ContactBudget, ContactState, Ledger, MOST_COUNTED, RULE as CONTACT_RULE,
    USED as CONTACT_BUDGET_USED, Wish, longest_wait,
};
pub(crate) use message::{Channel, Content, Message, NewMessage, Origin, Purpose, State};
pub(crate) use reading::{NotRead, Reading};
pub(crate) use retry::{MOST_ATTEMPTS, next_attempt};
pub(crate) use template::{Draft, Rendered, Template, Variant, one_line};
