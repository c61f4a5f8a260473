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
        self.same_scale(answer.scale)?;
        if let Some(count) = self.counts.get_mut(answer.index) {
            *count += 1;
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
        let metric = self.scale.metric();
        let n = self.n();
        Outcome::when_enough(metric, n, || match self.scale {
            AnswerScale::Nps => self.mean_of(metric, level, |score| match score {
                9.. => 100.0,
                7..=8 => 0.0,
                _ => -100.0,
            }),
            AnswerScale::Csat => share_estimate(metric, self.counts.iter().skip(3).sum(), n, level),
            AnswerScale::Ces => self.mean_of(metric, level, |score| score as f64),
        })
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

    /// The mean of a value given to every score. NPS is the mean of {−100, 0, 100}.
    fn mean_of(&self, metric: MetricId, level: ConfidenceLevel, value: impl Fn(i64) -> f64) -> Estimate {
        let definition = metric.definition();
        let n = self.n() as f64;
        let weighted = || {
            self.scale
                .scores()
                .zip(&self.counts)
                .map(|(score, &count)| (value(score), count as f64))
        };
        let mean = weighted().map(|(v, count)| v * count).sum::<f64>() / n;
        let squares = weighted()
            .map(|(v, count)| count * (v - mean).powi(2))
            .sum::<f64>();
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
