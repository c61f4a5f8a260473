//! What is done for the iteration that is being prepared.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Initiative;
use crate::domain::dependency::open_before;
use crate::domain::{Action, InitiativeState, Step, WrongState};

const MOST_ACTIONS: usize = 100;

impl Initiative {
    /// Adds an action to the iteration that is being prepared.
    pub(crate) fn add_action(&mut self, action: Action) -> Result<(), WrongState> {
        self.check_preparing("actions are added while an iteration is being prepared")?;
        if self.current.actions.len() >= MOST_ACTIONS {
            return Err(self.refuse(format!(
                "the iteration has {MOST_ACTIONS} actions; put several into one, or roll it out"
            )));
        }
        self.current.actions.push(action);
        self.version += 1;
        Ok(())
    }

    /// Says what must be done before an action of the current iteration. Whether that goes round in a circle is checked
    /// before.
    pub(crate) fn set_dependencies(
        &mut self,
        action_id: Uuid,
        depends_on: Vec<Uuid>,
    ) -> Result<(), WrongState> {
        self.check_preparing("what an action waits for is said while an iteration is being prepared")?;
        let place = self.open_action(action_id)?;
        if let Some(action) = self.current.actions.get_mut(place) {
            action.depends_on = depends_on;
        }
        self.version += 1;
        Ok(())
    }

    /// Marks an action of the current iteration as done. With the first one, the work has begun.
    pub(crate) fn complete_action(
        &mut self,
        action_id: Uuid,
        evidence: String,
        (by, at): (String, DateTime<Utc>),
    ) -> Result<(), WrongState> {
        self.check_preparing("actions are completed while an iteration is being prepared")?;
        let place = self.open_action(action_id)?;
        let Some(action) = self.current.actions.get(place) else {
            return Ok(());
        };
        if let Some(open) = open_before(&self.current.actions, action) {
            let message = format!("what it depends on is not done: {open}; complete that first");
            return Err(self.refuse(message));
        }
        if self.state == InitiativeState::Planned {
            let shown = format!("\"{}\": {evidence}", action.title);
            let reason = "an action is done".to_owned();
            self.enter(InitiativeState::InProgress, Step { by, reason, at }, shown)?;
        }
        if let Some(action) = self.current.actions.get_mut(place) {
            action.completed_at = Some(at);
            action.evidence = evidence;
        }
        self.version += 1;
        Ok(())
    }

    /// Where an action stands among those of the current iteration; refused where it is done, or of an earlier one.
    fn open_action(&self, action_id: Uuid) -> Result<usize, WrongState> {
        let mut actions = self.current.actions.iter().enumerate();
        match actions.find(|(_, action)| action.action_id == action_id) {
            Some((place, action)) if action.completed_at.is_none() => Ok(place),
            Some(_) => Err(self.refuse("the action is done already; add another action for more")),
            None => {
                Err(self
                    .refuse("the action belongs to an earlier iteration; complete those of the current one"))
            }
        }
    }

    /// Escalates an action of the current iteration that is overdue at `now`; answers it. Steps that were missed are
    /// taken at once: who was away hears where it stands, not how it came there.
    pub(crate) fn escalate(&mut self, action_id: Uuid, now: DateTime<Utc>) -> Option<Action> {
        if !self.state.is_preparing() {
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
}
