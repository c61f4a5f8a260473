//! What the service knows, free of wire and tables.

mod consent;
mod identity;
mod profile;

pub(crate) use consent::{Channel, Consent, ConsentState, Given, Purpose, in_force};
pub(crate) use identity::{Identity, IdentityKind};
pub(crate) use profile::{Change, Draft, Profile, time_zone};
