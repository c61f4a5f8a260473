//! What the service does by itself when its time has come.

pub(crate) mod waking;
