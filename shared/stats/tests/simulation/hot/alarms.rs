//! What is promised where nothing happens, and what is found where something does.

use std::time::{Duration, Instant};

use attune_stats::hot::{self, History, Level, Notice, Settings, one_finding_per_topic};
use chrono::TimeDelta;

use super::world::{QUIET, World, now};
use crate::promise::Frequency;
use crate::random::Random;

/// Days of history, and the variance of a topic's level between days.
const KINDS: [(i64, f64); 3] = [(28, 0.0), (28, 0.1), (8, 0.05)];

#[test]
fn where_nothing_happens_hardly_any_run_alarms() {
    for (days, overdispersion) in KINDS {
        let world = World {
            days,
            overdispersion,
            ..QUIET
        };
        Frequency::of(120, |seed| !world.run(seed).hot.is_empty()).at_most(
            0.01,
            &format!("false alarms, {days} days of history, overdispersion {overdispersion}"),
        );
    }
}

#[test]
fn a_busy_day_alone_is_no_topics_issue() {
    for (days, overdispersion) in KINDS {
        for busy in [2.0, 3.0] {
            let world = World {
                days,
                overdispersion,
                busy,
                ..QUIET
            };
            // Topics that vary between days by themselves are blamed up to twice as often.
            let promised = if overdispersion > 0.0 { 0.1 } else { 0.05 };
            Frequency::of(60, |seed| !world.run(seed).hot.is_empty()).at_most(
                promised,
                &format!("topics blamed for a day {busy} times as busy, {days} days, overdispersion {overdispersion}"),
            );
        }
    }
}

#[test]
fn a_topic_that_triples_in_one_product_is_found_there_within_a_day() {
    for (days, overdispersion) in [(28, 0.0), (28, 0.03)] {
        let world = World {
            days,
            overdispersion,
            outbreak: 3.0,
            ..QUIET
        };
        let named = |seed| {
            one_finding_per_topic(&world.run(seed).hot)
                .iter()
                .any(|cell| cell.topic == "topic 0" && cell.level == Level::Product("red".to_owned()))
        };
        Frequency::of(40, named).at_least(
            0.8,
            &format!("a tripling found, {days} days of history, overdispersion {overdispersion}"),
        );
    }
}

#[test]
fn too_little_history_is_said_rather_than_guessed() {
    let run = World { days: 3, ..QUIET }.run(1);
    assert!(run.hot.is_empty());
    assert!(matches!(
        run.notices[..],
        [Notice::NotEnoughHistory {
            windows: 2,
            needed: 3,
            ..
        }]
    ));
}

#[test]
#[ignore = "a measurement: run it with --release"]
fn a_large_tenant_is_judged_in_well_under_a_second() {
    let (mut random, now) = (Random::seeded(1), now());
    let mut history = History::new(now).unwrap();
    for product in 0..20 {
        let product = format!("product {product}");
        for topic in 0..500 {
            let hours = (0..56 * 24).map(|ago| (now - TimeDelta::hours(ago + 1), random.poisson(0.5)));
            history.extend_mentions(
                &format!("topic {topic}"),
                &product,
                hours.filter(|(_, count)| *count > 0),
            );
        }
        for ago in 0..56 * 24 {
            history.add_total(&product, now - TimeDelta::hours(ago + 1), 300);
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
