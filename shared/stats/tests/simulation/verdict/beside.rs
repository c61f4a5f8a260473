//! Verdicts beside a group in which nothing was changed, in worlds where something happens to both.

use attune_stats::verdict::{
    Bucket, Comparison, Decision, Evaluation, Method, Plan, SmallestEffect, Verdict, judge, plan,
};

use super::world::{Course, EVENT, ISSUE, USUAL, day, start};
use crate::promise::Frequency;
use crate::random::Random;
use chrono::TimeDelta;

/// Two groups with the same event, and what days do to them.
#[derive(Debug, Clone, Copy)]
struct Pair {
    per_day: f64,
    /// How far a day moves both shares: the standard deviation of its logarithm.
    shared: f64,
    /// How far a day moves the measured share alone, and how much of that is left the day after.
    apart: f64,
    lasting: f64,
    /// By what part the share is higher on two days of the week: the measured one's, and the group's.
    weekly: (f64, f64),
}

const CALM: Pair = Pair {
    per_day: 300.0,
    shared: 0.0,
    apart: 0.0,
    lasting: 0.0,
    weekly: (0.0, 0.0),
};
/// Days that move both by a quarter, weeks that are not alike, and days that hang together.
const ROUGH: Pair = Pair {
    per_day: 400.0,
    shared: 0.25,
    apart: 0.1,
    lasting: 0.4,
    weekly: (0.3, -0.15),
};

const OPENED: f64 = EVENT + 1.5;

impl Pair {
    fn hourly(self, (own, group): (Course, Course), until: f64, random: &mut Random) -> [Vec<Bucket>; 2] {
        let mut series = [Vec::new(), Vec::new()];
        let (mut both, mut apart) = (0.0, 0.0);
        let innovation = self.apart * (1.0 - self.lasting * self.lasting).sqrt();
        for hour in 0..(until * 24.0) as i64 {
            if hour % 24 == 0 {
                both = self.shared * random.normal();
                apart = self.lasting * apart + innovation * random.normal();
            }
            let time = (hour as f64 + 0.5) / 24.0;
            let weekend = (hour / 24) % 7 >= 5;
            let week = |by: f64| if weekend { 1.0 + by } else { 1.0 };
            let shares = [
                own(time) * week(self.weekly.0) * f64::exp(both + apart),
                group(time) * week(self.weekly.1) * f64::exp(both),
            ];
            for (series, share) in series.iter_mut().zip(shares) {
                let n = random.poisson(self.per_day / 24.0);
                let successes = random.binomial(n, share.clamp(0.0, 1.0));
                series.push(Bucket {
                    start: start() + TimeDelta::hours(hour),
                    end: start() + TimeDelta::hours(hour + 1),
                    successes: u64::from(successes),
                    n: u64::from(n),
                });
            }
        }
        series
    }
}

/// A trial of the pair: opened a day and a half after the event, rolled out after `delay` days, judged two weeks later.
#[derive(Debug, Clone, Copy)]
struct Beside {
    pair: Pair,
    delay: f64,
}

impl Beside {
    fn rollout(self) -> f64 {
        OPENED + self.delay
    }

    fn end(self) -> f64 {
        self.rollout() + 14.0
    }

    /// A plan for two groups alike, with 80 % power.
    fn plan(self) -> Plan {
        let sample = plan(ISSUE, SmallestEffect::DEFAULT, 0.8, 0.10, 1.0).unwrap();
        let sample = sample.beside((ISSUE, 1_000.0), (ISSUE, 1_000.0));
        Plan::new(SmallestEffect::DEFAULT, sample.n, day(self.end()))
    }

    fn judged(self, plan: &Plan, own: &[Bucket], group: Option<&[Bucket]>) -> Verdict {
        judge(&Evaluation {
            plan,
            series: own,
            comparison: group.map(|series| Comparison {
                name: "the other region",
                series,
            }),
            strata: &[],
            issue_window_start: day(EVENT - 0.5),
            opened_at: day(OPENED),
            rolled_out_at: day(self.rollout()),
            now: day(self.end()),
        })
    }

