//! The starter taxonomy against what human coders counted in a real storm: public posts to five US
//! airlines from 17 to 24 February 2015.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and may say what it measured"
)]

use std::path::Path;

use attune_text::dataset::read_columns;
use attune_text::{Engine, Taxonomy};

const DAYS: usize = 8;
const POSTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/airline_storm.tsv"
);

/// Daily numbers of posts with a topic, American left out: its posts were collected in part only.
fn daily_counts(topic: &str) -> Option<[f64; DAYS]> {
    let path = Path::new(POSTS);
    if !path.exists() {
        println!("skipped: {POSTS} is not there");
        return None;
    }
    let taxonomy = Taxonomy::compile(&Taxonomy::starter()).unwrap();
    let engine = Engine::builtin();
    let mut counts = [0.0; DAYS];
    for [at, airline, text] in read_columns(path, ["at", "product", "text"]).unwrap() {
        let Some(day) = pacific_day(&at) else { continue };
        let found = engine
            .analyze(&text, &taxonomy)
            .topics
            .iter()
            .any(|found| found.topic_id == topic);
        if airline != "American" && found {
            counts[day] += 1.0;
        }
    }
    println!("{topic}: {counts:?}");
    Some(counts)
}

/// The coders counted by days of Pacific Standard Time, eight hours behind the file's UTC: with that shift
/// the numbers of all posts are theirs to the post. Days since the 17th; `None` before it.
fn pacific_day(at: &str) -> Option<usize> {
    let day: usize = at[8..10].parse().unwrap();
    let hour: usize = at[11..13].parse().unwrap();
    (day * 24 + hour - 8).div_euclid(24).checked_sub(17)
}

/// Pearson's correlation.
fn correlation(left: &[f64; DAYS], right: &[f64; DAYS]) -> f64 {
    let mean = |values: &[f64; DAYS]| values.iter().sum::<f64>() / DAYS as f64;
    let (left_mean, right_mean) = (mean(left), mean(right));
    let products = |a: &[f64; DAYS], a_mean: f64, b: &[f64; DAYS], b_mean: f64| -> f64 {
        a.iter().zip(b).map(|(x, y)| (x - a_mean) * (y - b_mean)).sum()
    };
    products(left, left_mean, right, right_mean)
        / (products(left, left_mean, left, left_mean) * products(right, right_mean, right, right_mean)).sqrt()
}

fn assert_follows(topic: &str, coded: &[f64; DAYS], at_least: f64, share: std::ops::RangeInclusive<f64>) {
    let Some(found) = daily_counts(topic) else { return };
    let correlation = correlation(&found, coded);
    println!("{topic}: correlation {correlation:.3}");
    assert!(
        correlation >= at_least,
        "{topic} correlates by {correlation:.3} only: {found:?}"
    );
    let ratio = found.iter().sum::<f64>() / coded.iter().sum::<f64>();
    println!("{topic}: {ratio:.2} times the coders' number");
    assert!(
        share.contains(&ratio),
        "{topic} is found {ratio:.2} times as often as coded"
    );
}

#[test]
fn cancelled_flights_rise_with_the_storm_as_the_coders_counted() {
    let coded = [93.0, 36.0, 46.0, 45.0, 131.0, 154.0, 72.0, 24.0];
    assert_follows("cancellation", &coded, 0.9, 0.7..=1.5);
}

#[test]
fn late_flights_rise_with_the_storm_as_the_coders_counted() {
    let coded = [142.0, 128.0, 182.0, 202.0, 173.0, 343.0, 195.0, 49.0];
    assert_follows("delay", &coded, 0.9, 0.6..=1.5);
}

#[test]
fn lost_luggage_rises_after_the_storm_as_the_coders_counted() {
    let coded = [62.0, 72.0, 34.0, 53.0, 76.0, 124.0, 118.0, 36.0];
    assert_follows("lost_item", &coded, 0.9, 0.6..=1.5);
}

#[test]
fn waiting_on_hold_peaks_on_the_storm_days() {
    let Some(counts) = daily_counts("waiting_on_hold") else {
        return;
    };
    let quiet = counts[..4].iter().sum::<f64>() / 4.0;
    assert!(counts[4] > 1.8 * quiet && counts[5] > 1.8 * quiet, "{counts:?}");
}
