//! A recorded number.

use attune_stats::trend::{Projection, Window};
use chrono::{DateTime, Utc};

/// A number with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// What the feedback service says of a window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    /// The version of the metric's definition.
    pub(crate) definition_version: i32,
    pub(crate) n: i64,
    /// The number, or why there is none.
    pub(crate) outcome: Result<Estimate, String>,
    /// The level of the interval.
    pub(crate) level: f64,
}

impl Measured {
    /// The number, if there is one.
    pub(crate) fn estimate(&self) -> Option<Estimate> {
        self.outcome.as_ref().ok().copied()
    }

    /// The same by one version of the definition: numbers that were made in different ways are not compared.
    pub(super) fn by_version(self, version: i32) -> Self {
        let of = self.definition_version;
        if of == version {
            return self;
        }
        let reason = format!(
            "the metric's definition is version {of} and no longer version {version}, by which the goal was set; \
             cancel it and set another one"
        );
        Self {
            outcome: Err(reason),
            ..self
        }
    }

    /// As a point of a trend, where there is a number.
    pub(super) fn window(&self) -> Option<Window> {
        let Estimate { value, low, high } = self.estimate()?;
        Some(Window {
            start: self.start,
            end: self.end,
            value,
            low,
            high,
        })
    }
}

/// Whether a goal will be reached as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum GoalTrack {
    /// There are not yet two numbers whose windows do not overlap.
    TooEarly,
    /// The target is within reach.
    OnTrack,
    /// The whole projection falls short.
    OffTrack,
}

impl GoalTrack {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::TooEarly => "too_early",
            Self::OnTrack => "on_track",
            Self::OffTrack => "off_track",
        }
    }
}

/// A number in the history of a goal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GoalMeasurement {
    /// 0 is the baseline.
    pub(crate) number: i32,
    pub(crate) measured: Measured,
    pub(crate) projection: Option<Projection>,
    pub(crate) track: GoalTrack,
    pub(crate) measured_at: DateTime<Utc>,
}