    fn verdict(self, courses: impl Fn(&mut Random) -> (Course, Course), seed: u64) -> Verdict {
        let mut random = Random::seeded(seed);
        let courses = courses(&mut random);
        let [own, group] = self.pair.hourly(courses, self.end(), &mut random);
        self.judged(&self.plan(), &own, Some(&group))
    }

    fn frequency(self, decision: Decision, courses: impl Fn(&mut Random) -> (Course, Course)) -> Frequency {
        Frequency::of(40, |seed| self.verdict(&courses, seed).decision == decision)
    }
}

const TRIALS: [Beside; 2] = [
    Beside {
        pair: CALM,
        delay: 7.0,
    },
    Beside {
        pair: ROUGH,
        delay: 14.0,
    },
];

/// From the event on the issue's share times what is left of it.
fn course(times: f64, left: impl Fn(f64) -> f64 + 'static) -> Course {
    Box::new(move |t| {
        if t < EVENT {
            USUAL
        } else {
            USUAL + (times * ISSUE - USUAL) * left(t)
        }
    })
}

fn standing() -> Course {
    course(1.0, |_| 1.0)
}

/// What is left falls to `then` of the share at an instant.
fn falling(at: f64, then: f64) -> Course {
    Box::new(move |t| {
        if t < EVENT {
            USUAL
        } else if t < at {
            ISSUE
        } else {
            then * ISSUE
        }
    })
}

