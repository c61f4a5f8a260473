//! A number that is to change, by when, and what became of it.

mod measurement;
mod quantity;

use attune_rpc::Etag;
use attune_stats::metric::ConfidenceLevel;
use attune_stats::trend::{Projection, Window, project};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

pub(crate) use measurement::{Estimate, GoalMeasurement, GoalTrack, Measured};
pub(crate) use quantity::{Quantity, Slice};

use super::WrongState;

/// How often a number is recorded.
const INTERVAL: TimeDelta = TimeDelta::days(1);

/// Where a goal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum GoalState {
    /// The deadline is ahead.
    Open,
    /// A recorded number was at the target and certainly better than the baseline.
    Reached,
    /// The deadline passed without that.
    Missed,
    /// Given up.
    Cancelled,
}

impl GoalState {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Reached => "reached",
            Self::Missed => "missed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A stored goal.
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    pub(crate) goal_id: Uuid,
    pub(crate) version: i64,
    /// How many events were told about it.
    pub(crate) events: i64,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) quantity: Quantity,
    pub(crate) target: f64,
    pub(crate) deadline: DateTime<Utc>,
    pub(crate) principle_ids: Vec<Uuid>,
    pub(crate) state: GoalState,
    pub(crate) track: GoalTrack,
    pub(crate) reason: String,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) baseline: GoalMeasurement,
    /// The baseline itself on the first day.
    pub(crate) latest: GoalMeasurement,
}

/// A goal to be set.
#[derive(Clone, Debug)]
pub(crate) struct GoalDraft {
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) quantity: Quantity,
    pub(crate) target: f64,
    pub(crate) deadline: DateTime<Utc>,
    pub(crate) principle_ids: Vec<Uuid>,
}

/// A change of some fields; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct GoalChange {
    pub(crate) name: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) principle_ids: Option<Vec<Uuid>>,
}

/// What a recorded number leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing that anybody is told.
    Recorded,
    /// The goal will not be reached as it goes.
    WentOffTrack,
    /// It will be, after all.
    CameBackOnTrack,
    /// It is reached.
    Reached,
    /// It is too late.
    Missed,
}

