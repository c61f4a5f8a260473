//! What the service knows, free of wire and tables.

mod interaction;

pub(crate) use interaction::{Direction, Draft, Interaction, Stage};
