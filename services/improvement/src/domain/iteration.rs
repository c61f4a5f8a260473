//! One try of an initiative.

use chrono::{DateTime, TimeDelta, Utc};
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
    /// How far it was escalated for being overdue.
    pub(crate) escalation: i32,
    /// The actions of the same iteration that must be done before.
    pub(crate) depends_on: Vec<Uuid>,
}

/// How many days after its date an action is escalated: to its owner, to the initiative's, to the departments.
const ESCALATED_AFTER_DAYS: [i64; 3] = [0, 3, 7];

impl Action {
    /// When it is escalated next; `None` when it is done, has no date, or went to everybody.
    pub(crate) fn next_escalation(&self) -> Option<DateTime<Utc>> {
        let place = usize::try_from(self.escalation).ok()?;
        let days = ESCALATED_AFTER_DAYS
            .get(place)
            .filter(|_| self.completed_at.is_none())?;
        Some(self.due_at? + TimeDelta::days(*days))
    }

    /// Its place among actions: the one due first first, those without a date last.
    pub(crate) fn due_order(&self) -> (bool, Option<DateTime<Utc>>, Uuid) {
        (self.due_at.is_none(), self.due_at, self.action_id)
    }
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
    /// Who rolled it out against its pilot.
    pub(crate) pilot_override: Option<PilotOverride>,
}

/// Somebody answers for a rollout that the pilot does not speak for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PilotOverride {
    pub(crate) by: String,
    pub(crate) reason: String,
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
