//! What happens by itself.

pub(crate) mod detect;
pub(crate) mod invite;
