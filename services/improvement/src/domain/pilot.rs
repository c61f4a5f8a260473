//! A change tried on a part of the customers before everyone gets it.

mod assignment;
mod look;
mod metric;

use attune_stats::pilot::{Design, Plan, RatioCheck, Sample, Stratum, sample_ratio};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use assignment::{Arm, Assignment, Candidate, Exposure};
pub(crate) use look::{Gathered, PilotLook, StratumAnswers, is_due, take};
pub(crate) use metric::{Answers, Mention, PilotMetric, Rating, Said, Sentiment};

use super::WrongState;

/// Below this a running pilot is known to be broken before its next look. Checked each day for at most a year, a sound
/// one is called broken with less than 0.4 % (Bonferroni).
const BROKEN: f64 = 1e-5;
/// Below this the arms' sizes contradict the assignment, as at a look.
const MISMATCH: f64 = 0.001;
/// How often a look may be due.
const INTERVAL: TimeDelta = TimeDelta::days(1);
/// How long after its end a pilot is restated with what arrived late.
const RESTATED_AFTER: TimeDelta = TimeDelta::days(7);

/// Where a pilot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum PilotState {
    /// The plan is shown; nobody is assigned yet.
    Planned,
    /// Customers are assigned and exposed.
    Running,
    /// It has its verdict.
    Concluded,
    /// It was ended without one.
    Stopped,
}

impl PilotState {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Concluded => "concluded",
            Self::Stopped => "stopped",
        }
    }
}

/// A metric that must not get worse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PilotGuard {
    pub(crate) metric: PilotMetric,
    pub(crate) tolerated: f64,
}

/// What was decided before the start, beside the statistical design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setup {
    pub(crate) hypothesis: String,
    pub(crate) metric: PilotMetric,
    pub(crate) guards: Vec<PilotGuard>,
    pub(crate) strata: Vec<String>,
    pub(crate) deadline_days: i32,
}

/// A stored pilot.
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
#[derive(Clone, Debug)]
pub(crate) struct Pilot {
    pub(crate) pilot_id: Uuid,
    pub(crate) initiative_id: Uuid,
    pub(crate) iteration: i32,
    /// How many events were told about it.
    pub(crate) events: i64,
    pub(crate) setup: Setup,
    pub(crate) plan: Plan,
    pub(crate) baseline_n: i64,
    pub(crate) state: PilotState,
    /// Whether it was told that the arms' sizes are wrong.
    pub(crate) ratio_told: bool,
    pub(crate) stopped_reason: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) deadline: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// How many customers there are in an arm of a stratum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArmCount {
    pub(crate) arm: Arm,
    pub(crate) stratum: String,
    pub(crate) assigned: i64,
    pub(crate) exposed: i64,
    /// Those who got the change.
    pub(crate) treated: i64,
}

/// A ratio check of all customers, or of a stratum.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StratumCheck {
    pub(crate) stratum: String,
    pub(crate) control: u64,
    pub(crate) check: RatioCheck,
}

