//! What must not be called effective.

use attune_stats::verdict::Decision;

use super::world::{Course, EVENT, ISSUE, PLAIN, Trial, UNEVEN, USUAL, step};
use crate::random::Random;

const DELAYS: [f64; 6] = [0.5, 1.0, 2.0, 4.0, 7.0, 10.0];

type Shape = (&'static str, fn(&mut Random) -> Course);

/// The issue's course from its event on, as a part of its peak.
fn passing(left: impl Fn(f64) -> f64 + 'static) -> Course {
    Box::new(move |t| {
        if t < EVENT {
            USUAL
        } else {
            USUAL + (ISSUE - USUAL) * left(t - EVENT)
        }
    })
}

fn decaying(half_life: f64) -> Course {
    passing(move |t| (-t / half_life).exp2())
}

fn linear(length: f64) -> Course {
    passing(move |t| (1.0 - t / length).max(0.0))
}

/// A box that is still standing at the rollout, for nobody acts on what is over.
fn standing(until: f64, length: f64) -> Course {
    boxed(until + length)
}

fn boxed(length: f64) -> Course {
    passing(move |t| f64::from(u8::from(t < length)))
}

const SHAPES: [Shape; 10] = [
    ("half-life 1 day", |_| decaying(1.0)),
    ("half-life 2 days", |_| decaying(2.0)),
    ("half-life 4 days", |_| decaying(4.0)),
    ("half-life 8 days", |_| decaying(8.0)),
    ("linear over 7 days", |_| linear(7.0)),
    ("linear over 14 days", |_| linear(14.0)),
    ("linear over 28 days", |_| linear(28.0)),
    ("box that ends within 4 weeks", |random| {
        boxed(random.uniform() * 28.0)
    }),
    ("box of 7 days on average", |random| {
        boxed(random.exponential(7.0))
    }),
    ("box of 14 days on average", |random| {
        boxed(random.exponential(14.0))
    }),
];

#[test]
fn a_spike_that_passes_by_itself_is_no_success_at_any_delay() {
    for world in [PLAIN, UNEVEN] {
        for (shape, course) in SHAPES {
            for delay in DELAYS {
                let trial = Trial {
                    world,
                    opened: 1.0,
                    delay,
                };
                // Below six days of plateau no level is forecast whatever the data, so few runs show it.
                let runs = if delay < 6.0 { 10 } else { 150 };
                trial.frequency(Decision::Effective, runs, course).at_most(
                    0.05,
                    &format!(
                        "effective, {shape}, {delay} days to the rollout, overdispersion {}",
                        world.overdispersion
                    ),
                );
            }
        }
    }
}

#[test]
fn a_change_that_does_nothing_or_just_the_smallest_effect_is_rarely_called_effective() {
    for world in [PLAIN, UNEVEN] {
        for delay in [7.0, 14.0] {
            for then in [ISSUE, 0.7 * ISSUE] {
                let trial = Trial {
                    world,
                    opened: 1.5,
                    delay,
                };
                trial
                    .frequency(Decision::Effective, 150, |_| step(trial.rollout(), then))
                    .at_most(
                        0.05,
                        &format!(
                            "effective, share {then:.3} after {delay} days, overdispersion {}",
                            world.overdispersion
                        ),
                    );
            }
        }
    }
}

#[test]
fn a_spike_that_stands_at_the_rollout_and_ends_by_itself_a_week_later_on_average_is_no_success() {
    for world in [PLAIN, UNEVEN] {
        for delay in [7.0, 10.0, 14.0] {
            let trial = Trial {
                world,
                opened: 1.0,
                delay,
            };
            let course = |random: &mut Random| standing(1.0 + delay, random.exponential(7.0));
            trial.frequency(Decision::Effective, 150, course).at_most(
                0.05,
                &format!(
                    "effective, box standing after {delay} days, 7 more on average, overdispersion {}",
                    world.overdispersion
                ),
            );
        }
    }
}
