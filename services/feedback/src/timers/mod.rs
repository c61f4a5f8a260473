//! What happens by itself.

pub(crate) mod detect;
