//! One try of an initiative.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{MeasurementPlan, TellingSummary, Verdict};

/// Something that is done for an iteration.
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Action {
    pub(crate) action_id: Uuid,
    pub(crate) title: String,
    pub(crate) owner: String,
    pub(crate) due_at: Option<DateTime<Utc>>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    pub(crate) evidence: String,
}

/// A change that has reached the customers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rollout {
    pub(crate) at: DateTime<Utc>,
    pub(crate) plan: MeasurementPlan,
    /// What the cohort is told with; nobody is told without one.
    pub(crate) template_id: Option<Uuid>,
    /// How many of the plan's looks were taken.
    pub(crate) looks_done: i32,
}

impl Rollout {
    /// The number and instant of the next look, unless all were taken.
    pub(crate) fn next_look(&self) -> Option<(i32, DateTime<Utc>)> {
        let place = usize::try_from(self.looks_done).ok()?;
        self.plan.looks.get(place).map(|at| (self.looks_done + 1, *at))
    }
}

/// One try.
#[derive(Clone, Debug)]
pub(crate) struct Iteration {
    /// From 1.
    pub(crate) number: i32,
    pub(crate) change: String,
    pub(crate) reason: String,
    pub(crate) actions: Vec<Action>,
    pub(crate) rollout: Option<Rollout>,
    /// The latest statement.
    pub(crate) verdict: Option<Verdict>,
    pub(crate) telling: Option<TellingSummary>,
}

impl Iteration {
    /// A try that has only been decided on.
    pub(crate) fn new(number: i32, change: String, reason: String) -> Self {
        Self {
            number,
            change,
            reason,
            actions: Vec::new(),
            rollout: None,
            verdict: None,
            telling: None,
        }
    }

    /// Whether it has this action.
    pub(crate) fn has_action(&self, action_id: Uuid) -> bool {
        self.actions.iter().any(|action| action.action_id == action_id)
    }
}
