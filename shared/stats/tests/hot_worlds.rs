//! Detection in simulated worlds: what it promises where nothing happens, and what it finds where something does.

use std::time::{Duration, Instant};

use attune_stats::hot::{self, History, HotCell, Level, Run, Settings};
use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const PRODUCTS: [&str; 3] = ["red", "green", "blue"];

fn now() -> DateTime<Utc> {
    "2026-05-07T09:00:00Z".parse().unwrap()
}

fn poisson(rng: &mut StdRng, mean: f64) -> u32 {
    let (limit, mut product, mut count) = ((-mean).exp(), rng.random::<f64>(), 0);
    while product > limit {
        product *= rng.random::<f64>();
        count += 1;
    }
    count
}

/// A world of hourly counts with a daily and weekly rhythm, whose topics vary from day to day.
struct World {
    days: i64,
    topics: usize,
    mentions_per_day: f64,
    /// Relative standard deviation of a topic's level between days (a lognormal factor).
    spread: f64,
    /// By what the last day's mentions of topic 0 in the first product are multiplied.
    outbreak: f64,
    /// By what everything on the last day is multiplied.
    busy: f64,
}

impl World {
    fn run(&self, seed: u64) -> Run {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut history = History::new(now()).unwrap();
        for (position, product) in PRODUCTS.iter().enumerate() {
            let mut factors = vec![1.0; self.topics];
            for ago in (0..self.days * 24).rev() {
                if ago % 24 == 23 {
                    for factor in &mut factors {
                        let normal = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
                        *factor = (self.spread * normal - self.spread * self.spread / 2.0).exp();
                    }
                }
                let hour = now() - TimeDelta::hours(ago + 1);
                let daily = 1.0 - 0.7 * (std::f64::consts::TAU * (ago % 24) as f64 / 24.0).cos();
                let weekly = if (ago / 24) % 7 >= 5 { 0.7 } else { 1.0 };
                let busy = if ago < 24 { self.busy } else { 1.0 };
                let mut total = 0;
                for (topic, factor) in factors.iter().enumerate() {
                    let hit = ago < 24 && topic == 0 && position == 0;
                    let mean = self.mentions_per_day / 24.0 * daily * weekly * factor * busy;
                    let count = poisson(&mut rng, if hit { mean * self.outbreak } else { mean });
                    history.add_mentions(&format!("topic {topic}"), product, hour, count);
                    total += count;
                }
                history.add_total(
                    product,
                    hour,
                    total + poisson(&mut rng, 5.0 * daily * weekly * busy),
                );
            }
        }
        hot::detect(&history, &Settings::default())
    }
}

const QUIET: World = World {
    days: 28,
    topics: 6,
    mentions_per_day: 25.0,
    spread: 0.0,
    outbreak: 1.0,
    busy: 1.0,
};

#[test]
fn where_nothing_happens_hardly_any_run_alarms() {
    for (days, spread) in [(28, 0.0), (28, 0.3), (8, 0.2)] {
        let world = World {
            days,
            spread,
            ..QUIET
        };
        let runs = 60;
        let alarms = (0..runs).filter(|&seed| !world.run(seed).hot.is_empty()).count();
        // At a rate of one in a hundred, four or more of sixty happen with probability 0.003.
        assert!(
            alarms <= 3,
            "{alarms} of {runs} runs alarmed with {days} days and spread {spread}"
        );
    }
}

#[test]
fn a_topic_that_triples_in_one_product_is_found_there() {
    let world = World {
        spread: 0.2,
        outbreak: 4.0,
        ..QUIET
    };
    let runs = 15;
    let named = |hot: &[HotCell]| {
        hot.len() == 1 && hot[0].topic == "topic 0" && hot[0].level == Level::Product("red".to_owned())
    };
    let found = (0..runs)
        .filter(|&seed| named(&hot::one_finding_per_topic(&world.run(seed).hot)))
        .count();
    assert!(found >= 12, "found in {found} of {runs}");
}

#[test]
fn a_busy_day_alone_is_no_topics_issue() {
    let world = World { busy: 3.0, ..QUIET };
    let hot: usize = (0..10).map(|seed| world.run(seed).hot.len()).sum();
    // 24 cells, two window lengths, a share gate of 2 %: about one chance alarm a day at most.
    assert!(hot <= 10, "{hot} topics blamed for ten busy days");
}

#[test]
fn too_little_history_is_said_rather_than_guessed() {
    let run = World { days: 3, ..QUIET }.run(1);
    assert!(run.hot.is_empty());
    assert!(matches!(
        run.notices[..],
        [hot::Notice::NotEnoughHistory {
            windows: 2,
            needed: 3,
            ..
        }]
    ));
}

#[test]
#[ignore = "a measurement: run it with --release"]
fn a_large_tenant_is_judged_in_well_under_a_second() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut history = History::new(now()).unwrap();
    for product in 0..20 {
        let product = format!("product {product}");
        for topic in 0..500 {
            let hours = (0..56 * 24).map(|ago| (now() - TimeDelta::hours(ago + 1), poisson(&mut rng, 0.5)));
            history.extend_mentions(
                &format!("topic {topic}"),
                &product,
                hours.filter(|(_, count)| *count > 0),
            );
        }
        for ago in 0..56 * 24 {
            history.add_total(&product, now() - TimeDelta::hours(ago + 1), 300);
        }
    }
    let begun = Instant::now();
    let run = hot::detect(&history, &Settings::default());
    let taken = begun.elapsed();
    println!("{} tests in {taken:?}", run.tested);
    assert!(
        run.tested >= 10_000 && taken < Duration::from_secs(1),
        "{taken:?}"
    );
}
