//! What is in flight: how far it has come, and whom it waits for.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Action, Decision, Goal, InitiativeState, IssueState, LaterEvidence, Money, Pilot, PilotLook, PilotState,
    Recognition, Rollout, Severity, Target, Verdict, held_up_by,
};

/// An issue with what is done about it now.
#[derive(Clone, Debug)]
pub(crate) struct OnBoard {
    pub(crate) issue_id: Uuid,
    pub(crate) title: String,
    pub(crate) topic_id: String,
    pub(crate) product: String,
    pub(crate) state: IssueState,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    pub(crate) cohort_size: i64,
    /// The issue that it was a part of.
    pub(crate) split_from: Option<Uuid>,
    /// How many of the cohort went on to issues split from it.
    pub(crate) gone_on: i64,
    /// What was said of it since its cohort was fixed, as it was counted last.
    pub(crate) later: Option<LaterEvidence>,
    /// How bad it is for one whom it hits.
    pub(crate) severity: Option<Severity>,
    /// The initiative that was not stopped.
    pub(crate) work: Option<AtWork>,
}

/// An initiative with its current iteration.
#[derive(Clone, Debug)]
pub(crate) struct AtWork {
    pub(crate) initiative_id: Uuid,
    pub(crate) title: String,
    pub(crate) state: InitiativeState,
    /// Empty for none.
    pub(crate) team: String,
    pub(crate) budget: Option<Money>,
    /// The sum of the ledger of costs, in the currency's smallest unit.
    pub(crate) spent: i64,
    pub(crate) owner: String,
    pub(crate) iteration: i32,
    /// When the iteration came to be: with the initiative, or with the verdict on the one before.
    pub(crate) begun_at: DateTime<Utc>,
    pub(crate) target: Target,
    pub(crate) actions: Vec<Action>,
    pub(crate) rollout: Option<Rollout>,
    /// The last statement about the iteration.
    pub(crate) verdict: Option<Verdict>,
    /// The iteration's pilot that was not stopped, with the last statement about it.
    pub(crate) pilot: Option<(Pilot, Option<PilotLook>)>,
}

/// How far a problem has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BoardStage {
    Untouched,
    Preparing,
    Ready,
    Piloting,
    Measuring,
    Closed,
}

/// Of which kind something is that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockerKind {
    Decision,
    Action,
    Measurement,
}

/// What a problem waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blocker {
    pub(crate) kind: BlockerKind,
    /// Empty where nobody is named yet, or only time can tell.
    pub(crate) who: String,
    pub(crate) what: String,
    pub(crate) action_id: Option<Uuid>,
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// The action due next, where this one holds it up.
    pub(crate) holds_up: Option<Uuid>,
}

impl Blocker {
    fn decision(who: &str, what: impl Into<String>) -> Self {
        Self {
            kind: BlockerKind::Decision,
            who: who.to_owned(),
            what: what.into(),
            action_id: None,
            due_at: None,
            holds_up: None,
        }
    }

    /// An action that is to be done next, or what holds it up: who waits for another cannot go on.
    fn action(next: &Action, actions: &[Action]) -> Self {
        let held_up = held_up_by(actions, next).first().copied();
        let (action, what) = match held_up {
            Some(before) => {
                let what = format!(
                    "{} ({} waits for it with \"{}\")",
                    before.title, next.owner, next.title
                );
                (before, what)
            }
            None => (next, next.title.clone()),
        };
        Self {
            kind: BlockerKind::Action,
            who: action.owner.clone(),
            what,
            action_id: Some(action.action_id),
            // The one due first is due first also where it waits: what holds it up is needed by then.
            due_at: next.due_at,
            holds_up: held_up.map(|_| next.action_id),
        }
    }

    fn measurement(what: &str, due_at: Option<DateTime<Utc>>) -> Self {
        Self {
            kind: BlockerKind::Measurement,
            who: String::new(),
            what: what.to_owned(),
            action_id: None,
            due_at,
            holds_up: None,
        }
    }
}

