//! Answers to the standard questions, refused at the door where they are off their scale.

use serde::{Deserialize, Serialize};

use super::MetricError;
use crate::registry::MetricId;

/// The answer scale of one of the standard questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerScale {
    /// 0 to 10, "how likely are you to recommend".
    Nps,
    /// 1 to 5, "how satisfied are you".
    Csat,
    /// 1 to 7, "it was easy".
    Ces,
}

impl AnswerScale {
    /// The lowest score.
    pub const fn minimum(self) -> i64 {
        match self {
            Self::Nps => 0,
            Self::Csat | Self::Ces => 1,
        }
    }

    /// The highest score.
    pub const fn maximum(self) -> i64 {
        match self {
            Self::Nps => 10,
            Self::Csat => 5,
            Self::Ces => 7,
        }
    }

    /// The metric computed from answers on this scale.
    pub const fn metric(self) -> MetricId {
        match self {
            Self::Nps => MetricId::Nps,
            Self::Csat => MetricId::Csat,
            Self::Ces => MetricId::Ces,
        }
    }

    /// The scale of a metric that is made of answers; none for the others.
    pub const fn of(metric: MetricId) -> Option<Self> {
        match metric {
            MetricId::Nps => Some(Self::Nps),
            MetricId::Csat => Some(Self::Csat),
            MetricId::Ces => Some(Self::Ces),
            MetricId::SentimentNegativeShare
            | MetricId::TopicNegativeShare
            | MetricId::TopicShare
            | MetricId::FirstContactResolution
            | MetricId::ResponseRate => None,
        }
    }

    /// What an answer with this score adds to the metric, which is the mean of these values: for NPS −100, 0 or 100,
    /// for CSAT 0 or 1, for CES the score itself.
    pub fn value_of(self, score: i64) -> f64 {
        match (self, score) {
            (Self::Nps, 9..) => 100.0,
            (Self::Nps, 7..=8) | (Self::Csat, ..=3) => 0.0,
            (Self::Nps, _) => -100.0,
            (Self::Csat, _) => 1.0,
            (Self::Ces, _) => score as f64,
        }
    }

    fn index(self, score: i64) -> Option<usize> {
        if score > self.maximum() {
            None
        } else {
            usize::try_from(score.checked_sub(self.minimum())?).ok()
        }
    }

    pub(super) fn len(self) -> usize {
        self.index(self.maximum()).map_or(0, |last| last + 1)
    }

    pub(super) fn scores(self) -> impl Iterator<Item = i64> {
        self.minimum()..=self.maximum()
    }
}

/// One answer that lies on its scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Answer {
    pub(super) scale: AnswerScale,
    pub(super) index: usize,
}

impl Answer {
    /// Accepts a score on the scale.
    ///
    /// # Errors
    /// [`MetricError::ScoreOutOfRange`] for any other score.
    pub fn parse(scale: AnswerScale, score: i64) -> Result<Self, MetricError> {
        scale
            .index(score)
            .map(|index| Self { scale, index })
            .ok_or(MetricError::ScoreOutOfRange {
                score,
                minimum: scale.minimum(),
                maximum: scale.maximum(),
            })
    }

    /// The question's scale.
    pub const fn scale(self) -> AnswerScale {
        self.scale
    }

    /// The score given.
    pub fn score(self) -> i64 {
        self.scale
            .scores()
            .nth(self.index)
            .unwrap_or(self.scale.minimum())
    }
}
