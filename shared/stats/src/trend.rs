//! Where a number leads: a straight line through windows that do not overlap.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::metric::ConfidenceLevel;

/// Seconds in a day.
const DAY: f64 = 86_400.0;
/// Below this no standard error is believed: an interval without any width would outweigh everything else.
const SMALLEST_ERROR: f64 = 1e-9;

/// A number over a window of time, with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The window's beginning.
    pub start: DateTime<Utc>,
    /// The window's end, after its beginning.
    pub end: DateTime<Utc>,
    /// The number.
    pub value: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end of its interval.
    pub high: f64,
}

/// The number expected in the last window before an instant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// The number on the line.
    pub value: f64,
    /// The lower end of the interval of the line at that place.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How many windows the line rests on, at least two.
    pub windows: u32,
}

/// A window as a point of the line.
struct Point {
    /// Days from the latest window's end to the middle of this one.
    at: f64,
    value: f64,
    /// One over the variance.
    weight: f64,
}

/// Fits a straight line through those of `history` (in order of time) that do not overlap, beginning with the latest,
/// and reads it off in the middle of a window as long as the latest that ends at `end`. `None` where there are less
/// than two such windows.
///
/// Weighted least squares with each window's own variance (Bevington and Robinson, Data Reduction and Error
/// Analysis, 3rd edition, 2003, 6.3). Where the windows scatter about the line more than their intervals explain, the
/// variance is multiplied by the reduced χ² (Birge, Physical Review 40, 207, 1932).
pub fn project(history: &[Window], level: ConfidenceLevel, end: DateTime<Utc>) -> Option<Projection> {
    let latest = history.last()?;
    let critical = level.critical();
    let points: Vec<_> = disjoint(history)
        .map(|window| point(window, latest.end, critical))
        .collect();
    if points.len() < 2 {
        return None;
    }
    let sum = |term: &dyn Fn(&Point) -> f64| points.iter().map(term).sum::<f64>();
    let weight = sum(&|p| p.weight);
    let middle = sum(&|p| p.weight * p.at) / weight;
    let mean = sum(&|p| p.weight * p.value) / weight;
    let spread = sum(&|p| p.weight * (p.at - middle).powi(2));
    let slope = sum(&|p| p.weight * (p.at - middle) * (p.value - mean)) / spread;
    let misfit = sum(&|p| p.weight * (p.value - mean - slope * (p.at - middle)).powi(2));
    let scatter = match points.len() - 2 {
        0 => 1.0,
        freedom => (misfit / freedom as f64).max(1.0),
    };
    let distance = days(latest.end, end - (latest.end - latest.start) / 2) - middle;
    let value = mean + slope * distance;
    let half = critical * (scatter * (1.0 / weight + distance * distance / spread)).sqrt();
    Some(Projection {
        value,
        low: value - half,
        high: value + half,
        windows: u32::try_from(points.len()).unwrap_or(u32::MAX),
    })
}

/// The latest window, and going back from it each that ends before the one chosen last begins.
fn disjoint(history: &[Window]) -> impl Iterator<Item = &Window> {
    let mut border = DateTime::<Utc>::MAX_UTC;
    history.iter().rev().filter(move |window| {
        let chosen = window.end <= border;
        if chosen {
            border = window.start;
        }
        chosen
    })
}

fn point(window: &Window, origin: DateTime<Utc>, critical: f64) -> Point {
    let error = ((window.high - window.low) / 2.0 / critical).max(SMALLEST_ERROR);
    Point {
        at: days(origin, window.start + (window.end - window.start) / 2),
        value: window.value,
        weight: error.powi(-2),
    }
}

fn days(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).num_seconds() as f64 / DAY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::wilson;
    use chrono::TimeDelta;

    fn day(number: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + number)
    }

    fn window(from: i64, value: f64, half: f64) -> Window {
        Window {
            start: day(from),
            end: day(from + 28),
            value,
            low: value - half,
            high: value + half,
        }
    }

    #[test]
    fn two_windows_give_the_line_through_them_with_the_errors_propagated() {
        // Middles at 14 and 42, read off at 98: the line is (1 − k)·a + k·b with k = 3.
        let history = [window(0, 0.80, 0.02), window(28, 0.82, 0.03)];
        let read = project(&history, ConfidenceLevel::P95, day(112)).unwrap();
        assert!((read.value - 0.86).abs() < 1e-9, "{read:?}");
        let half = ((2.0_f64 * 0.02).powi(2) + (3.0_f64 * 0.03).powi(2)).sqrt();
        assert!((read.high - read.value - half).abs() < 1e-9, "{read:?}");
        assert_eq!(read.windows, 2);
    }

    #[test]
    fn windows_that_overlap_the_chosen_ones_say_nothing_new() {
        let overlapping: Vec<_> = (0..=27).map(|from| window(from, 0.8, 0.02)).collect();
        assert_eq!(project(&overlapping, ConfidenceLevel::P95, day(100)), None);
        let enough: Vec<_> = (0..=56).map(|from| window(from, 0.8, 0.02)).collect();
        let read = project(&enough, ConfidenceLevel::P95, day(100)).unwrap();
        assert_eq!(read.windows, 3);
    }

    #[test]
    fn windows_that_scatter_widen_the_interval() {
        let even = [
            window(0, 0.80, 0.01),
            window(28, 0.81, 0.01),
            window(56, 0.82, 0.01),
        ];
        let uneven = [
            window(0, 0.80, 0.01),
            window(28, 0.87, 0.01),
            window(56, 0.82, 0.01),
        ];
        let width = |history: &[Window]| {
            let read = project(history, ConfidenceLevel::P95, day(140)).unwrap();
            read.high - read.low
        };
        assert!(width(&uneven) > 3.0 * width(&even));
    }

    /// A share that rises in a straight line, seen in windows of 400 answers each.
    #[test]
    fn the_interval_covers_the_share_to_come_as_often_as_it_says() {
        let runs = 2_000;
        let covered = (0..runs).filter(|run| covers(*run)).count();
        let share = covered as f64 / f64::from(runs);
        // Below three windows' worth of scatter the factor of Birge only widens.
        assert!((0.94..=0.985).contains(&share), "covered {share}");
    }

    fn covers(run: u32) -> bool {
        // Not a multiple of the step below: the runs would be one sequence, each a place further on.
        let mut state = u64::from(run).wrapping_mul(0xD1B5_4A32_D192_ED03);
        let mut uniform = move || {
            // SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        };
        let truth = |middle: f64| 0.70 + 0.0005 * middle;
        let mut seen = |from: i64| {
            let share = truth(from as f64 + 14.0);
            let successes = (0..400).filter(|_| uniform() < share).count() as u64;
            let (low, high) = wilson(successes, 400, ConfidenceLevel::P95);
            let value = successes as f64 / 400.0;
            Window {
                value,
                low,
                high,
                ..window(from, 0.0, 0.0)
            }
        };
        let history: Vec<_> = [0, 28, 56, 84].map(&mut seen).to_vec();
        let read = project(&history, ConfidenceLevel::P95, day(168)).unwrap();
        (read.low..=read.high).contains(&truth(154.0))
    }
}