/// When a verdict is due, and what the last planned look said.
///
/// It holds stored statements only: a look between the planned ones would spend an error rate that nobody planned for
/// (Armitage, `McPherson` and Rowe, JRSS A 132(2), 1969).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Projected {
    pub(crate) next_look_at: Option<DateTime<Utc>>,
    pub(crate) due_at: Option<DateTime<Utc>>,
    pub(crate) looks_taken: usize,
    pub(crate) looks_planned: usize,
    pub(crate) metric: &'static str,
    /// With its sign.
    pub(crate) smallest_effect: f64,
    pub(crate) said: Option<LookSaid>,
    pub(crate) pilot: Option<(Uuid, PilotState)>,
}

/// What a look said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LookSaid {
    pub(crate) decision: Decision,
    pub(crate) effect: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) level: f64,
    pub(crate) at: DateTime<Utc>,
    /// How it was compared.
    pub(crate) method: String,
}

/// Everything in flight, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BoardSummary {
    pub(crate) issues_untouched: i64,
    pub(crate) issues_in_work: i64,
    pub(crate) initiatives_measuring: i64,
    pub(crate) pilots_running: i64,
    pub(crate) actions_overdue: i64,
    pub(crate) goals_open: i64,
    pub(crate) goals_off_track: i64,
}

/// A page of the board.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    pub(crate) as_of: DateTime<Utc>,
    /// On the first page only, like the goals.
    pub(crate) summary: Option<BoardSummary>,
    pub(crate) items: Vec<OnBoard>,
    pub(crate) goals: Vec<Goal>,
    /// On the first page only.
    pub(crate) recognitions: Vec<Recognition>,
    /// The token of the next page.
    pub(crate) next: String,
}

impl OnBoard {
    /// How far it has come, and since when.
    pub(crate) fn stage(&self) -> (BoardStage, DateTime<Utc>) {
        if let Some(closed_at) = self.closed_at.filter(|_| self.state == IssueState::Resolved) {
            return (BoardStage::Closed, closed_at);
        }
        self.work
            .as_ref()
            .map_or((BoardStage::Untouched, self.opened_at), AtWork::stage)
    }

    /// Whole hours from its discovery until `now`, or until it was closed.
    pub(crate) fn age_hours(&self, now: DateTime<Utc>) -> i64 {
        (self.closed_at.unwrap_or(now) - self.opened_at)
            .num_hours()
            .max(0)
    }

    /// What it waits for; `None` once it is closed.
    pub(crate) fn blocker(&self) -> Option<Blocker> {
        match (self.stage().0, &self.work) {
            (BoardStage::Closed, _) => None,
            (_, None) => Some(Blocker::decision("", "plan an initiative, or report who will")),
            (stage, Some(work)) => Some(work.blocker(stage)),
        }
    }

    /// Whether something about it is past its date at `now`.
    pub(crate) fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        let blocked = self.blocker().and_then(|blocker| blocker.due_at);
        blocked.is_some_and(|due_at| due_at < now)
            || self
                .work
                .as_ref()
                .is_some_and(|work| work.overdue_actions(now) > 0)
    }

    /// When its verdict is due; `None` where nothing is, or was, measured.
    pub(crate) fn projected(&self) -> Option<Projected> {
        let work = self.work.as_ref()?;
        match &work.rollout {
            Some(rollout) => Some(work.of_rollout(rollout)),
            None => work.pilot.as_ref().map(of_pilot),
        }
    }
}

impl AtWork {
    fn stage(&self) -> (BoardStage, DateTime<Utc>) {
        let piloting = self
            .pilot
            .as_ref()
            .filter(|(pilot, _)| pilot.state == PilotState::Running)
            .and_then(|(pilot, _)| pilot.started_at);
        let done = self.actions.iter().map(|action| action.completed_at);
        let all_done: Option<Vec<_>> = done.collect();
        match (&self.rollout, piloting, all_done) {
            (Some(rollout), ..) => (BoardStage::Measuring, rollout.at),
            (None, Some(started_at), _) => (BoardStage::Piloting, started_at),
            (None, None, Some(done)) if !done.is_empty() => {
                let concluded = self.pilot.as_ref().and_then(|(pilot, _)| pilot.ended_at);
                let last = done.into_iter().chain(concluded).max();
                (BoardStage::Ready, last.unwrap_or(self.begun_at))
            }
            (None, None, _) => (BoardStage::Preparing, self.begun_at),
        }
    }

