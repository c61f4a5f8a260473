//! What the company does about an issue, and which step may follow which.

use attune_rpc::Etag;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Comparison, Department, InitiativeState, Iteration, Money, Rollout, Step, Target, Transition, WrongState,
};

mod action;
mod step;

/// A stored initiative.
///
/// Proposed → planned → in progress → rolled out → measuring → effective, or back to planned with the next iteration;
/// stopped from wherever it has not ended. Every step goes through a method of this type, which refuses it in any other
/// state and records it.
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
#[derive(Clone, Debug)]
pub(crate) struct Initiative {
    pub(crate) initiative_id: Uuid,
    pub(crate) issue_id: Uuid,
    pub(crate) version: i64,
    /// How many events were told about it.
    pub(crate) events: i64,
    pub(crate) title: String,
    pub(crate) hypothesis: String,
    pub(crate) owner: String,
    pub(crate) departments: Vec<Department>,
    pub(crate) target: Target,
    /// What the verdict is to compare with, as it was given.
    pub(crate) comparison: Option<Comparison>,
    /// The principles it serves.
    pub(crate) principle_ids: Vec<Uuid>,
    /// Who does the work; empty for none.
    pub(crate) team: String,
    pub(crate) budget: Option<Money>,
    /// The sum of the ledger of costs, in the currency's smallest unit.
    pub(crate) spent: i64,
    pub(crate) state: InitiativeState,
    pub(crate) stopped_reason: String,
    pub(crate) created_at: DateTime<Utc>,
    /// How many steps are recorded.
    pub(crate) transitions: i32,
    /// Those of them that were taken since it was read: they are stored with it.
    pub(crate) taken: Vec<Transition>,
    /// The tries that have been judged, the first one first.
    pub(crate) past: Vec<Iteration>,
    /// The try that is prepared or measured, or the last one.
    pub(crate) current: Iteration,
}

/// An initiative to be planned.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) issue_id: Uuid,
    pub(crate) title: String,
    pub(crate) hypothesis: String,
    pub(crate) owner: String,
    pub(crate) departments: Vec<Department>,
    pub(crate) target: Target,
    pub(crate) comparison: Option<Comparison>,
    pub(crate) principle_ids: Vec<Uuid>,
    pub(crate) team: String,
    pub(crate) budget: Option<Money>,
    /// What the first iteration changes; may be empty.
    pub(crate) change: String,
    /// Whether somebody has to approve it before it is planned.
    pub(crate) proposed: bool,
}

/// A change of some fields; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) title: Option<String>,
    pub(crate) hypothesis: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) departments: Option<Vec<Department>>,
    pub(crate) target: Option<Target>,
    #[expect(
        clippy::option_option,
        reason = "outside: whether it changes, inside: whether there is one"
    )]
    pub(crate) comparison: Option<Option<Comparison>>,
    pub(crate) principle_ids: Option<Vec<Uuid>>,
    pub(crate) team: Option<String>,
    #[expect(
        clippy::option_option,
        reason = "outside: whether it changes, inside: whether there is one"
    )]
    pub(crate) budget: Option<Option<Money>>,
}

/// What a verdict leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Conclusion {
    /// The next look decides.
    Undecided,
    /// The initiative has reached its target.
    Reached,
    /// The next iteration begins, for this reason.
    Reopened { reason: String },
}

impl Initiative {
    /// Plans an initiative with its first iteration, or proposes it.
    pub(crate) fn plan(initiative_id: Uuid, draft: Draft, by: String, now: DateTime<Utc>) -> Self {
        let Draft {
            issue_id,
            title,
            hypothesis,
            owner,
            departments,
            target,
            comparison,
            principle_ids,
            team,
            budget,
            change,
            proposed,
        } = draft;
        let state = if proposed {
            InitiativeState::Proposed
        } else {
            InitiativeState::Planned
        };
        let mut initiative = Self {
            initiative_id,
            issue_id,
            version: 1,
            events: 0,
            title,
            hypothesis,
            owner,
            departments,
            target,
            comparison,
            principle_ids,
            team,
            budget,
            spent: 0,
            state,
            stopped_reason: String::new(),
            created_at: now,
            transitions: 0,
            taken: Vec::new(),
            past: Vec::new(),
            current: Iteration::new(1, change, String::new()),
        };
        let reason = String::new();
        initiative.note(None, Step { by, reason, at: now }, String::new());
        initiative
    }