impl Goal {
    /// Sets a goal with the number it begins from.
    pub(crate) fn set(
        goal_id: Uuid,
        draft: GoalDraft,
        measured: Measured,
        now: DateTime<Utc>,
    ) -> Result<Self, WrongState> {
        let refuse = |message: String| WrongState::new("unset", message);
        let baseline = measured.outcome.clone().map_err(|reason| {
            refuse(format!(
                "there is no baseline ({reason}); widen the slice or the window"
            ))
        })?;
        let GoalDraft {
            name,
            owner,
            quantity,
            target,
            deadline,
            principle_ids,
        } = draft;
        if quantity.reaches(baseline.value, target) {
            return Err(refuse(format!(
                "the target {target} is not better than the baseline {:.4}; set one that is still to be reached",
                baseline.value
            )));
        }
        let baseline = GoalMeasurement {
            number: 0,
            measured,
            projection: None,
            track: GoalTrack::TooEarly,
            measured_at: now,
        };
        Ok(Self {
            goal_id,
            version: 1,
            events: 0,
            name,
            owner,
            quantity,
            target,
            deadline,
            principle_ids,
            state: GoalState::Open,
            track: GoalTrack::TooEarly,
            reason: String::new(),
            closed_at: None,
            created_at: now,
            latest: baseline.clone(),
            baseline,
        })
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

    /// When the next number is recorded; `None` for a goal that is not open.
    pub(crate) fn next_measurement(&self) -> Option<DateTime<Utc>> {
        (self.state == GoalState::Open).then(|| (self.latest.measured.end + INTERVAL).min(self.deadline))
    }

    /// Which part of the way from the baseline to the target a number has gone.
    pub(crate) fn progress(&self, measured: &Measured) -> Option<f64> {
        let from = self.baseline.measured.estimate()?.value;
        Some((measured.estimate()?.value - from) / (self.target - from))
    }

    /// Changes what was said about it; answers whether anything is different now.
    pub(crate) fn apply(&mut self, change: GoalChange) -> bool {
        let GoalChange {
            name,
            owner,
            principle_ids,
        } = change;
        let before = (self.name.clone(), self.owner.clone(), self.principle_ids.clone());
        self.name = name.unwrap_or_else(|| before.0.clone());
        self.owner = owner.unwrap_or_else(|| before.1.clone());
        self.principle_ids = principle_ids.unwrap_or_else(|| before.2.clone());
        let changed = (&self.name, &self.owner, &self.principle_ids) != (&before.0, &before.1, &before.2);
        self.version += i64::from(changed);
        changed
    }

    /// Gives it up.
    pub(crate) fn cancel(&mut self, reason: String, now: DateTime<Utc>) -> Result<(), WrongState> {
        if self.state != GoalState::Open {
            let message = "the goal has ended and cannot be cancelled; set another one";
            return Err(WrongState::new(self.state.as_str(), message));
        }
        self.close(GoalState::Cancelled, reason, now);
        Ok(())
    }

    /// Records the number that was due at `due`, and decides what it means. `before` are the numbers recorded
    /// before it, in order. The goal is open, as [`next_measurement`](Self::next_measurement) says.
    pub(crate) fn record(
        &mut self,
        measured: Measured,
        before: &[Measured],
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Progress {
        let measured = measured.by_version(self.baseline.measured.definition_version);
        let projection = self.project(&measured, before);
        let track = projection.map_or(self.track, |projection| self.track_of(projection));
        let progress = match (self.track, track) {
            (GoalTrack::OffTrack, GoalTrack::OnTrack) => Progress::CameBackOnTrack,
            (old, GoalTrack::OffTrack) if old != GoalTrack::OffTrack => Progress::WentOffTrack,
            _ => Progress::Recorded,
        };
        self.latest = GoalMeasurement {
            number: self.latest.number + 1,
            measured,
            projection,
            track,
            measured_at: now,
        };
        self.track = track;
        self.version += 1;
        if let Some(reason) = self.reached() {
            self.close(GoalState::Reached, reason, now);
            return Progress::Reached;
        }
        if due >= self.deadline {
            let reason = self.missed();
            self.close(GoalState::Missed, reason, now);
            return Progress::Missed;
        }
        progress
    }

    fn close(&mut self, state: GoalState, reason: String, now: DateTime<Utc>) {
        self.state = state;
        self.reason = reason;
        self.closed_at = Some(now);
        // A recorded number has counted already; a cancellation has not.
        self.version += i64::from(state == GoalState::Cancelled);
    }

    fn project(&self, measured: &Measured, before: &[Measured]) -> Option<Projection> {
        let latest = measured.window()?;
        let version = self.baseline.measured.definition_version;
        let history: Vec<Window> = before
            .iter()
            .filter(|earlier| earlier.definition_version == version)
            .filter_map(Measured::window)
            .chain([latest])
            .collect();
        let level = ConfidenceLevel::try_from(measured.level).unwrap_or_default();
        project(&history, level, self.deadline)
    }

    /// An alert is raised when even the better end falls short, and taken back when the value itself does not.
    fn track_of(&self, projection: Projection) -> GoalTrack {
        let Projection { value, low, high, .. } = projection;
        let needed = match self.track {
            GoalTrack::OffTrack => value,
            GoalTrack::OnTrack | GoalTrack::TooEarly => self.quantity.best((low, high)),
        };
        if self.quantity.reaches(needed, self.target) {
            GoalTrack::OnTrack
        } else {
            GoalTrack::OffTrack
        }
    }

    /// Why the latest number reaches the target, if it does. A number that came there by chance is not a success:
    /// its whole interval must be better than where it began.
    fn reached(&self) -> Option<String> {
        let from = self.baseline.measured.estimate()?.value;
        let Estimate { value, low, high } = self.latest.measured.estimate()?;
        let worst = self.quantity.worst((low, high));
        let certainly_better = self.quantity.beats(worst, from);
        (self.quantity.reaches(value, self.target) && certainly_better).then(|| {
            format!(
                "{value:.4} is at the target {} and its interval {low:.4} to {high:.4} is better than the baseline \
                 {from:.4}",
                self.target
            )
        })
    }

    fn missed(&self) -> String {
        let target = self.target;
        match &self.latest.measured.outcome {
            Err(reason) => format!("the deadline passed and there is no number: {reason}"),
            Ok(Estimate { value, low, high }) if self.quantity.reaches(*value, target) => format!(
                "the deadline passed with {value:.4}, but its interval {low:.4} to {high:.4} holds the baseline: \
                 it may be chance"
            ),
            Ok(Estimate { value, low, high }) => format!(
                "the deadline passed with {value:.4} (interval {low:.4} to {high:.4}), short of the target {target}"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
