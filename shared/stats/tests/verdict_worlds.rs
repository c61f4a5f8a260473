//! Verdicts in simulated worlds whose truth is known.

use attune_stats::verdict::{
    Arm, Bucket, Comparison, Decision, Evaluation, Method, Pilot, Plan, SmallestEffect, Verdict, judge,
    judge_pilot, plan,
};
use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A world: the share on each day, and the traffic.
struct World {
    /// The topic's share at a time in days since the start of the data.
    share: Box<dyn Fn(f64) -> f64>,
    per_day: f64,
    /// The days' shares vary as a beta distribution whose variance inflates the binomial one by this factor.
    overdispersion: f64,
}

/// The issue appears on this day of the data.
const EVENT: f64 = 21.0;

fn start() -> DateTime<Utc> {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

fn day(days: f64) -> DateTime<Utc> {
    start() + TimeDelta::minutes((days * 1440.0).round() as i64)
}

fn normal(rng: &mut StdRng) -> f64 {
    let (u, v): (f64, f64) = (rng.random::<f64>().max(1e-12), rng.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

impl World {
    /// Hourly counts from the start until `until`, in days.
    fn hourly(&self, until: f64, seed: u64) -> Vec<Bucket> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut buckets = Vec::new();
        let mut tilt = 0.0;
        for hour in 0..(until * 24.0) as i64 {
            if hour % 24 == 0 {
                tilt = normal(&mut rng);
            }
            let time = hour as f64 / 24.0;
            let p = (self.share)(time + 1.0 / 48.0);
            // The day's own share: standard deviation such that a day's count has the overdispersion asked for.
            let deviation = ((self.overdispersion - 1.0).max(0.0) * p * (1.0 - p) / self.per_day).sqrt();
            let p = (p + deviation * tilt).clamp(0.0, 1.0);
            let night = 1.0 - 0.8 * (std::f64::consts::TAU * (time - 0.125)).cos();
            let expected = self.per_day / 24.0 * night.max(0.0);
            let mut n = 0;
            let mut left = (-expected).exp();
            let mut product: f64 = rng.random();
            while product > left {
                n += 1;
                product *= rng.random::<f64>();
                left = left.max(f64::MIN_POSITIVE);
            }
            let successes = (0..n).filter(|_| rng.random::<f64>() < p).count() as u64;
            let (start, end) = (
                start() + TimeDelta::hours(hour),
                start() + TimeDelta::hours(hour + 1),
            );
            buckets.push(Bucket {
                start,
                end,
                successes,
                n,
            });
        }
        buckets
    }
}

fn standard_plan(deadline: f64) -> Plan {
    let sample = plan(0.15, SmallestEffect::DEFAULT, 0.8, 0.05, 1.0).unwrap();
    Plan::new(SmallestEffect::DEFAULT, sample.n, day(deadline))
}

fn at(plan: &Plan, series: &[Bucket], opened: f64, rollout: f64, now: f64) -> Verdict {
    judge(&Evaluation {
        plan,
        series,
        comparison: None,
        issue_window_start: day(EVENT - 0.5),
        opened_at: day(opened),
        rolled_out_at: day(rollout),
        now: day(now),
    })
}

/// The share of worlds with this decision.
fn rate(decision: Decision, verdicts: &[Verdict]) -> f64 {
    verdicts
        .iter()
        .filter(|verdict| verdict.decision == decision)
        .count() as f64
        / verdicts.len() as f64
}

/// A share that jumps with the event and falls again at `change` to `then`.
fn step(change: f64, then: f64, per_day: f64, overdispersion: f64) -> World {
    let share = move |t: f64| match t {
        t if t < EVENT => 0.03,
        t if t < change => 0.15,
        _ => then,
    };
    World {
        share: Box::new(share),
        per_day,
        overdispersion,
    }
}

/// Verdicts of worlds that differ in chance only.
fn verdicts(runs: u64, opened: f64, rollout: f64, world: impl Fn() -> World) -> Vec<Verdict> {
    let end = rollout + 14.0;
    (0..runs)
        .map(|seed| {
            at(
                &standard_plan(end),
                &world().hourly(end, seed),
                opened,
                rollout,
                end,
            )
        })
        .collect()
}

#[test]
fn a_change_that_does_nothing_is_not_called_effective() {
    for (plateau, overdispersion) in [(7.0, 1.0), (14.0, 1.5)] {
        let (opened, rollout) = (EVENT + 1.5, EVENT + 1.5 + plateau);
        let found = verdicts(60, opened, rollout, || step(rollout, 0.15, 100.0, overdispersion));
        assert!(rate(Decision::Effective, &found) <= 0.05);
        assert!(rate(Decision::Ineffective, &found) >= 0.6);
    }
}

#[test]
fn a_spike_that_passes_by_itself_is_no_success_at_any_delay() {
    for half_life in [1.0, 3.0, 6.0] {
        for delay in [1.0, 4.0, 7.0, 11.0] {
            let (opened, rollout) = (EVENT + 1.0, EVENT + 1.0 + delay);
            let found = verdicts(25, opened, rollout, || World {
                share: Box::new(move |t| {
                    if t < EVENT {
                        0.03
                    } else {
                        0.03 + 0.15 * (-(t - EVENT) / half_life).exp2()
                    }
                }),
                per_day: 150.0,
                overdispersion: 1.2,
            });
            let effective = rate(Decision::Effective, &found);
            assert!(
                effective <= 0.05,
                "half-life {half_life}, delay {delay}: {effective}"
            );
        }
    }
}

#[test]
fn a_real_cure_of_a_persistent_problem_is_called_effective() {
    for (plateau, per_day) in [(7.0, 200.0), (14.0, 100.0)] {
        let (opened, rollout) = (EVENT + 1.5, EVENT + 1.5 + plateau);
        let found = verdicts(60, opened, rollout, || step(rollout, 0.035, per_day, 1.2));
        let effective = rate(Decision::Effective, &found);
        assert!(effective >= 0.8, "plateau {plateau}: {effective}");
    }
}

#[test]
fn the_interval_covers_the_true_change_as_often_as_it_says() {
    let (opened, rollout) = (EVENT + 1.5, EVENT + 11.5);
    let runs = 600;
    let covered = (0..runs)
        .filter(|&seed| {
            let end = rollout + 9.0;
            let series = step(rollout, 0.12, 100.0, 1.4).hourly(end, seed);
            let plan = Plan {
                looks: 1,
                alpha: 0.05,
                ..Plan::new(SmallestEffect::DEFAULT, 700, day(end))
            };
            let verdict = at(&plan, &series, opened, rollout, end);
            let interval = verdict.interval.unwrap();
            assert!((verdict.level - 0.95).abs() < 1e-6);
            interval.low <= -0.03 && -0.03 <= interval.high
        })
        .count();
    let rate = covered as f64 / runs as f64;
    // Three standard errors of this simulation are 2.7 points.
    assert!((0.93 - 0.01..=0.97 + 0.01).contains(&rate), "coverage {rate}");
}

#[test]
fn the_demo_finds_the_first_iteration_ineffective_and_the_second_effective() {
    let runs = 60;
    let (opened, first) = (EVENT + 1.5, EVENT + 8.5);
    let judged = first + 10.0;
    let second = judged + 4.0;
    let end = second + 10.0;
    let worlds: Vec<_> = (1000..1000 + runs)
        .map(|seed| step(second, 0.035, 100.0, 1.0).hourly(end, seed))
        .collect();
    let judge_all = |rollout: f64| -> Vec<Verdict> {
        let plan = standard_plan(rollout + 21.0);
        worlds
            .iter()
            .map(|series| at(&plan, series, opened, rollout, rollout + 10.0))
            .collect()
    };
    let (ineffective, effective) = (
        rate(Decision::Ineffective, &judge_all(first)),
        rate(Decision::Effective, &judge_all(second)),
    );
    assert!(ineffective >= 0.8, "first iteration ineffective in {ineffective}");
    assert!(effective >= 0.9, "second iteration effective in {effective}");
}

#[test]
fn the_verdict_does_not_depend_on_how_often_one_asks() {
    let (opened, rollout) = (EVENT + 1.5, EVENT + 15.5);
    let series = step(rollout, 0.035, 100.0, 1.0).hourly(rollout + 14.0, 7);
    let plan = standard_plan(rollout + 30.0);
    let early = at(&plan, &series, opened, rollout, rollout + 5.0);
    assert_eq!((early.decision, early.effect), (Decision::NotYet, None));
    let on_the_day = at(&plan, &series, opened, rollout, rollout + 8.0);
    let later = at(&plan, &series, opened, rollout, rollout + 13.0);
    assert_eq!(on_the_day.decision, Decision::Effective);
    assert_eq!(
        (on_the_day.effect, on_the_day.n_after),
        (later.effect, later.n_after)
    );
}

#[test]
fn a_comparable_group_that_falls_alike_takes_the_credit_away() {
    let (opened, rollout) = (EVENT + 1.5, EVENT + 4.5);
    let end = rollout + 12.0;
    let plan = standard_plan(end);
    let fading = |seed| step(rollout, 0.05, 300.0, 1.0).hourly(end, seed);
    let (treated, group) = (fading(1), fading(2));
    let steady = step(rollout, 0.15, 300.0, 1.0).hourly(end, 3);
    let with = |series: &[Bucket], name: &str| {
        judge(&Evaluation {
            plan: &plan,
            series: &treated,
            comparison: Some(Comparison { name, series }),
            issue_window_start: day(EVENT - 0.5),
            opened_at: day(opened),
            rolled_out_at: day(rollout),
            now: day(end),
        })
    };
    let alike = with(&group, "the other region");
    assert_eq!(alike.method, Method::DifferenceInDifferences);
    assert_ne!(alike.decision, Decision::Effective);
    assert_eq!(with(&steady, "the other region").decision, Decision::Effective);
    let never_hit = World {
        share: Box::new(|_| 0.03),
        per_day: 300.0,
        overdispersion: 1.0,
    }
    .hourly(end, 4);
    let unlike = with(&never_hit, "a region without the event");
    assert_eq!(
        (unlike.method, unlike.decision),
        (Method::PlateauForecast, Decision::Inconclusive)
    );
}

#[test]
fn a_pilot_with_arms_of_the_wrong_size_is_withheld() {
    let plan = Plan::new(SmallestEffect::DEFAULT, 4000, day(40.0));
    let pilot = |control, treated| {
        judge_pilot(&Pilot {
            plan: &plan,
            control,
            treated,
            planned_treated_fraction: 0.5,
            overdispersion: 1.0,
            deadline_passed: false,
        })
    };
    let good = pilot(
        Arm {
            successes: 300,
            n: 2000,
        },
        Arm {
            successes: 100,
            n: 2000,
        },
    );
    assert_eq!(good.decision, Decision::Effective);
    let mismatch = pilot(
        Arm {
            successes: 300,
            n: 2200,
        },
        Arm {
            successes: 90,
            n: 1800,
        },
    );
    assert_eq!(
        (mismatch.decision, mismatch.effect),
        (Decision::Inconclusive, None)
    );
    let nothing = pilot(
        Arm {
            successes: 300,
            n: 2000,
        },
        Arm {
            successes: 300,
            n: 2000,
        },
    );
    assert_eq!(nothing.decision, Decision::Ineffective);
    let early = pilot(
        Arm {
            successes: 30,
            n: 200,
        },
        Arm {
            successes: 10,
            n: 200,
        },
    );
    assert_eq!((early.decision, early.effect), (Decision::NotYet, None));
}

#[test]
fn the_planned_sample_is_the_one_of_the_textbook() {
    // Fleiss, Levin, Paik: (1.96 + 0.8416)² (0.15 · 0.85 + 0.105 · 0.895) / 0.045² = 858.5.
    assert_eq!(
        plan(0.15, SmallestEffect::Relative(0.3), 0.8, 0.05, 1.0)
            .unwrap()
            .n,
        859
    );
    assert!(plan(0.15, SmallestEffect::Absolute(0.2), 0.8, 0.05, 1.0).is_err());
}
