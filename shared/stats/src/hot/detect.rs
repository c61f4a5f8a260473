//! One run: every cell at every level, every window length, and what stands out.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::Settings;
use super::baseline::{Coverage, Life, comparable, life, windows};
use super::finding::{HotCell, Level, Notice, Run};
use super::history::{History, HourCounts};
use super::pass::{Pass, Test};
use crate::multiple::false_discovery_rates;

/// Runs the detection at the instant of `history`.
pub fn detect(history: &History, settings: &Settings) -> Run {
    let coverage = Coverage::of(history.totals.values());
    let exposure = coverage.exposure(24);
    let usable = comparable(&exposure);
    let mut run = Run {
        now: history.now,
        tested: 0,
        hot: Vec::new(),
        notices: Vec::new(),
    };
    if usable.len() < settings.minimum_windows {
        run.notices
            .push(not_enough(Level::Overall, usable.len(), settings));
        return run;
    }
    let lives: BTreeMap<&str, Life> = history
        .totals
        .iter()
        .map(|(product, counts)| {
            (
                product.as_str(),
                life(&windows(counts, 24), &exposure, &usable, settings),
            )
        })
        .collect();
    run.notices = lives
        .iter()
        .filter(|(_, life)| life.started)
        .map(|(&product, life)| started(history, product, life))
        .collect();
    let mut tests = Vec::new();
    for &hours in &settings.window_hours {
        tests.extend(Pass::new(history, settings, &coverage, &lives, hours.clamp(1, 24)).tests());
    }
    run.tested = tests.len();
    run.hot = select(tests, settings);
    run
}

fn not_enough(level: Level, windows: usize, settings: &Settings) -> Notice {
    Notice::NotEnoughHistory {
        level,
        windows,
        needed: settings.minimum_windows,
    }
}

/// The first hour of a volume that starts: the first one that carries a tenth of its hourly rate since.
fn started(history: &History, product: &str, life: &Life) -> Notice {
    let none = HourCounts::new();
    let counts = history.totals.get(product).unwrap_or(&none);
    let mut hourly = BTreeMap::<u16, u32>::new();
    for &(ago, count) in counts
        .iter()
        .filter(|(ago, _)| usize::from(*ago) < (life.oldest + 1) * 24)
    {
        *hourly.entry(ago).or_default() += count;
    }
    let filled = hourly.values().filter(|&&count| count > 0).count().max(1) as f64;
    let rate = f64::from(hourly.values().sum::<u32>()) / filled;
    let first = hourly
        .iter()
        .rev()
        .find(|(_, count)| f64::from(**count) >= 0.1 * rate)
        .map_or(0, |(ago, _)| *ago);
    Notice::VolumeStarted {
        product: product.to_owned(),
        at: history.now - TimeDelta::hours(i64::from(first) + 1),
    }
}

/// The false discovery rate of claims that a share rose: the promise where the volume rose and no topic with it. It is
/// kept where topics keep their level; where they vary between days by themselves it is up to twice that
/// (`docs/measurements.md`, Hot issues). Half this rate would keep it there too, and miss the delays of the storm of
/// February 2015.
const SHARE_RATE: f64 = 0.05;

/// Benjamini–Hochberg on the counts across all tests, then on the shares across those that reach the minimum support
/// and ratio, then the most significant window length per topic and level. The shares' family is not narrowed to
/// significant counts: a count that is high by chance comes with a share that is.
fn select(tests: Vec<Test>, settings: &Settings) -> Vec<HotCell> {
    let counts = false_discovery_rates(&tests.iter().map(|test| test.p_value).collect::<Vec<_>>());
    let rose: Vec<(f64, Test)> = counts
        .into_iter()
        .zip(tests)
        .filter(|(_, test)| test.p_value < 1.0)
        .collect();
    let shares = false_discovery_rates(
        &rose
            .iter()
            .map(|(_, test)| test.share_p_value)
            .collect::<Vec<_>>(),
    );
    let mut hot: Vec<HotCell> = rose
        .into_iter()
        .zip(shares)
        .filter(|((q_value, _), share)| *q_value <= settings.false_discovery_rate && *share <= SHARE_RATE)
        .filter_map(|((q_value, test), _)| {
            Some(HotCell {
                q_value,
                ..test.finding?
            })
        })
        .collect();
    hot.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
    let mut seen = BTreeSet::<(String, Level)>::new();
    hot.retain(|cell| seen.insert((cell.topic.clone(), cell.level.clone())));
    hot
}
