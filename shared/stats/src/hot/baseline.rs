//! Windows at the same hours of day: which ones are comparable, and how much each one was exposed.

use super::Settings;
use super::history::{HourCounts, MAXIMUM_DAYS};

const HOURS: usize = MAXIMUM_DAYS * 24;
/// A run of hours without any feedback is missing data where at least this much was to be expected in it: by
/// chance it would be empty with probability e⁻¹⁰.
const SILENCE: f64 = 10.0;
/// The part of a window's usual volume that its present hours must carry for it to be comparable.
const COVERAGE: f64 = 0.5;
/// A slice's window below this part of its present level is not its ordinary volume.
const DEAD: f64 = 0.1;
/// The days of history from which on a factor for the day of week is estimated.
const WEEKS_KNOWN: usize = 21;

/// Counts per window, the tested one first, then backwards by whole days.
pub(super) type Windows = [f64; MAXIMUM_DAYS];

/// Sums hourly counts into windows of `length` hours that end at the same hour of day as the tested one.
pub(super) fn windows(counts: &HourCounts, length: u32) -> Windows {
    let mut sums = [0.0; MAXIMUM_DAYS];
    for &(ago, count) in counts {
        if u32::from(ago % 24) < length
            && let Some(sum) = sums.get_mut(usize::from(ago / 24))
        {
            *sum += f64::from(count);
        }
    }
    sums
}

/// Which hours the tenant's data cover, and how volume is spread over the day.
#[derive(Debug, Clone)]
pub(super) struct Coverage {
    present: Vec<bool>,
    profile: [f64; 24],
}

impl Coverage {
    /// From the tenant's total per hour. Nothing is known before its first hour; long silences are missing.
    pub(super) fn of<'a>(slices: impl Iterator<Item = &'a HourCounts>) -> Self {
        let mut totals = vec![0.0; HOURS];
        for &(ago, count) in slices.flatten() {
            if let Some(total) = totals.get_mut(usize::from(ago)) {
                *total += f64::from(count);
            }
        }
        let first = totals
            .iter()
            .rposition(|&total| total > 0.0)
            .map_or(0, |oldest| oldest + 1);
        let mut coverage = Self {
            present: (0..HOURS).map(|ago| ago < first).collect(),
            profile: [0.0; 24],
        };
        // Twice: a long gap thins the first profile, which the second one is free of.
        for _ in 0..2 {
            coverage.measure_profile(&totals);
            coverage.mark_silences(&totals, first);
        }
        coverage
    }

    fn measure_profile(&mut self, totals: &[f64]) {
        let (mut sums, mut days) = ([0.0; 24], [0.0_f64; 24]);
        for (ago, &total) in totals.iter().enumerate().filter(|(ago, _)| self.is_present(*ago)) {
            if let (Some(sum), Some(day)) = (sums.get_mut(ago % 24), days.get_mut(ago % 24)) {
                *sum += total;
                *day += 1.0;
            }
        }
        for (hour, (sum, day)) in self.profile.iter_mut().zip(sums.iter().zip(days)) {
            *hour = sum / day.max(1.0);
        }
    }

    fn mark_silences(&mut self, totals: &[f64], first: usize) {
        let mut start = 0;
        while start < first {
            let silent = totals
                .iter()
                .take(first)
                .skip(start)
                .take_while(|&&total| total <= 0.0)
                .count();
            let expected: f64 = (start..start + silent).map(|ago| self.usual(ago)).sum();
            for present in self.present.iter_mut().skip(start).take(silent) {
                *present = expected < SILENCE;
            }
            start += silent + 1;
        }
    }

    fn is_present(&self, ago: usize) -> bool {
        self.present.get(ago).copied().unwrap_or(false)
    }

    fn usual(&self, ago: usize) -> f64 {
        self.profile.get(ago % 24).copied().unwrap_or(0.0)
    }

    /// The part of each window's usual volume that its present hours carry.
    pub(super) fn exposure(&self, length: u32) -> Windows {
        let whole: f64 = (0..length as usize).map(|ago| self.usual(ago)).sum();
        let mut exposure = [0.0; MAXIMUM_DAYS];
        for (day, part) in exposure.iter_mut().enumerate() {
            let hours = (0..length as usize)
                .map(|hour| day * 24 + hour)
                .filter(|&ago| self.is_present(ago));
            *part = if whole > 0.0 {
                hours.map(|ago| self.usual(ago)).sum::<f64>() / whole
            } else {
                0.0
            };
        }
        exposure
    }
}