    /// The actions that are not done, the one due first first; those without a date come last.
    fn open_actions(&self) -> Vec<&Action> {
        let mut open: Vec<_> = self
            .actions
            .iter()
            .filter(|action| action.completed_at.is_none())
            .collect();
        open.sort_by_key(|action| action.due_order());
        open
    }

    /// How many actions are not done.
    pub(crate) fn open_action_count(&self) -> usize {
        self.open_actions().len()
    }

    /// How many of them are past their date at `now`.
    pub(crate) fn overdue_actions(&self, now: DateTime<Utc>) -> usize {
        self.open_actions()
            .iter()
            .filter(|action| action.due_at.is_some_and(|due_at| due_at < now))
            .count()
    }

    fn blocker(&self, stage: BoardStage) -> Blocker {
        let owner = self.owner.as_str();
        if self.state == InitiativeState::Proposed {
            return Blocker::decision("", "approve the initiative, or stop it");
        }
        match stage {
            BoardStage::Measuring => {
                let next = self.rollout.as_ref().and_then(Rollout::next_look);
                Blocker::measurement(
                    "feedback after the rollout, until the next planned look",
                    next.map(|(_, at)| at),
                )
            }
            BoardStage::Piloting => {
                let deadline = self.pilot.as_ref().and_then(|(pilot, _)| pilot.deadline);
                Blocker::measurement("answers of the pilot's customers", deadline)
            }
            BoardStage::Ready => Blocker::decision(owner, self.when_ready()),
            _ => match self.open_actions().first() {
                Some(action) => Blocker::action(action, &self.actions),
                None if self.iteration > 1 => {
                    Blocker::decision(owner, "say what to change next, and who does it; or stop")
                }
                None => Blocker::decision(owner, "say what has to be done, and by whom"),
            },
        }
    }

    /// What its owner has to decide once every action is done.
    fn when_ready(&self) -> &'static str {
        let Some((pilot, look)) = &self.pilot else {
            return "roll it out, or plan a pilot";
        };
        match (pilot.state, look.as_ref().map(PilotLook::decision)) {
            (PilotState::Planned, _) => "start the pilot",
            (_, Some(Decision::Effective)) => "roll it out: its pilot helped",
            _ => "change it, stop it, or answer for a rollout: its pilot does not say that it helps",
        }
    }

    fn of_rollout(&self, rollout: &Rollout) -> Projected {
        Projected {
            next_look_at: rollout.next_look().map(|(_, at)| at),
            due_at: rollout.plan.looks.last().copied(),
            looks_taken: usize::try_from(rollout.looks_done).unwrap_or_default(),
            looks_planned: rollout.plan.looks.len(),
            metric: self.target.metric.as_str(),
            smallest_effect: self.target.smallest_effect(rollout.plan.baseline),
            said: self.verdict.as_ref().map(|verdict| LookSaid {
                decision: verdict.decision,
                effect: verdict.effect,
                low: verdict.low,
                high: verdict.high,
                level: verdict.level,
                at: verdict.decided_at,
                method: verdict.method.clone(),
            }),
            pilot: None,
        }
    }
}

fn of_pilot((pilot, look): &(Pilot, Option<PilotLook>)) -> Projected {
    let design = pilot.design();
    let taken = look.as_ref().map_or(0, |look| look.judgement.look);
    let running = pilot.state == PilotState::Running;
    Projected {
        next_look_at: pilot.deadline.filter(|_| running),
        due_at: pilot.deadline,
        looks_taken: usize::try_from(taken).unwrap_or_default(),
        looks_planned: pilot.plan.looks.len(),
        metric: pilot.setup.metric.metric.as_str(),
        smallest_effect: match design.better {
            attune_stats::pilot::Better::Higher => design.smallest_effect,
            attune_stats::pilot::Better::Lower => -design.smallest_effect,
        },
        said: look.as_ref().map(|look| LookSaid {
            decision: look.decision(),
            effect: look.judgement.effect,
            low: look.judgement.interval.map(|interval| interval.low),
            high: look.judgement.interval.map(|interval| interval.high),
            level: look.judgement.level,
            at: look.decided_at,
            method: "pilot".to_owned(),
        }),
        pilot: Some((pilot.pilot_id, pilot.state)),
    }
}
