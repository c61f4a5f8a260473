//! Between the wire and the domain: the only place that names both.

pub(crate) mod contact;
pub(crate) mod message;
pub(crate) mod reading;
pub(crate) mod recipient;
pub(crate) mod template;
