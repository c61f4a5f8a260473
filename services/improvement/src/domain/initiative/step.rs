//! The steps of an initiative from state to state.

use super::{Conclusion, Initiative};
use crate::domain::{Decision, InitiativeState, Iteration, Rollout, Step, Transition, Verdict, WrongState};

impl Initiative {
    /// Approves what was proposed: it is planned from now on.
    pub(crate) fn approve(&mut self, step: Step) -> Result<(), WrongState> {
        if self.state != InitiativeState::Proposed {
            return Err(self.refuse("only what is proposed is approved; the initiative was planned before"));
        }
        self.enter(InitiativeState::Planned, step, String::new())?;
        self.version += 1;
        Ok(())
    }

    /// Begins the work on the current iteration.
    pub(crate) fn start(&mut self, step: Step) -> Result<(), WrongState> {
        self.check_preparing("the work on an iteration begins before its rollout")?;
        if self.state == InitiativeState::InProgress {
            return Err(self.refuse("the work has begun already; add actions to it, or roll it out"));
        }
        self.enter(InitiativeState::InProgress, step, String::new())?;
        self.version += 1;
        Ok(())
    }

    /// Refuses unless the current iteration may be rolled out.
    pub(crate) fn check_rollout(&self) -> Result<(), WrongState> {
        self.check_preparing("a rollout is declared once an iteration")?;
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

    /// The current iteration has reached the customers. A given `change` replaces what was said before. It is recorded who
    /// answers for it against its pilot, or else who declared it.
    pub(crate) fn roll_out(
        &mut self,
        change: Option<String>,
        rollout: Rollout,
        by: String,
    ) -> Result<(), WrongState> {
        self.check_rollout()?;
        let (by, reason) = match &rollout.pilot_override {
            Some(answers) => (answers.by.clone(), answers.reason.clone()),
            None => (by, String::new()),
        };
        let evidence = format!(
            "{} actions done; {} pieces of feedback before the rollout",
            self.current.actions.len(),
            rollout.plan.baseline_n
        );
        let at = rollout.at;
        self.enter(InitiativeState::RolledOut, Step { by, reason, at }, evidence)?;
        if let Some(change) = change {
            self.current.change = change;
        }
        self.current.rollout = Some(rollout);
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
            .filter(|_| self.state.is_with_customers())
        else {
            return Err(
                self.refuse("a verdict is reached on an iteration that was rolled out; roll it out first")
            );
        };
        rollout.looks_done = verdict.look;
        self.version += 1;
        let at = verdict.decided_at;
        let look = format!(
            "look {} of iteration {}: {} pieces of feedback before, {} after",
            verdict.look, self.current.number, verdict.n_before, verdict.n_after
        );
        if self.state == InitiativeState::RolledOut {
            let step = Step::of_look("a planned look was taken", at);
            self.enter(InitiativeState::Measuring, step, look.clone())?;
        }
        let conclusion = match verdict.decision {
            Decision::NotYet => Conclusion::Undecided,
            Decision::Effective => {
                let step = Step::of_look(&verdict.reason, at);
                self.enter(InitiativeState::Effective, step, look)?;
                self.current.verdict = Some(verdict);
                return Ok(Conclusion::Reached);
            }
            Decision::Ineffective => {
                let step = Step::of_look(&verdict.reason, at);
                self.enter(InitiativeState::Ineffective, step, look.clone())?;
                self.reopened(&verdict)
            }
            Decision::Inconclusive => self.reopened(&verdict),
        };
        self.current.verdict = Some(verdict);
        if let Conclusion::Reopened { reason } = &conclusion {
            let next = Iteration::new(self.current.number + 1, String::new(), reason.clone());
            self.past.push(std::mem::replace(&mut self.current, next));
            self.enter(InitiativeState::Planned, Step::of_look(reason, at), look)?;
        }
        Ok(conclusion)
    }

    fn reopened(&self, verdict: &Verdict) -> Conclusion {
        let reason = format!(
            "iteration {}: {}: {}",
            self.current.number,
            verdict.decision.in_words(),
            verdict.reason
        );
        Conclusion::Reopened { reason }
    }

    /// Gives it up.
    pub(crate) fn stop(&mut self, step: Step) -> Result<(), WrongState> {
        if !InitiativeState::Stopped.may_follow(Some(self.state)) {
            return Err(self.refuse("the initiative has ended and cannot be stopped; plan another one"));
        }
        self.stopped_reason.clone_from(&step.reason);
        self.enter(InitiativeState::Stopped, step, String::new())?;
        self.version += 1;
        Ok(())
    }

    /// Takes a step and records it. Refuses one that does not lead there.
    pub(super) fn enter(
        &mut self,
        to: InitiativeState,
        step: Step,
        evidence: String,
    ) -> Result<(), WrongState> {
        let from = self.state;
        if !to.may_follow(Some(from)) {
            let message = format!(
                "no step leads there: {} does not become {}",
                from.as_str(),
                to.as_str()
            );
            return Err(self.refuse(message));
        }
        self.state = to;
        self.note(Some(from), step, evidence);
        Ok(())
    }

    /// Records the step that led to the present state.
    pub(super) fn note(&mut self, from: Option<InitiativeState>, step: Step, evidence: String) {
        let Step { by, reason, at } = step;
        self.transitions += 1;
        self.taken.push(Transition {
            number: self.transitions,
            iteration: self.current.number,
            from,
            to: self.state,
            by,
            reason,
            evidence,
            at,
        });
    }
}
