//! What happens by itself.

pub(crate) mod detect;
pub(crate) mod employee;
pub(crate) mod invite;
pub(crate) mod learn;
pub(crate) mod read;
pub(crate) mod recode;
pub(crate) mod recovery;
pub(crate) mod themes;