impl Pilot {
    /// A pilot as it is planned.
    pub(crate) fn planned(
        (pilot_id, initiative_id, iteration): (Uuid, Uuid, i32),
        setup: Setup,
        (plan, baseline_n): (Plan, i64),
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            pilot_id,
            initiative_id,
            iteration,
            events: 0,
            setup,
            plan,
            baseline_n,
            state: PilotState::Planned,
            ratio_told: false,
            stopped_reason: String::new(),
            created_at: now,
            started_at: None,
            deadline: None,
            ended_at: None,
        }
    }

    /// The number of the next event about it.
    pub(crate) fn next_event(&mut self) -> i64 {
        self.events += 1;
        self.events
    }

    /// The statistical design.
    pub(crate) fn design(&self) -> &Design {
        &self.plan.design
    }

    /// Customers are assigned from now on.
    pub(crate) fn start(&mut self, now: DateTime<Utc>) -> Result<(), WrongState> {
        if self.state != PilotState::Planned {
            return Err(self.refuse("a pilot begins once; plan another one"));
        }
        self.state = PilotState::Running;
        self.started_at = Some(now);
        self.deadline = Some(now + TimeDelta::days(self.setup.deadline_days.into()));
        Ok(())
    }

    /// Ends it without a verdict.
    pub(crate) fn stop(&mut self, reason: String, now: DateTime<Utc>) -> Result<(), WrongState> {
        if !self.is_live() {
            return Err(self.refuse("the pilot has ended; plan another one"));
        }
        self.state = PilotState::Stopped;
        self.stopped_reason = reason;
        self.ended_at = Some(now);
        Ok(())
    }

    /// It has its verdict.
    pub(crate) fn conclude(&mut self, now: DateTime<Utc>) {
        self.state = PilotState::Concluded;
        self.ended_at = Some(now);
    }

    /// Whether it is planned or running.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.state, PilotState::Planned | PilotState::Running)
    }

    /// Refuses unless it runs.
    pub(crate) fn check_running(&self) -> Result<(), WrongState> {
        match self.state {
            PilotState::Running => Ok(()),
            PilotState::Planned => Err(self.refuse("the pilot has not begun; start it first")),
            PilotState::Concluded | PilotState::Stopped => {
                Err(self.refuse("the pilot has ended; nobody is assigned or exposed any more"))
            }
        }
    }

    /// When it is looked at next after `now`; `None` when it is not running.
    pub(crate) fn next_look(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.deadline
            .filter(|_| self.state == PilotState::Running)
            .map(|deadline| (now + INTERVAL).min(deadline))
    }

    /// When it is restated; `None` when it has no verdict.
    pub(crate) fn restatement(&self) -> Option<DateTime<Utc>> {
        self.ended_at
            .filter(|_| self.state == PilotState::Concluded)
            .map(|ended| ended + RESTATED_AFTER)
    }

    /// The metric it is about and then each guard's, by the number they are stored under.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = &PilotMetric> {
        std::iter::once(&self.setup.metric).chain(self.setup.guards.iter().map(|guard| &guard.metric))
    }

    /// The answers of control and treated to a metric, of all strata.
    fn samples(&self, gathered: &Gathered, place: usize) -> [Sample; 2] {
        let metric = self.metrics().nth(place).unwrap_or(&self.setup.metric);
        let answers = gathered.answers.get(place).map_or(&[][..], Vec::as_slice);
        [|of: &StratumAnswers| of.control, |of: &StratumAnswers| of.treated].map(|arm| {
            let nobody = metric.sample(Answers::default());
            answers
                .iter()
                .fold(nobody, |all, of| all.with(&metric.sample(arm(of))))
        })
    }

    /// The same by the strata that the pilot has, with how many of each were assigned.
    fn strata(&self, gathered: &Gathered, place: usize) -> Vec<Stratum> {
        let metric = self.metrics().nth(place).unwrap_or(&self.setup.metric);
        let answers = gathered.answers.get(place).map_or(&[][..], Vec::as_slice);
        let stratum = |name: &String| {
            let nobody = StratumAnswers::default();
            let said = answers.iter().find(|of| of.stratum == *name).unwrap_or(&nobody);
            let assigned = gathered.arms.iter().filter(|count| count.stratum == *name);
            let assigned: i64 = assigned.map(|count| count.assigned).sum();
            Stratum {
                name: name.clone(),
                assigned: u64::try_from(assigned).unwrap_or_default(),
                control: metric.sample(said.control),
                treated: metric.sample(said.treated),
            }
        };
        self.setup.strata.iter().map(stratum).collect()
    }

    /// The part of the planned information there is.
    pub(crate) fn fraction(&self, gathered: &Gathered) -> f64 {
        let [control, treated] = self.samples(gathered, 0);
        self.plan.fraction(&control, &treated)
    }

    /// The ratio check of everybody, and of each stratum that has anybody.
    pub(crate) fn ratios(&self, arms: &[ArmCount]) -> (StratumCheck, Vec<StratumCheck>) {
        let check = |stratum: &str, arms: &[ArmCount], threshold: f64| {
            let control = look::exposed(arms, Arm::Control);
            let treated = look::exposed(arms, Arm::Treated);
            let mut check = sample_ratio(control, treated, self.design().treated_share);
            check.holds = check.p_value >= threshold;
            StratumCheck {
                stratum: stratum.to_owned(),
                control,
                check,
            }
        };
        let strata = &self.setup.strata;
        let threshold = MISMATCH / strata.len().max(1) as f64;
        let in_strata = strata.iter().map(|stratum| {
            let own: Vec<_> = arms
                .iter()
                .filter(|count| count.stratum == *stratum)
                .cloned()
                .collect();
            check(stratum, &own, threshold)
        });
        (check("", arms, MISMATCH), in_strata.collect())
    }

    /// The check that shows beyond doubt that the assignment is broken, the first time it does.
    pub(crate) fn broken(&mut self, arms: &[ArmCount]) -> Option<StratumCheck> {
        if self.ratio_told {
            return None;
        }
        let (all, strata) = self.ratios(arms);
        let threshold = BROKEN / (strata.len() + 1) as f64;
        let found = std::iter::once(all)
            .chain(strata)
            .find(|found| found.check.p_value < threshold)?;
        self.ratio_told = true;
        Some(found)
    }

    fn refuse(&self, message: &str) -> WrongState {
        WrongState::new(self.state.as_str(), message)
    }
}

#[cfg(test)]
mod tests;
