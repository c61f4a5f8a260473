//! What the service does. Besides delivery, the only place where transactions begin and end.

pub(crate) mod contact;
pub(crate) mod contact_budget;
pub(crate) mod message;
pub(crate) mod reading;
pub(crate) mod template;
