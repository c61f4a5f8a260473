//! What happens when its time has come.

mod action;
mod digest;
mod goal;
mod look;
mod pilot;
mod priority;
mod restatement;
mod telling;
mod worth;

pub(crate) use action::Actions;
pub(crate) use digest::Digests;
pub(crate) use goal::Goals;
pub(crate) use look::Looks;
pub(crate) use pilot::Pilots;
pub(crate) use priority::Priorities;
pub(crate) use restatement::Restatements;
pub(crate) use telling::Tellings;
pub(crate) use worth::Worths;
