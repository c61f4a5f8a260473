//! What must not be called effective.

use attune_stats::verdict::Decision;

use super::world::{Course, EVENT, ISSUE, PLAIN, Trial, UNEVEN, USUAL, step};
use crate::random::Random;

const DELAYS: [f64; 6] = [0.5, 1.0, 2.0, 4.0, 7.0, 10.0];

type Shape = (&'static str, fn(&mut Random) -> Course);

/// The issue's course from its event on, as a part of its peak.
fn passing(left: impl Fn(f64) -> f64 + 'static) -> Course {
    Box::new(move |t| if t < EVENT { USUAL } else { USUAL + (ISSUE - USUAL) * left(t - EVENT) })
}

fn decaying(half_life: f64) -> Course {
    passing(move |t| (-t / half_life).exp2())
}

fn linear(length: f64) -> Course {
    passing(move |t| (1.0 - t / length).max(0.0))
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
    ("box that ends within 4 weeks", |random| boxed(random.uniform() * 28.0)),
    ("box of 7 days on average", |random| boxed(random.exponential(7.0))),
    ("box of 14 days on average", |random| boxed(random.exponential(14.0))),
];

#[test]
fn a_spike_that_passes_by_itself_is_no_success_at_any_delay() {
    let shape_runs = std::env::var("RUNS").map_or(200, |r| r.parse().unwrap());
    for world in [PLAIN, UNEVEN] {
        for (shape, course) in SHAPES {
            for delay in DELAYS {
                let trial = Trial { world, opened: 1.0, delay };
                let f = trial.frequency(Decision::Effective, shape_runs, course);
                println!("{} {shape} {delay} {}", world.overdispersion, f.rate());
            }
        }
    }
}

#[test]
fn explore_power() {
    let runs = 200;
    for world in [PLAIN, UNEVEN] {
        for delay in [7.0, 10.0, 14.0, 21.0] {
            for then in [0.15, 0.105, 0.06, 0.035] {
                let trial = Trial { world, opened: 1.5, delay };
                let r = |d| trial.frequency(d, runs, |_| step(trial.rollout(), then)).rate();
                println!("phi {} delay {delay} then {then}: eff {} ineff {} inc {}", world.overdispersion, r(Decision::Effective), r(Decision::Ineffective), r(Decision::Inconclusive));
            }
        }
    }
}
