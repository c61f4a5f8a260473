//! What streams are about.

use attune_stats::MetricId;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Grain, Measure, Slice, Step, Window};

/// New feedback as the service tells of it: what streams choose by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(crate) feedback_id: Uuid,
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
    pub(crate) product: String,
    pub(crate) agent_id: String,
    pub(crate) team: String,
    /// By its name in the API.
    pub(crate) stage: String,
    pub(crate) language: String,
    pub(crate) segments: Vec<String>,
    pub(crate) topics: Vec<String>,
}

/// A number that is watched: over a window of so many hours, the one that runs being the last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Watched {
    pub(crate) metric: MetricId,
    pub(crate) slice: Slice,
    pub(crate) hours: i32,
}

impl Watched {
    /// The question for the number at `now`.
    pub(crate) fn measure(&self, now: DateTime<Utc>) -> Measure {
        let end = Grain::Hour.start_of(now) + TimeDelta::hours(1);
        Measure {
            metric: self.metric,
            slice: self.slice.clone(),
            window: Window {
                start: end - TimeDelta::hours(self.hours.into()),
                end,
            },
            step: Step::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_that_runs_is_the_last_of_the_window_also_when_it_begins() {
        let watched = Watched {
            metric: MetricId::Nps,
            slice: Slice::default(),
            hours: 2,
        };
        for now in ["2026-03-02T08:00:00Z", "2026-03-02T08:59:59.999999Z"] {
            let window = watched.measure(now.parse().unwrap()).window;
            assert_eq!(
                (window.start, window.end),
                (
                    "2026-03-02T07:00:00Z".parse().unwrap(),
                    "2026-03-02T09:00:00Z".parse().unwrap()
                ),
                "{now}"
            );
        }
    }
}
