//! One window length of a run: the cells that can be tested, and their tests.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::Settings;
use super::baseline::{Coverage, DayOfWeek, Life, Windows, comparable, windows};
use super::dispersion::{Mixture, Past, Prediction, whole};
use super::finding::{Baseline, HotCell, Level};
use super::history::{History, MAXIMUM_DAYS};

/// How many cells, those with the most mentions, the mixture of overdispersions is learned from.
const LEARNED_FROM: usize = 150;
/// A product counts as elevated from this p-value on (it is named as part of an overall finding, not alone).
const ELEVATED: f64 = 0.05;
/// A past window above this multiple of the cell's median is an outbreak of its own and no baseline.
const PAST_OUTBREAK: f64 = 3.0;
/// The part of the comparable windows a slice must have lived through to be part of the overall series.
const ESTABLISHED: f64 = 0.8;

/// One cell tested.
#[derive(Debug)]
pub(super) struct Test {
    /// Of the count, had the cell stayed at its level.
    pub(super) p_value: f64,
    /// Of the count, had the topic kept its share.
    pub(super) share_p_value: f64,
    /// The finding, where support and ratios suffice.
    pub(super) finding: Option<HotCell>,
}

/// A slice's total and the earlier windows to compare with.
#[derive(Debug)]
struct Frame {
    level: Level,
    totals: Windows,
    live: Vec<usize>,
    /// Whether the slice is part of the overall series.
    established: bool,
}

/// A topic in a frame.
#[derive(Debug)]
struct Cell<'a> {
    topic: &'a str,
    frame: usize,
    counts: Windows,
    /// The past against exposure, for the level, and against the slice's total, for the share.
    level: Past,
    share: Past,
}

