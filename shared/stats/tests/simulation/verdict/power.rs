//! What must be recognised, and how sure the intervals are.

use attune_stats::verdict::{Decision, Plan, SmallestEffect, Verdict, plan};

use super::world::{EVENT, ISSUE, PLAIN, Trial, UNEVEN, World, day, judged, step};
use crate::promise::Frequency;
use crate::random::Random;

fn decided(verdict: &Verdict, decision: Decision) -> bool {
    verdict.decision == decision
}

#[test]
fn a_cure_to_the_usual_level_is_called_effective_after_a_week_of_plateau() {
    for world in [PLAIN, UNEVEN] {
        for delay in [7.0, 14.0] {
            let trial = Trial {
                world,
                opened: 1.5,
                delay,
            };
            trial
                .frequency(Decision::Effective, 150, |_| step(trial.rollout(), 0.035))
                .at_least(
                    0.8,
                    &format!(
                        "effective, cure after {delay} days, overdispersion {}",
                        world.overdispersion
                    ),
                );
        }
    }
}

#[test]
fn twice_the_smallest_effect_is_called_effective_after_three_weeks_of_plateau() {
    for world in [PLAIN, UNEVEN] {
        let trial = Trial {
            world,
            opened: 1.5,
            delay: 21.0,
        };
        trial
            .frequency(Decision::Effective, 150, |_| step(trial.rollout(), 0.4 * ISSUE))
            .at_least(
                0.8,
                &format!(
                    "effective, 60 % less after 21 days, overdispersion {}",
                    world.overdispersion
                ),
            );
    }
}

#[test]
fn a_change_that_does_nothing_is_called_ineffective_with_the_planned_power() {
    for world in [PLAIN, UNEVEN] {
        for delay in [7.0, 14.0] {
            let trial = Trial {
                world,
                opened: 1.5,
                delay,
            };
            trial
                .frequency(Decision::Ineffective, 150, |_| step(trial.rollout(), ISSUE))
                .at_least(
                    0.8,
                    &format!(
                        "ineffective, nothing after {delay} days, overdispersion {}",
                        world.overdispersion
                    ),
                );
        }
    }
}

#[test]
fn the_interval_covers_the_true_change_as_often_as_it_says() {
    for overdispersion in [1.0, 1.4] {
        let world = World {
            overdispersion,
            ..PLAIN
        };
        let (opened, rollout) = (EVENT + 1.5, EVENT + 11.5);
        let end = rollout + 9.0;
        let plan = Plan {
            looks: 1,
            alpha: 0.05,
            ..Plan::new(SmallestEffect::DEFAULT, 700, day(end))
        };
        let covered = Frequency::of(800, |seed| {
            let series = world.hourly(step(rollout, 0.12), end, &mut Random::seeded(seed));
            let verdict = judged(&plan, &series, opened, rollout, end);
            let interval = verdict.interval.unwrap();
            assert!((verdict.level - 0.95).abs() < 1e-6);
            interval.low <= -0.03 && -0.03 <= interval.high
        });
        let what = format!("coverage of the 95 % interval, overdispersion {overdispersion}");
        covered.at_least(0.93, &what);
        covered.at_most(0.97, &what);
    }
}

/// A plan sized for 90 % power, which is what the demo promises.
fn promising(deadline: f64) -> Plan {
    let sample = plan(ISSUE, SmallestEffect::DEFAULT, 0.9, 0.10, 1.0).unwrap();
    Plan::new(SmallestEffect::DEFAULT, sample.n, day(deadline))
}

#[test]
fn the_demo_finds_the_first_iteration_ineffective_and_the_second_effective() {
    for overdispersion in [1.0, 1.2] {
        let world = World {
            overdispersion,
            ..PLAIN
        };
        let (opened, first) = (EVENT + 1.5, EVENT + 8.5);
        let second = first + 10.0 + 4.0;
        let end = second + 10.0;
        let verdict = |seed: u64, rollout: f64| {
            let then = 0.03 + 0.01 * (seed % 11) as f64 / 10.0;
            let series = world.hourly(step(second, then), end, &mut Random::seeded(seed));
            judged(
                &promising(rollout + 21.0),
                &series,
                opened,
                rollout,
                rollout + 10.0,
            )
        };
        Frequency::of(150, |seed| decided(&verdict(seed, first), Decision::Ineffective)).at_least(
            0.9,
            &format!("demo, first iteration ineffective, overdispersion {overdispersion}"),
        );
        Frequency::of(150, |seed| decided(&verdict(seed, second), Decision::Effective)).at_least(
            0.9,
            &format!("demo, second iteration effective, overdispersion {overdispersion}"),
        );
    }
}
