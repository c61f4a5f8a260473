//! What the service knows, free of wire and tables.

mod consent;
mod message;
mod retry;
mod template;

pub(crate) use consent::{RULE as CONSENT_RULE, Recipient, Route, route};
pub(crate) use message::{Channel, Content, Message, NewMessage, Origin, Purpose, State};
pub(crate) use retry::{MOST_ATTEMPTS, next_attempt};
pub(crate) use template::{Draft, Rendered, Template, Variant, one_line};
