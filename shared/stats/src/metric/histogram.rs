//! Histograms of answers: the sufficient statistic of every score metric.

use serde::{Deserialize, Serialize};

use super::{Answer, AnswerScale, ConfidenceLevel, Estimate, MetricError, Outcome, share_estimate};
use crate::distribution::student_critical;
use crate::registry::MetricId;

/// How many answers gave each score: all a metric needs, so a roll-up can hold it, add to it and correct it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    scale: AnswerScale,
    counts: Vec<u64>,
}

impl Histogram {
    /// A histogram without answers.
    pub fn new(scale: AnswerScale) -> Self {
        Self {
            scale,
            counts: vec![0; scale.len()],
        }
    }

    /// A stored histogram: one count per score, lowest score first.
    ///
    /// # Errors
    /// [`MetricError::CountsLength`] when there is not exactly one count per score.
    pub fn from_counts(scale: AnswerScale, counts: Vec<u64>) -> Result<Self, MetricError> {
        if counts.len() == scale.len() {
            Ok(Self { scale, counts })
        } else {
            Err(MetricError::CountsLength {
                given: counts.len(),
                expected: scale.len(),
            })
        }
    }

    /// The question's scale.
    pub const fn scale(&self) -> AnswerScale {
        self.scale
    }

    /// One count per score, lowest score first.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The number of answers.
    pub fn n(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Counts one answer.
    ///
    /// # Errors
    /// [`MetricError::ScaleMismatch`] when the answer belongs to another question.
    pub fn add(&mut self, answer: Answer) -> Result<(), MetricError> {
        self.add_many(answer, 1)
    }

    /// Counts `times` answers that are alike.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_many(&mut self, answer: Answer, times: u64) -> Result<(), MetricError> {
        self.same_scale(answer.scale)?;
        if let Some(count) = self.counts.get_mut(answer.index) {
            *count += times;
        }
        Ok(())
    }

    /// Adds another roll-up of the same question.
    ///
    /// # Errors
    /// [`MetricError::ScaleMismatch`] when it belongs to another question.
    pub fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.same_scale(other.scale)?;
        for (count, added) in self.counts.iter_mut().zip(&other.counts) {
            *count += added;
        }
        Ok(())
    }

    /// Takes answers away, as when one is corrected or erased. Nothing changes when it fails.
    ///
    /// # Errors
    /// [`MetricError::ScaleMismatch`], or [`MetricError::NegativeCount`] when more would be taken than counted.
    pub fn subtract(&mut self, other: &Self) -> Result<(), MetricError> {
        self.same_scale(other.scale)?;
        let short = self
            .scale
            .scores()
            .zip(&self.counts)
            .zip(&other.counts)
            .find(|((_, had), take)| take > had);
        if let Some(((score, &counted), &taken)) = short {
            return Err(MetricError::NegativeCount {
                score,
                taken,
                counted,
            });
        }
        for (count, taken) in self.counts.iter_mut().zip(&other.counts) {
            *count -= taken;
        }
        Ok(())
    }

    /// The metric of this question, with its interval, or the reason why none is shown.
    pub fn outcome(&self, level: ConfidenceLevel) -> Outcome {
        self.outcome_from(self.scale.metric().definition().minimum_n, level)
    }

    /// The same from another minimum n on, at least two: where the answers are few by their nature and nobody's
    /// privacy hangs on them, as with a company's own ratings.
    pub fn outcome_from(&self, minimum_n: u64, level: ConfidenceLevel) -> Outcome {
        let (metric, n) = (self.scale.metric(), self.n());
        Outcome::when_enough(metric, n, minimum_n.max(2), || match self.scale {
            AnswerScale::Nps | AnswerScale::Ces => self.mean(metric, level),
            AnswerScale::Csat => share_estimate(metric, self.top_two(), n, level),
        })
    }

    /// Answers with one of the two highest scores: those that count for CSAT.
    pub fn top_two(&self) -> u64 {
        self.counts.iter().rev().take(2).sum()
    }

    /// The values that the metric is the mean of, with how many answers have each.
    pub(crate) fn values(&self) -> impl Iterator<Item = (f64, u64)> {
        let value = |(score, &count)| (self.scale.value_of(score), count);
        self.scale.scores().zip(&self.counts).map(value)
    }

    /// Mean of the values, and sum of their squared distances from it.
    pub(crate) fn moments(&self) -> (f64, f64) {
        let mean = self.values().map(|(v, count)| v * count as f64).sum::<f64>() / self.n().max(1) as f64;
        let squares = self
            .values()
            .map(|(v, count)| count as f64 * (v - mean).powi(2))
            .sum();
        (mean, squares)
    }

    fn same_scale(&self, other: AnswerScale) -> Result<(), MetricError> {
        if self.scale == other {
            Ok(())
        } else {
            Err(MetricError::ScaleMismatch {
                left: self.scale,
                right: other,
            })
        }
    }

    /// The mean of the values of all answers. NPS is the mean of {−100, 0, 100}.
    fn mean(&self, metric: MetricId, level: ConfidenceLevel) -> Estimate {
        let definition = metric.definition();
        let n = self.n() as f64;
        let (mean, squares) = self.moments();
        let half = if squares > 0.0 {
            student_critical(level.get(), n - 1.0) * (squares / (n - 1.0) / n).sqrt()
        } else {
            // All answers alike: the variance says "certain", the rule of three does not (Hanley 1983).
            (1.0 - (1.0 - level.get()).powf(1.0 / n)) * (definition.scale.maximum - definition.scale.minimum)
        };
        Estimate {
            metric,
            version: definition.version,
            n: self.n(),
            value: mean,
            low: (mean - half).max(definition.scale.minimum),
            high: (mean + half).min(definition.scale.maximum),
            level: level.get(),
        }
    }
}
