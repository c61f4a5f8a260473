//! Hot issues: which topic, of which product, is mentioned far more than its own past explains.
//!
//! One run looks at the trailing window (24 hours, and 6 hours) that ends at `now` and compares it with earlier
//! windows at the same hours of day, so that the hour of day cancels; from three weeks of history on, a factor for
//! the day of week is estimated from the slice's total. A cell is called hot when all of this holds:
//!
//! - its count is improbable against its own level (negative binomial tail, after Noufaily et al., An improved
//!   algorithm for outbreak detection in multiple surveillance systems, Statistics in Medicine 32(7), 2013), after
//!   Benjamini–Hochberg (JRSS B 57(1), 1995) across everything tested in the run;
//! - its share of the slice's total rose too, after Benjamini–Hochberg at 5 % across the cells that reach the
//!   minimum support and ratio, so that a busy day alone makes no issue;
//! - it has the minimum support and the minimum ratios of [`Settings`].

mod baseline;
mod course;
mod detect;
mod dispersion;
mod finding;
mod history;
mod pass;
mod widen;

pub use course::{Day, Range, Usual};
pub use detect::detect;
pub use finding::{Baseline, HotCell, Level, Notice, Run};
pub use history::{History, HistoryError, MAXIMUM_DAYS};
pub use widen::{one_finding_per_topic, spread};

use serde::{Deserialize, Serialize};

/// What a run promises and demands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The promised false discovery rate of one run (and, where nothing is going on, the share of runs with any
    /// alarm); default 0.01.
    pub false_discovery_rate: f64,
    /// The fewest mentions in the tested window; default 20.
    pub minimum_support: u64,
    /// The lowest observed ÷ expected; default 1.5.
    pub minimum_ratio: f64,
    /// The lowest share ÷ baseline share; default 1.25.
    pub minimum_share_ratio: f64,
    /// The fewest comparable earlier windows; default 3.
    pub minimum_windows: usize,
    /// The lengths of the trailing windows tested, in hours from 1 to 24; default 24 and 6.
    pub window_hours: Vec<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            false_discovery_rate: 0.01,
            minimum_support: 20,
            minimum_ratio: 1.5,
            minimum_share_ratio: 1.25,
            minimum_windows: 3,
            window_hours: vec![24, 6],
        }
    }
}
