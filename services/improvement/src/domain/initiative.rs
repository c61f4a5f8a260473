//! What the company does about an issue, and which step may follow which.

use attune_rpc::Etag;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Action, Comparison, Decision, Department, InitiativeState, Iteration, Rollout, Target, Verdict,
    WrongState,
};

const MOST_ACTIONS: usize = 100;

/// A stored initiative.
///
/// Planned → rolled out → effective, or back to planned with the next iteration; stopped from the first two.
/// Every step goes through a method of this type, which refuses it in any other state.
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
    pub(crate) state: InitiativeState,
    pub(crate) stopped_reason: String,
    pub(crate) created_at: DateTime<Utc>,
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
    /// What the first iteration changes; may be empty.
    pub(crate) change: String,
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
    /// Plans an initiative with its first iteration.
    pub(crate) fn plan(initiative_id: Uuid, draft: Draft, now: DateTime<Utc>) -> Self {
        let Draft {
            issue_id,
            title,
            hypothesis,
            owner,
            departments,
            target,
            comparison,
            principle_ids,
            change,
        } = draft;
        Self {
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
            state: InitiativeState::Planned,
            stopped_reason: String::new(),
            created_at: now,
            past: Vec::new(),
            current: Iteration::new(1, change, String::new()),
        }
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
        let before = (
            self.title.clone(),
            self.hypothesis.clone(),
            self.owner.clone(),
            self.departments.clone(),
            self.target,
            self.comparison.clone(),
            self.principle_ids.clone(),
        );
        let after = (
            title.unwrap_or_else(|| before.0.clone()),
            hypothesis.unwrap_or_else(|| before.1.clone()),
            owner.unwrap_or_else(|| before.2.clone()),
            departments.unwrap_or_else(|| before.3.clone()),
            target.unwrap_or(before.4),
            comparison.unwrap_or_else(|| before.5.clone()),
            principle_ids.unwrap_or_else(|| before.6.clone()),
        );
        let changed = after != before;
        (
            self.title,
            self.hypothesis,
            self.owner,
            self.departments,
            self.target,
            self.comparison,
            self.principle_ids,
        ) = after;
        self.version += i64::from(changed);
        Ok(changed)
    }

    /// Adds an action to the iteration that is being prepared.
    pub(crate) fn add_action(&mut self, action: Action) -> Result<(), WrongState> {
        self.check_planned("actions are added while an iteration is being prepared")?;
        if self.current.actions.len() >= MOST_ACTIONS {
            return Err(self.refuse(format!(
                "the iteration has {MOST_ACTIONS} actions; put several into one, or roll it out"
            )));
        }
        self.current.actions.push(action);
        self.version += 1;
        Ok(())
    }

    /// Marks an action of the current iteration as done.
    pub(crate) fn complete_action(
        &mut self,
        action_id: Uuid,
        evidence: String,
        at: DateTime<Utc>,
    ) -> Result<(), WrongState> {
        self.check_planned("actions are completed while an iteration is being prepared")?;
        let state = self.state;
        let action = self
            .current
            .actions
            .iter_mut()
            .find(|action| action.action_id == action_id);
        match action {
            Some(action) if action.completed_at.is_none() => {
                action.completed_at = Some(at);
                action.evidence = evidence;
                self.version += 1;
                Ok(())
            }
            Some(_) => Err(WrongState::new(
                state.as_str(),
                "the action is done already; add another action for more",
            )),
            None => Err(WrongState::new(
                state.as_str(),
                "the action belongs to an earlier iteration; complete those of the current one",
            )),
        }
    }

    /// Escalates an action of the current iteration that is overdue at `now`; answers it. Steps that were missed are
    /// taken at once: who was away hears where it stands, not how it came there.
    pub(crate) fn escalate(&mut self, action_id: Uuid, now: DateTime<Utc>) -> Option<Action> {
        if self.state != InitiativeState::Planned {
            return None;
        }
        let found = self
            .current
            .actions
            .iter_mut()
            .find(|action| action.action_id == action_id)?;
        let before = found.escalation;
        while found.next_escalation().is_some_and(|at| at <= now) {
            found.escalation += 1;
        }
        let escalated = (found.escalation > before).then(|| found.clone());
        self.version += i64::from(escalated.is_some());
        escalated
    }

    /// Refuses unless the current iteration may be rolled out.
    pub(crate) fn check_rollout(&self) -> Result<(), WrongState> {
        self.check_planned("a rollout is declared once an iteration")?;
        let open = self
            .current
            .actions
            .iter()
            .filter(|action| action.completed_at.is_none())
            .count();
        if open > 0 {
            return Err(self.refuse(format!(
                "{open} actions are not done; complete them before the rollout"
            )));
        }
        Ok(())
    }

    /// The current iteration has reached the customers. A given `change` replaces what was said before.
    pub(crate) fn roll_out(&mut self, change: Option<String>, rollout: Rollout) -> Result<(), WrongState> {
        self.check_rollout()?;
        if let Some(change) = change {
            self.current.change = change;
        }
        self.current.rollout = Some(rollout);
        self.state = InitiativeState::RolledOut;
        self.version += 1;
        Ok(())
    }

    /// Takes a verdict on the current iteration: an effective one ends the initiative, one that it did not help,
    /// or that it cannot be told, begins the next iteration with the reason.
    pub(crate) fn conclude(&mut self, verdict: Verdict) -> Result<Conclusion, WrongState> {
        let Some(rollout) = self
            .current
            .rollout
            .as_mut()
            .filter(|_| self.state == InitiativeState::RolledOut)
        else {
            return Err(
                self.refuse("a verdict is reached on an iteration that was rolled out; roll it out first")
            );
        };
        rollout.looks_done = verdict.look;
        self.version += 1;
        let conclusion = match verdict.decision {
            Decision::NotYet => Conclusion::Undecided,
            Decision::Effective => {
                self.state = InitiativeState::Effective;
                Conclusion::Reached
            }
            Decision::Ineffective | Decision::Inconclusive => Conclusion::Reopened {
                reason: format!(
                    "iteration {}: {}: {}",
                    self.current.number,
                    verdict.decision.in_words(),
                    verdict.reason
                ),
            },
        };
        self.current.verdict = Some(verdict);
        if let Conclusion::Reopened { reason } = &conclusion {
            let next = Iteration::new(self.current.number + 1, String::new(), reason.clone());
            self.past.push(std::mem::replace(&mut self.current, next));
            self.state = InitiativeState::Planned;
        }
        Ok(conclusion)
    }

    /// Gives it up.
    pub(crate) fn stop(&mut self, reason: String) -> Result<(), WrongState> {
        match self.state {
            InitiativeState::Planned | InitiativeState::RolledOut => {
                self.state = InitiativeState::Stopped;
                self.stopped_reason = reason;
                self.version += 1;
                Ok(())
            }
            InitiativeState::Effective | InitiativeState::Stopped => {
                Err(self.refuse("the initiative has ended and cannot be stopped; plan another one"))
            }
        }
    }

    /// The rollout that is being measured, if one is.
    pub(crate) fn measured(&self) -> Option<&Rollout> {
        self.current
            .rollout
            .as_ref()
            .filter(|_| self.state == InitiativeState::RolledOut)
    }

    fn check_planned(&self, rule: &str) -> Result<(), WrongState> {
        let instead = match self.state {
            InitiativeState::Planned => return Ok(()),
            InitiativeState::RolledOut => "wait for the verdict, or stop the initiative",
            InitiativeState::Effective | InitiativeState::Stopped => {
                "the initiative has ended; plan another one for what is left to do"
            }
        };
        Err(self.refuse(format!("{rule}; {instead}")))
    }

    fn refuse(&self, message: impl Into<String>) -> WrongState {
        WrongState::new(self.state.as_str(), message)
    }
}

#[cfg(test)]
mod tests;
