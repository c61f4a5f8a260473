//! The steps of an initiative.

use chrono::{DateTime, Utc};

use super::InitiativeState;

/// Who takes a step where a planned look decides.
const PLATFORM: &str = "service:improvement";

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    /// From 1.
    pub(crate) number: i32,
    /// The iteration that was current after it.
    pub(crate) iteration: i32,
    /// `None` for the first.
    pub(crate) from: Option<InitiativeState>,
    pub(crate) to: InitiativeState,
    pub(crate) by: String,
    /// Empty where nobody was asked.
    pub(crate) reason: String,
    /// What it rests on; empty where it demands nothing.
    pub(crate) evidence: String,
    pub(crate) at: DateTime<Utc>,
}

/// Who takes a step, when and why.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) at: DateTime<Utc>,
}

impl Step {
    /// A step that follows from a planned look.
    pub(super) fn of_look(reason: &str, at: DateTime<Utc>) -> Self {
        Self {
            by: PLATFORM.to_owned(),
            reason: reason.to_owned(),
            at,
        }
    }
}