/// The earlier windows that a series with this exposure can be compared with.
pub(super) fn comparable(exposure: &Windows) -> Vec<usize> {
    (1..MAXIMUM_DAYS)
        .filter(|&w| exposure.get(w).is_some_and(|&part| part >= COVERAGE))
        .collect()
}

/// The windows in which a slice had its ordinary volume.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Life {
    /// Comparable windows with ordinary volume; the one in which the volume began is left out.
    pub(super) live: Vec<usize>,
    /// The oldest window with ordinary volume, the tested one included.
    pub(super) oldest: usize,
    /// Whether the volume starts rather than rises.
    pub(super) started: bool,
}

/// Tells a slice's ordinary windows from those before its volume started (or in which it was not collected).
pub(super) fn life(totals: &Windows, exposure: &Windows, comparable: &[usize], settings: &Settings) -> Life {
    let rate = |w: usize| totals[w] / exposure[w].max(COVERAGE);
    let level = (0..4).map(rate).fold(0.0, f64::max);
    let support = settings.minimum_support as f64;
    let alive = |w: usize| level < support || rate(w) >= (DEAD * level).min(support);
    let began = |w: usize| comparable.contains(&(w + 1)) && !alive(w + 1);
    let live: Vec<usize> = comparable
        .iter()
        .copied()
        .filter(|&w| alive(w) && !began(w))
        .collect();
    let oldest = comparable
        .iter()
        .copied()
        .filter(|&w| alive(w))
        .max()
        .unwrap_or(0);
    let started = comparable.len() >= settings.minimum_windows && live.len() < settings.minimum_windows;
    Life {
        live,
        oldest,
        started,
    }
}

/// How the day of week moves the volume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DayOfWeek {
    factors: [f64; 7],
    /// The variance of the tested day's factor, relative to its square.
    pub(super) relative_variance: f64,
    /// Whether there was history enough to estimate it.
    pub(super) known: bool,
}

impl DayOfWeek {
    /// From the total of all established slices; 1 for every day below three weeks.
    pub(super) fn of(totals: &Windows, exposure: &Windows, comparable: &[usize]) -> Self {
        let flat = Self {
            factors: [1.0; 7],
            relative_variance: 0.0,
            known: false,
        };
        let rates = |day: usize| {
            comparable
                .iter()
                .filter(move |&&w| w % 7 == day)
                .map(|&w| totals[w] / exposure[w])
        };
        let count = |day: usize| rates(day).count() as f64;
        if comparable.len() < WEEKS_KNOWN || (0..7).any(|day| count(day) < 2.0) {
            return flat;
        }
        let mut means = [0.0; 7];
        for (day, mean) in means.iter_mut().enumerate() {
            *mean = rates(day).sum::<f64>() / count(day);
        }
        let overall = means.iter().sum::<f64>() / 7.0;
        if overall <= 0.0 || means.iter().any(|&mean| mean <= 0.0) {
            return flat;
        }
        let squares: f64 = (0..7)
            .map(|day| {
                rates(day)
                    .map(|rate| (rate / means[day] - 1.0).powi(2))
                    .sum::<f64>()
            })
            .sum();
        let freedom = comparable.len() as f64 - 7.0;
        Self {
            factors: means.map(|mean| mean / overall),
            relative_variance: squares / freedom / count(0),
            known: true,
        }
    }

    /// The factor of the day on which window `w` lies.
    pub(super) const fn factor(&self, w: usize) -> f64 {
        self.factors[w % 7]
    }
}
