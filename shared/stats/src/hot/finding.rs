//! What a run reports: records that explain themselves, stored as they are.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Over all established products together.
    Overall,
    /// In one product.
    Product(String),
}

/// What the observed count was compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The length of each window, in hours.
    pub window_hours: u32,
    /// How many comparable earlier windows there were.
    pub windows: usize,
    /// Mentions in all of them together.
    pub mentions: u64,
    /// Feedback of the slice in all of them together.
    pub feedback: u64,
    /// Whether a factor for the day of week was used.
    pub day_of_week: bool,
}

/// One topic at one level whose count in the tested window its past does not explain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HotCell {
    /// The topic.
    pub topic: String,
    /// All products, or one.
    pub level: Level,
    /// The start of the tested window.
    pub window_start: DateTime<Utc>,
    /// The end of the tested window, the instant of the run.
    pub window_end: DateTime<Utc>,
    /// Mentions in the tested window.
    pub observed: u64,
    /// Mentions expected in it from the cell's past.
    pub expected: f64,
    /// What was compared with.
    pub baseline: Baseline,
    /// Extra variance between windows: the variance is `expected + overdispersion × expected²`.
    pub overdispersion: f64,
    /// The probability of the observed count or more, had the cell stayed at its level.
    pub p_value: f64,
    /// The p-value adjusted for everything tested in the run (Benjamini–Hochberg).
    pub q_value: f64,
    /// The probability of the observed count or more, had the topic kept its share of the slice's feedback.
    pub share_p_value: f64,
    /// Observed ÷ expected.
    pub ratio: f64,
    /// Share of the slice's feedback in the tested window that mentions the topic.
    pub share: f64,
    /// The same share over the baseline.
    pub baseline_share: f64,
    /// At level overall, the products in which the topic is elevated; empty for one product.
    pub elevated_products: Vec<String>,
}

/// Something the run could not judge, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Notice {
    /// The slice's volume starts rather than rises: a new product, or collection that begins. Until it has enough
    /// comparable windows it is neither tested nor part of the overall series.
    VolumeStarted {
        /// The product concerned.
        product: String,
        /// The first hour of the volume.
        at: DateTime<Utc>,
    },
    /// Too few comparable earlier windows to say anything.
    NotEnoughHistory {
        /// Where.
        level: Level,
        /// How many comparable windows there are.
        windows: usize,
        /// How many are needed.
        needed: usize,
    },
}

/// The result of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The instant of the run: the end of the tested windows.
    pub now: DateTime<Utc>,
    /// How many hypotheses were tested, hot or not.
    pub tested: usize,
    /// At most one finding per topic and level, most significant first.
    pub hot: Vec<HotCell>,
    /// What could not be judged.
    pub notices: Vec<Notice>,
}