    /// The etag of this version.
    pub(crate) fn etag(&self) -> Etag {
        Etag::of(self.version)
    }

    /// The number of the next event about it.
    pub(crate) fn next_event(&mut self) -> i64 {
        self.events += 1;
        self.events
    }

    /// All iterations, the first one first.
    pub(crate) fn iterations(&self) -> impl Iterator<Item = &Iteration> {
        self.past.iter().chain(std::iter::once(&self.current))
    }

    /// Changes what was said about it; answers whether anything is different now. Target and comparison cannot be
    /// changed once anything was measured by them.
    pub(crate) fn apply(&mut self, change: Change) -> Result<bool, WrongState> {
        let Change {
            title,
            hypothesis,
            owner,
            departments,
            target,
            comparison,
            principle_ids,
            team,
            budget,
        } = change;
        let measured = self.iterations().any(|iteration| iteration.rollout.is_some());
        if measured && target.is_some_and(|target| target != self.target) {
            return Err(self.refuse(
                "the target is being measured and cannot be moved; stop this initiative and plan another one",
            ));
        }
        if measured && comparison.as_ref().is_some_and(|given| *given != self.comparison) {
            return Err(self.refuse(
                "the comparison is being measured and cannot be changed; stop this initiative and plan another one",
            ));
        }
        let changed = [
            replace(&mut self.title, title),
            replace(&mut self.hypothesis, hypothesis),
            replace(&mut self.owner, owner),
            replace(&mut self.departments, departments),
            replace(&mut self.target, target),
            replace(&mut self.comparison, comparison),
            replace(&mut self.principle_ids, principle_ids),
            replace(&mut self.team, team),
            replace(&mut self.budget, budget),
        ]
        .contains(&true);
        self.version += i64::from(changed);
        Ok(changed)
    }

    /// The rollout that is being measured, if one is.
    pub(crate) fn measured(&self) -> Option<&Rollout> {
        self.current
            .rollout
            .as_ref()
            .filter(|_| self.state.is_with_customers())
    }

    /// Whether it was given up just now without ever having been approved.
    pub(crate) fn is_declined(&self) -> bool {
        let last = self.taken.last();
        last.is_some_and(|step| {
            (step.from, step.to) == (Some(InitiativeState::Proposed), InitiativeState::Stopped)
        })
    }

    /// Refuses unless an iteration is being prepared; `rule` says what is done only then.
    pub(crate) fn check_preparing(&self, rule: &str) -> Result<(), WrongState> {
        let instead = match self.state {
            InitiativeState::Planned | InitiativeState::InProgress => return Ok(()),
            InitiativeState::Proposed => "approve the initiative first",
            InitiativeState::RolledOut | InitiativeState::Measuring => {
                "wait for the verdict, or stop the initiative"
            }
            InitiativeState::Effective | InitiativeState::Ineffective | InitiativeState::Stopped => {
                "the initiative has ended; plan another one for what is left to do"
            }
        };
        Err(self.refuse(format!("{rule}; {instead}")))
    }

    fn refuse(&self, message: impl Into<String>) -> WrongState {
        WrongState::new(self.state.as_str(), message)
    }
}

/// Puts what is given in place; answers whether it is different from what was there.
fn replace<T: PartialEq>(place: &mut T, given: Option<T>) -> bool {
    match given {
        Some(given) if given != *place => {
            *place = given;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
