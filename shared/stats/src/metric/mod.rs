//! Numbers with their uncertainty, computed from sufficient statistics: histograms of answers, or successes of n.

mod answer;
mod histogram;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::distribution::normal_critical;
use crate::registry::MetricId;

pub use answer::{Answer, AnswerScale};
pub use histogram::Histogram;

/// The probability with which an interval covers the true value; between 0.5 and 0.9999.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct ConfidenceLevel(f64);

impl ConfidenceLevel {
    /// 95 %, the level shown unless another is asked for.
    pub const P95: Self = Self(0.95);

    /// The level as a probability.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The half width, in standard errors, of a normal interval at this level.
    pub fn critical(self) -> f64 {
        normal_critical(self.0)
    }
}

impl Default for ConfidenceLevel {
    fn default() -> Self {
        Self::P95
    }
}

impl TryFrom<f64> for ConfidenceLevel {
    type Error = MetricError;

    fn try_from(level: f64) -> Result<Self, Self::Error> {
        if (0.5..=0.9999).contains(&level) {
            Ok(Self(level))
        } else {
            Err(MetricError::Level(level))
        }
    }
}

impl From<ConfidenceLevel> for f64 {
    fn from(level: ConfidenceLevel) -> Self {
        level.0
    }
}

/// Why a number could not be computed from what was given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MetricError {
    /// The score does not lie on the question's scale.
    #[error("score {score} is outside {minimum} to {maximum}; send a whole number on the question's scale")]
    ScoreOutOfRange {
        /// The refused score.
        score: i64,
        /// The lowest score of the scale.
        minimum: i64,
        /// The highest score of the scale.
        maximum: i64,
    },
    /// Two histograms of different questions.
    #[error(
        "cannot combine answers on the {left:?} scale with answers on the {right:?} scale; keep them apart"
    )]
    ScaleMismatch {
        /// The scale of the histogram that was to change.
        left: AnswerScale,
        /// The scale of the other one.
        right: AnswerScale,
    },
    /// A correction takes away more answers than were counted.
    #[error(
        "cannot take away {taken} answers with score {score}: only {counted} were counted; rebuild the roll-up"
    )]
    NegativeCount {
        /// The score concerned.
        score: i64,
        /// How many answers were to be taken away.
        taken: u64,
        /// How many had been counted.
        counted: u64,
    },
    /// The stored counts do not have one entry per score.
    #[error("{given} counts given for a scale of {expected} scores; give one count per score")]
    CountsLength {
        /// How many counts were given.
        given: usize,
        /// How many scores the scale has.
        expected: usize,
    },
    /// More successes than trials.
    #[error("{successes} successes of {n} are impossible; check the roll-up")]
    SuccessesExceedN {
        /// The successes given.
        successes: u64,
        /// The trials given.
        n: u64,
    },
    /// Numbers of different metrics cannot be compared.
    #[error("{left} cannot be compared with {right}; compare numbers of one metric")]
    DifferentMetrics {
        /// The one metric.
        left: MetricId,
        /// The other one.
        right: MetricId,
    },
    /// The metric is not a share.
    #[error("metric {0} is not a share of successes; compute it from a histogram of answers")]
    NotAShare(MetricId),
    /// The confidence level is out of range.
    #[error("confidence level {0} is outside 0.5 to 0.9999; give a probability such as 0.95")]
    Level(f64),
}

/// A number with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Which metric this is.
    pub metric: MetricId,
    /// The version of the metric's definition.
    pub version: u32,
    /// How many answers or texts it rests on.
    pub n: u64,
    /// The value on the metric's scale.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// The interval's confidence level, a probability.
    pub level: f64,
}

/// A number, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Outcome {
    /// Enough answers: the number.
    Known(Estimate),
    /// Too few answers: no number.
    Suppressed {
        /// Which metric was asked for.
        metric: MetricId,
        /// The version of the metric's definition.
        version: u32,
        /// How many answers there are.
        n: u64,
        /// How many are needed.
        minimum_n: u64,
        /// Why no number is shown, in words for people.
        reason: String,
    },
}

impl Outcome {
    /// How many answers there are.
    pub const fn n(&self) -> u64 {
        match self {
            Self::Known(Estimate { n, .. }) | Self::Suppressed { n, .. } => *n,
        }
    }

    /// The estimate, where there is one.
    pub const fn estimate(&self) -> Option<&Estimate> {
        match self {
            Self::Known(estimate) => Some(estimate),
            Self::Suppressed { .. } => None,
        }
    }

    fn when_enough(metric: MetricId, n: u64, minimum_n: u64, compute: impl FnOnce() -> Estimate) -> Self {
        let definition = metric.definition();
        if n >= minimum_n {
            return Self::Known(compute());
        }
        Self::Suppressed {
            metric,
            version: definition.version,
            n,
            minimum_n,
            reason: format!(
                "{n} of at least {minimum_n} needed: too few for {}",
                definition.name
            ),
        }
    }
}

/// A share metric (CSAT, negative sentiment, topic share, first-contact resolution) from its successes among `n`, with
/// a Wilson interval.
///
/// # Errors
/// [`MetricError::NotAShare`] for a metric that is not a share, [`MetricError::SuccessesExceedN`] for impossible
/// counts.
pub fn share(
    metric: MetricId,
    successes: u64,
    n: u64,
    level: ConfidenceLevel,
) -> Result<Outcome, MetricError> {
    if matches!(metric, MetricId::Nps | MetricId::Ces) {
        return Err(MetricError::NotAShare(metric));
    }
    if successes > n {
        return Err(MetricError::SuccessesExceedN { successes, n });
    }
    let minimum_n = metric.definition().minimum_n;
    Ok(Outcome::when_enough(metric, n, minimum_n, || {
        share_estimate(metric, successes, n, level)
    }))
}

fn share_estimate(metric: MetricId, successes: u64, n: u64, level: ConfidenceLevel) -> Estimate {
    let (low, high) = wilson(successes, n, level);
    Estimate {
        metric,
        version: metric.definition().version,
        n,
        value: successes as f64 / n as f64,
        low,
        high,
        level: level.get(),
    }
}

/// The Wilson score interval of a share (Wilson, JASA 22(158), 1927): inside [0, 1], honest for small n and for
/// shares near the ends. For `n` of zero it is the whole range.
pub fn wilson(successes: u64, n: u64, level: ConfidenceLevel) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let z2 = normal_critical(level.get()).powi(2);
    let n = n as f64;
    let p = (successes as f64 / n).min(1.0);
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = (z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n))).sqrt() / (1.0 + z2 / n);
    let low = if successes == 0 {
        0.0
    } else {
        (centre - half).max(0.0)
    };
    let high = if p >= 1.0 { 1.0 } else { (centre + half).min(1.0) };
    (low, high)
}
