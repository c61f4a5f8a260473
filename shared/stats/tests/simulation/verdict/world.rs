//! Worlds in which a topic's share follows a known course.

use attune_stats::verdict::{Bucket, Decision, Evaluation, Plan, SmallestEffect, Verdict, judge, plan};
use chrono::{DateTime, TimeDelta, Utc};

use crate::promise::Frequency;
use crate::random::Random;

/// The day of the data on which the issue appears.
pub(crate) const EVENT: f64 = 21.0;
/// The topic's usual share.
pub(crate) const USUAL: f64 = 0.03;
/// The topic's share while the issue lasts.
pub(crate) const ISSUE: f64 = 0.15;

/// The share by the day of the data.
pub(crate) type Course = Box<dyn Fn(f64) -> f64>;

/// Traffic, and how days differ.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) per_day: f64,
    /// The variance of a day's count over the binomial one: days have their own share, whatever its course.
    pub(crate) overdispersion: f64,
    /// By what part the share is higher on two days of the week and the volume lower.
    pub(crate) weekly: f64,
}

pub(crate) const PLAIN: World = World {
    per_day: 100.0,
    overdispersion: 1.0,
    weekly: 0.0,
};
pub(crate) const UNEVEN: World = World {
    per_day: 150.0,
    overdispersion: 1.4,
    weekly: 0.15,
};

pub(crate) fn start() -> DateTime<Utc> {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

pub(crate) fn day(days: f64) -> DateTime<Utc> {
    start() + TimeDelta::minutes((days * 1440.0).round() as i64)
}

impl World {
    /// Hourly counts from the start until `until`, in days.
    pub(crate) fn hourly(self, share: impl Fn(f64) -> f64, until: f64, random: &mut Random) -> Vec<Bucket> {
        let (mut tilt, start) = (0.0, start());
        (0..(until * 24.0) as i64)
            .map(|hour| {
                if hour % 24 == 0 {
                    tilt = random.normal();
                }
                let time = (hour as f64 + 0.5) / 24.0;
                let weekend = if (hour / 24) % 7 >= 5 { self.weekly } else { 0.0 };
                let p = share(time) * (1.0 + weekend);
                let deviation = ((self.overdispersion - 1.0) * p * (1.0 - p) / self.per_day).sqrt();
                let night = 1.0 - 0.8 * (std::f64::consts::TAU * (time - 0.125)).cos();
                let n = random.poisson(self.per_day / 24.0 * night * (1.0 - 2.0 * weekend));
                let successes = random.binomial(n, (p + deviation * tilt).clamp(0.0, 1.0));
                Bucket {
                    start: start + TimeDelta::hours(hour),
                    end: start + TimeDelta::hours(hour + 1),
                    successes: u64::from(successes),
                    n: u64::from(n),
                }
            })
            .collect()
    }
}

/// A share that jumps with the event and falls at `change` to `then`.
pub(crate) fn step(change: f64, then: f64) -> Course {
    Box::new(move |t| {
        if t < EVENT {
            USUAL
        } else if t < change {
            ISSUE
        } else {
            then
        }
    })
}

/// A plan sized for 80 % power at the issue's share.
pub(crate) fn sized(deadline: f64, overdispersion: f64) -> Plan {
    let sample = plan(ISSUE, SmallestEffect::DEFAULT, 0.8, 0.10, overdispersion).unwrap();
    Plan::new(SmallestEffect::DEFAULT, sample.n, day(deadline))
}

pub(crate) fn judged(plan: &Plan, series: &[Bucket], opened: f64, rollout: f64, now: f64) -> Verdict {
    judge(&Evaluation {
        plan,
        series,
        comparison: None,
        strata: &[],
        issue_window_start: day(EVENT - 0.5),
        opened_at: day(opened),
        rolled_out_at: day(rollout),
        now: day(now),
    })
}

/// One issue that is opened, acted upon, and judged two weeks later by a plan sized for this world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial {
    pub(crate) world: World,
    /// Days from the event to the opening.
    pub(crate) opened: f64,
    /// Days from the opening to the rollout.
    pub(crate) delay: f64,
}

impl Trial {
    pub(crate) fn rollout(self) -> f64 {
        EVENT + self.opened + self.delay
    }

    pub(crate) fn verdict(self, course: impl Fn(&mut Random) -> Course, seed: u64) -> Verdict {
        let mut random = Random::seeded(seed);
        let course = course(&mut random);
        let (rollout, end) = (self.rollout(), self.rollout() + 14.0);
        let series = self.world.hourly(course, end, &mut random);
        judged(
            &sized(end, self.world.overdispersion),
            &series,
            EVENT + self.opened,
            rollout,
            end,
        )
    }

    pub(crate) fn frequency(
        self,
        decision: Decision,
        runs: u64,
        course: impl Fn(&mut Random) -> Course,
    ) -> Frequency {
        Frequency::of(runs, |seed| self.verdict(&course, seed).decision == decision)
    }
}
