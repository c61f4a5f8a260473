//! Drivers and comparisons in worlds whose effects are known.

use std::time::Duration;

use attune_stats::comparison::{Counts, compare};
use attune_stats::driver::{Answered, Attribute, DOUBLING, Dimension, Driver, explain};
use attune_stats::metric::{AnswerScale, Histogram};

use crate::random::Random;

/// What four errors of the share of `runs` reach around the promised 0.95.
fn tolerance(runs: u32) -> f64 {
    4.0 * (0.95 * 0.05 / f64::from(runs)).sqrt()
}

/// An answer on 0–10 of which the chances to be a promoter and a detractor are known: the passive share is 0.3
/// throughout, and the promoters' is what the attributes make it.
fn answer(random: &mut Random) -> Answered {
    let phone = random.uniform() < 0.4;
    // Late flights are told of by phone more often: without correction the phone would look worse than it is.
    let late = random.uniform() < if phone { 0.6 } else { 0.2 };
    let crew = random.uniform() < 0.3;
    let promoters = 0.4 - 0.25 * f64::from(late) + 0.1 * f64::from(crew);
    let draw = random.uniform();
    let score = if draw < promoters {
        9
    } else if draw < promoters + 0.3 {
        7
    } else {
        3
    };
    let of = |dimension, value: &str| Attribute {
        dimension,
        value: value.to_owned(),
    };
    let mut attributes = vec![of(Dimension::Channel, if phone { "phone" } else { "chat" })];
    attributes.extend(late.then(|| of(Dimension::Topic, "late")));
    attributes.extend(crew.then(|| of(Dimension::Topic, "crew")));
    Answered {
        score,
        attributes,
        waited: None,
    }
}

/// An answer on 0–10 after a wait of which each doubling takes five promoters of a hundred and makes detractors of
/// them, where it is known: ten points. By phone people wait longer, which alone does nothing; what was done in writing
/// is answered worse and has no wait on record.
fn answer_after_a_wait(random: &mut Random) -> Answered {
    let (phone, writing) = (random.uniform() < 0.4, random.uniform() < 0.3);
    let minutes = random.exponential(if phone { 20.0 } else { 5.0 });
    let waited = Duration::from_secs_f64(60.0 * minutes.min(200.0));
    let doublings = (1.0 + waited.as_secs_f64() / 60.0).log2();
    let promoters = if writing { 0.25 } else { 0.6 - 0.05 * doublings };
    let draw = random.uniform();
    let score = if draw < promoters {
        9
    } else if draw < promoters + 0.2 {
        7
    } else {
        3
    };
    Answered {
        score,
        attributes: vec![Attribute {
            dimension: Dimension::Channel,
            value: if phone { "phone" } else { "chat" }.to_owned(),
        }],
        waited: (!writing).then_some(waited),
    }
}

#[test]
fn the_interval_of_the_waiting_time_covers_its_true_effect() {
    let runs = 1000;
    let mut random = Random::seeded(63);
    let (mut covered, mut found, mut sum) = (0, 0, 0.0);
    for _ in 0..runs {
        let answers: Vec<Answered> = (0..200).map(|_| answer_after_a_wait(&mut random)).collect();
        let explained = explain(AnswerScale::Nps, &answers).unwrap();
        let of = |dimension| move |driver: &&Driver| driver.attribute.dimension == dimension;
        let mut drivers = explained.drivers.iter();
        let waiting = drivers.find(of(Dimension::WaitingTime)).unwrap();
        assert_eq!(waiting.attribute.value, DOUBLING);
        covered += u32::from((waiting.low..=waiting.high).contains(&-10.0));
        sum += waiting.effect;
        let channel = explained.drivers.iter().find(of(Dimension::Channel));
        found += u32::from(channel.is_some_and(|channel| channel.p_value < 0.05));
    }
    let share = f64::from(covered) / f64::from(runs);
    let wrong = f64::from(found) / f64::from(runs);
    println!(
        "waiting time, true effect -10: mean {:.2}, covered by {:.1} % of the intervals; the phone blamed in {:.1} %",
        sum / f64::from(runs),
        100.0 * share,
        100.0 * wrong
    );
    assert!((share - 0.95).abs() < tolerance(runs), "{share}");
    assert!((wrong - 0.05).abs() < tolerance(runs), "{wrong}");
}

#[test]
fn the_intervals_of_drivers_cover_the_true_effects() {
    let runs = 1000;
    let mut random = Random::seeded(61);
    // Promoters less detractors in points: a share that moves from one to the other counts twice.
    let truths = [("late", -50.0), ("crew", 20.0), ("phone", 0.0)];
    let mut covered = [0_u32; 3];
    for _ in 0..runs {
        let answers: Vec<Answered> = (0..150).map(|_| answer(&mut random)).collect();
        let found = explain(AnswerScale::Nps, &answers).unwrap();
        for ((value, truth), covered) in truths.iter().zip(&mut covered) {
            // The channel that fewer answers came by is named; beside the phone the chat has the opposite effect.
            let driver = found
                .drivers
                .iter()
                .find(|driver| driver.attribute.value == *value);
            *covered += u32::from(driver.is_none_or(|driver| (driver.low..=driver.high).contains(truth)));
        }
    }
    for ((value, truth), covered) in truths.iter().zip(covered) {
        let share = f64::from(covered) / f64::from(runs);
        println!(
            "driver {value}, true effect {truth}: covered by {:.1} % of the intervals",
            100.0 * share
        );
        assert!((share - 0.95).abs() < tolerance(runs), "{value}: {share}");
    }
}

#[test]
fn comparisons_of_alike_groups_are_seldom_beyond_chance() {
    let runs = 2000;
    let mut random = Random::seeded(62);
    for (what, shares) in [("NPS", [0.25, 0.35]), ("extreme NPS", [0.04, 0.06])] {
        let mut group = |n: u32| {
            let mut histogram = vec![0; 11];
            for _ in 0..n {
                let draw = random.uniform();
                let score = if draw < shares[0] {
                    3
                } else if draw < shares[0] + shares[1] {
                    8
                } else {
                    10
                };
                histogram[score] += 1;
            }
            Counts::Answers(Histogram::from_counts(AnswerScale::Nps, histogram).unwrap())
        };
        let mut wrong = 0;
        for _ in 0..runs {
            let groups = [group(40), group(60), group(120)];
            let (_, found) = compare(&group(80), &groups).unwrap();
            wrong += u32::from(found.iter().any(|one| one.adjusted_p_value < 0.05));
        }
        let share = f64::from(wrong) / f64::from(runs);
        println!(
            "{what}: one of three alike groups beyond chance in {:.1} % of the runs",
            100.0 * share
        );
        assert!(share < 0.05 + tolerance(runs), "{what}: {share}");
    }
}
