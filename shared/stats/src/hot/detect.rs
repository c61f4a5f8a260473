//! One run: every cell at every level, every window length, and what stands out.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::Settings;
use super::baseline::{Coverage, Life, comparable, life, windows};
use super::finding::{HotCell, Level, Notice, Run};
use super::history::{History, HourCounts};
use super::pass::{Pass, Test};

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

/// Benjamini–Hochberg across all tests, then the most significant window length per topic and level.
fn select(mut tests: Vec<Test>, settings: &Settings) -> Vec<HotCell> {
    let count = tests.len() as f64;
    tests.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
    let mut lowest = 1.0_f64;
    let mut hot = BTreeMap::<(String, Level), HotCell>::new();
    for (rank, test) in tests.into_iter().enumerate().rev() {
        lowest = lowest.min(test.p_value * count / (rank + 1) as f64);
        if let Some(cell) = test.finding.filter(|_| lowest <= settings.false_discovery_rate) {
            // From the least to the most significant: the last one inserted stays.
            hot.insert(
                (cell.topic.clone(), cell.level.clone()),
                HotCell {
                    q_value: lowest,
                    ..cell
                },
            );
        }
    }
    let mut hot: Vec<HotCell> = hot.into_values().collect();
    hot.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
    hot
}
