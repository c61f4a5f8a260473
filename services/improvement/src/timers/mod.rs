//! What happens when its time has come.

mod look;

pub(crate) use look::Looks;