type Null = (&'static str, fn(f64, &mut Random) -> (Course, Course));

/// Worlds in which the change does nothing, by the day of the rollout.
const NULLS: [Null; 8] = [
    (
        "a storm that ends for each by itself, a week later on average",
        |rollout, random| {
            let (own, group) = (random.exponential(7.0), random.exponential(7.0));
            (falling(rollout + own, 0.2), falling(rollout + group, 0.2))
        },
    ),
    ("a storm that ends for both at the rollout", |rollout, _| {
        (falling(rollout, 0.3), falling(rollout, 0.3))
    }),
    (
        "a storm that ends for both within days of it",
        |rollout, random| {
            let at = rollout - 3.0 + 6.0 * random.uniform();
            (falling(at, 0.3), falling(at, 0.3))
        },
    ),
    ("a storm that fades for both, half-life 4 days", |_, _| {
        let left = |t: f64| (-(t - EVENT) / 4.0).exp2();
        (course(1.0, left), course(1.0, left))
    }),
    (
        "a storm that fades for both and hit the measured one more",
        |_, _| {
            let left = |t: f64| (-(t - EVENT) / 4.0).exp2();
            (course(1.0, left), course(0.65, left))
        },
    ),
    ("a spike of its own on a storm that stands", |_, random| {
        let over = random.exponential(10.0);
        (
            course(1.0, move |t| if t - EVENT < over { 1.0 } else { 0.5 }),
            course(0.6, |_| 1.0),
        )
    }),
    ("a spike that the other never had", |_, random| {
        let over = random.exponential(10.0);
        (
            course(1.0, move |t| f64::from(u8::from(t - EVENT < over))),
            Box::new(|_| USUAL),
        )
    }),
    ("just the smallest effect", |rollout, _| {
        (falling(rollout, 0.7), standing())
    }),
];

#[test]
fn what_happens_to_both_or_passes_by_itself_is_no_success() {
    for trial in TRIALS {
        for (what, courses) in NULLS {
            trial
                .frequency(Decision::Effective, |random| courses(trial.rollout(), random))
                .at_most(
                    0.05,
                    &format!(
                        "beside a group, effective, {what}, {} days to the rollout, shared {}",
                        trial.delay, trial.pair.shared
                    ),
                );
        }
    }
}

#[test]
fn before_and_after_alone_is_fooled_by_a_storm_that_ends_for_both() {
    let trial = Beside {
        pair: CALM,
        delay: 14.0,
    };
    let believed = |beside: bool| {
        Frequency::of(40, |seed| {
            let courses = (falling(trial.rollout(), 0.3), falling(trial.rollout(), 0.3));
            let [own, group] = trial.pair.hourly(courses, trial.end(), &mut Random::seeded(seed));
            let group = beside.then_some(group.as_slice());
            trial.judged(&trial.plan(), &own, group).decision == Decision::Effective
        })
    };
    believed(false).at_least(0.6, "effective alone, a storm that ends for both at the rollout");
    believed(true).at_most(
        0.05,
        "effective beside a group, a storm that ends for both at the rollout",
    );
}

#[test]
fn a_change_that_works_is_found_beside_a_group_while_days_move_both() {
    for trial in TRIALS {
        for (what, then) in [("a cure", USUAL / ISSUE), ("twice the smallest effect", 0.4)] {
            trial
                .frequency(Decision::Effective, |_| {
                    (falling(trial.rollout(), then), standing())
                })
                .at_least(
                    0.8,
                    &format!(
                        "beside a group, effective, {what} after {} days, shared {}",
                        trial.delay, trial.pair.shared
                    ),
                );
        }
    }
}

#[test]
fn a_change_that_works_is_found_though_a_storm_hits_both_after_it() {
    let trial = TRIALS[0];
    let again = |at: f64, base: f64| -> Course {
        Box::new(move |t| {
            if t < EVENT {
                USUAL
            } else if t < at {
                ISSUE
            } else if t < at + 2.0 {
                base * ISSUE
            } else {
                2.0 * base * ISSUE
            }
        })
    };
    let courses = |_: &mut Random| (again(trial.rollout(), 0.3), again(trial.rollout(), 1.0));
    trial
        .frequency(Decision::Effective, courses)
        .at_least(0.8, "beside a group, effective, a second storm for both");
}

#[test]
fn a_change_that_does_nothing_is_called_ineffective_beside_a_group() {
    for trial in TRIALS {
        trial
            .frequency(Decision::Ineffective, |_| (standing(), standing()))
            .at_least(
                0.8,
                &format!(
                    "beside a group, ineffective, nothing after {} days, shared {}",
                    trial.delay, trial.pair.shared
                ),
            );
    }
}

#[test]
fn the_interval_beside_a_group_covers_the_true_change_as_often_as_it_says() {
    for trial in TRIALS {
        let plan = Plan {
            looks: 1,
            alpha: 0.05,
            ..trial.plan()
        };
        let covered = Frequency::of(100, |seed| {
            let courses = (falling(trial.rollout(), 0.8), standing());
            let [own, group] = trial.pair.hourly(courses, trial.end(), &mut Random::seeded(seed));
            let verdict = trial.judged(&plan, &own, Some(&group));
            // A group that is found not to be comparable by chance says nothing of this interval.
            verdict.method != Method::DifferenceInDifferences
                || verdict
                    .relative_interval
                    .is_some_and(|interval| interval.low <= -0.2 && -0.2 <= interval.high)
        });
        let what = format!(
            "coverage of the 95 % interval beside a group, {} days to the rollout, shared {}",
            trial.delay, trial.pair.shared
        );
        covered.at_least(0.93, &what);
    }
}

#[test]
fn a_group_that_moves_as_the_measured_slice_is_rarely_refused() {
    for trial in TRIALS {
        let refused = Frequency::of(60, |seed| {
            trial.verdict(|_| (standing(), standing()), seed).method != Method::DifferenceInDifferences
        });
        refused.at_most(
            0.08,
            &format!(
                "refused though comparable, {} days to the rollout, shared {}",
                trial.delay, trial.pair.shared
            ),
        );
    }
}
