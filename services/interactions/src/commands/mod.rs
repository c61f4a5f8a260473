//! What the service does. The only place where transactions begin and end.

pub(crate) mod interaction;