/// Everything that is common to one window length.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    history: &'a History,
    settings: &'a Settings,
    hours: u32,
    exposure: Windows,
    day_of_week: DayOfWeek,
    /// One per product that can be tested, then the overall one where there are several products.
    frames: Vec<Frame>,
    by_product: BTreeMap<&'a str, usize>,
    overall: Option<usize>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        history: &'a History,
        settings: &'a Settings,
        coverage: &Coverage,
        lives: &BTreeMap<&'a str, Life>,
        hours: u32,
    ) -> Self {
        let exposure = coverage.exposure(hours);
        let usable = comparable(&exposure);
        let mut pass = Self {
            history,
            settings,
            hours,
            exposure,
            day_of_week: DayOfWeek::of(&[0.0; MAXIMUM_DAYS], &exposure, &[]),
            frames: Vec::new(),
            by_product: BTreeMap::new(),
            overall: None,
        };
        for (&product, life) in lives.iter().filter(|(_, life)| !life.started) {
            let live: Vec<usize> = life.live.iter().copied().filter(|w| usable.contains(w)).collect();
            if let Some(counts) = history
                .totals
                .get(product)
                .filter(|_| live.len() >= settings.minimum_windows)
            {
                pass.by_product.insert(product, pass.frames.len());
                pass.frames.push(Frame {
                    level: Level::Product(product.to_owned()),
                    totals: windows(counts, hours),
                    established: live.len() as f64 >= ESTABLISHED * usable.len() as f64,
                    live,
                });
            }
        }
        pass.add_overall(&usable);
        pass
    }

    /// The sum of the established products over the windows in which all of them had their ordinary volume.
    fn add_overall(&mut self, usable: &[usize]) {
        let established: Vec<&Frame> = self.frames.iter().filter(|frame| frame.established).collect();
        let mut totals = [0.0; MAXIMUM_DAYS];
        for frame in &established {
            totals
                .iter_mut()
                .zip(frame.totals)
                .for_each(|(sum, total)| *sum += total);
        }
        let everywhere = |w: &usize| established.iter().all(|frame| frame.live.contains(w));
        let live: Vec<usize> = usable.iter().copied().filter(everywhere).collect();
        self.day_of_week = DayOfWeek::of(&totals, &self.exposure, &live);
        if established.len() > 1 && live.len() >= self.settings.minimum_windows {
            self.overall = Some(self.frames.len());
            self.frames.push(Frame {
                level: Level::Overall,
                totals,
                live,
                established: false,
            });
        }
    }

    /// All tests of this window length. Cells that could never reach the minimum support are not tested.
    pub(super) fn tests(&self) -> Vec<Test> {
        let cells = self.cells();
        let mut learned: Vec<&Cell<'_>> = cells.iter().collect();
        learned.sort_by(|a, b| b.level.total().total_cmp(&a.level.total()));
        learned.truncate(LEARNED_FROM);
        let level = Mixture::fit(&learned.iter().map(|cell| &cell.level).collect::<Vec<_>>());
        let share = Mixture::fit(&learned.iter().map(|cell| &cell.share).collect::<Vec<_>>());
        cells
            .iter()
            .map(|cell| self.test(cell, &level, &share, &cells))
            .collect()
    }

    fn cells(&self) -> Vec<Cell<'a>> {
        let mut cells = Vec::new();
        for (topic, products) in &self.history.mentions {
            let mut everywhere = [0.0; MAXIMUM_DAYS];
            for (product, counts) in products {
                let Some(&frame) = self.by_product.get(product.as_str()) else {
                    continue;
                };
                let counts = windows(counts, self.hours);
                if self.frames[frame].established {
                    everywhere
                        .iter_mut()
                        .zip(counts)
                        .for_each(|(sum, count)| *sum += count);
                }
                cells.extend(self.cell(topic, frame, &counts));
            }
            cells.extend(
                self.overall
                    .and_then(|frame| self.cell(topic, frame, &everywhere)),
            );
        }
        cells
    }

    fn cell(&self, topic: &'a str, frame: usize, counts: &Windows) -> Option<Cell<'a>> {
        let Frame { totals, live, .. } = self.frames.get(frame)?;
        let support = self.settings.minimum_support as f64;
        let exposed = |w: usize| (self.exposure[w] * self.day_of_week.factor(w)).max(1e-9);
        let since = self.history.tracked_since.get(topic);
        let start = |w: usize| {
            self.history.now
                - (TimeDelta::days(1) * i32::try_from(w).unwrap_or(i32::MAX)
                    + TimeDelta::hours(i64::from(self.hours)))
        };
        let known: Vec<usize> = live
            .iter()
            .copied()
            .filter(|&w| since.is_none_or(|since| *since <= start(w)))
            .collect();
        let known = without_outbreaks(
            known,
            |w| counts[w] / exposed(w),
            support,
            self.settings.minimum_windows,
        );
        let past: Vec<f64> = known.iter().map(|&w| counts[w]).collect();
        if known.len() < self.settings.minimum_windows || past.iter().sum::<f64>() + counts[0] < support {
            return None;
        }
        Some(Cell {
            topic,
            frame,
            counts: *counts,
            level: Past {
                counts: past.clone(),
                exposures: known.iter().map(|&w| exposed(w)).collect(),
            },
            share: Past {
                counts: past,
                exposures: known.iter().map(|&w| totals[w].max(1.0)).collect(),
            },
        })
    }

    fn test(&self, cell: &Cell<'_>, level: &Mixture, share: &Mixture, cells: &[Cell<'_>]) -> Test {
        let untested = Test {
            p_value: 1.0,
            share_p_value: 1.0,
            finding: None,
        };
        let (observed, total) = (cell.counts[0], self.frames[cell.frame].totals[0]);
        if observed < self.settings.minimum_support as f64 {
            return untested;
        }
        let by_level = self.against_level(cell, level);
        if observed < self.settings.minimum_ratio * by_level.expected {
            return untested;
        }
        let by_share = share.predict(&cell.share, observed, total.max(1.0), 0.0);
        let rose = observed >= self.settings.minimum_share_ratio * by_share.expected;
        Test {
            p_value: by_level.p_value,
            share_p_value: by_share.p_value,
            finding: rose.then(|| {
                let elevated_products = self.elevated(cell, level, cells);
                self.finding(cell, by_level, by_share.p_value, elevated_products)
            }),
        }
    }

    fn against_level(&self, cell: &Cell<'_>, mixture: &Mixture) -> Prediction {
        let exposure = self.exposure[0] * self.day_of_week.factor(0);
        mixture.predict(
            &cell.level,
            cell.counts[0],
            exposure,
            self.day_of_week.relative_variance,
        )
    }

    /// The products in which an overall cell's topic is elevated.
    fn elevated(&self, cell: &Cell<'_>, level: &Mixture, cells: &[Cell<'_>]) -> Vec<String> {
        if Some(cell.frame) != self.overall {
            return Vec::new();
        }
        // A topic's cells stand together and are ordered as the topics are.
        let from = cells.partition_point(|other| other.topic < cell.topic);
        cells
            .iter()
            .skip(from)
            .take_while(|other| other.topic == cell.topic)
            .filter_map(|other| match &self.frames[other.frame].level {
                Level::Product(product) => Some((product, self.against_level(other, level), other.counts[0])),
                Level::Overall => None,
            })
            .filter(|(_, past, count)| {
                past.p_value < ELEVATED && *count >= self.settings.minimum_ratio * past.expected
            })
            .map(|(product, ..)| product.clone())
            .collect()
    }

    fn finding(
        &self,
        cell: &Cell<'_>,
        past: Prediction,
        share_p_value: f64,
        elevated: Vec<String>,
    ) -> HotCell {
        let frame = &self.frames[cell.frame];
        let feedback: f64 = cell.share.exposures.iter().sum();
        HotCell {
            topic: cell.topic.to_owned(),
            level: frame.level.clone(),
            window_start: self.history.now - TimeDelta::hours(i64::from(self.hours)),
            window_end: self.history.now,
            observed: whole(cell.counts[0]),
            expected: past.expected,
            baseline: Baseline {
                window_hours: self.hours,
                windows: cell.level.counts.len(),
                mentions: whole(cell.level.total()),
                feedback: whole(feedback),
                day_of_week: self.day_of_week.known,
            },
            overdispersion: past.overdispersion,
            p_value: past.p_value,
            q_value: 1.0,
            share_p_value,
            ratio: cell.counts[0] / past.expected,
            share: cell.counts[0] / frame.totals[0].max(1.0),
            baseline_share: cell.level.total() / feedback.max(1.0),
            elevated_products: elevated,
        }
    }
}

/// The windows without those in which the cell had an outbreak already, where enough remain.
fn without_outbreaks(
    known: Vec<usize>,
    rate: impl Fn(usize) -> f64,
    support: f64,
    minimum: usize,
) -> Vec<usize> {
    let mut rates: Vec<f64> = known.iter().map(|&w| rate(w)).collect();
    rates.sort_by(f64::total_cmp);
    let median = rates.get(rates.len() / 2).copied().unwrap_or(0.0);
    let ordinary: Vec<usize> = known
        .iter()
        .copied()
        .filter(|&w| rate(w) < support || rate(w) <= PAST_OUTBREAK * median)
        .collect();
    if ordinary.len() >= minimum {
        ordinary
    } else {
        known
    }
}
