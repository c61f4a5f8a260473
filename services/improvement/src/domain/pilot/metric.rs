//! What is measured in each customer of a pilot.

use attune_stats::MetricId;
use attune_stats::pilot::{Better, Measure, Sample};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::{Quantity, Slice};

/// How many days of feedback the level without the change is taken from.
const BASELINE_DAYS: i32 = 28;

/// A metric of a pilot, and which of the customers' feedback it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PilotMetric {
    pub(crate) metric: MetricId,
    pub(crate) slice: Slice,
}

/// An answer on a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rating {
    /// 0 to 10.
    Nps(i32),
    /// 1 to 5.
    Csat(i32),
    /// 1 to 7.
    Ces(i32),
}

/// How a text sounds, where the engine was sure enough to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sentiment {
    Negative,
    Neutral,
    Positive,
}

/// That a text is about a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) topic_id: String,
    /// How it sounds where it stands, where the engine was sure enough to say.
    pub(crate) sentiment: Option<Sentiment>,
}

/// A piece of feedback as it was told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) feedback_id: Uuid,
    /// Who said it, where that is known.
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) product: String,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
    pub(crate) rating: Option<Rating>,
    /// Whether there was a text that the engine read.
    pub(crate) understood: bool,
    pub(crate) sentiment: Option<Sentiment>,
    pub(crate) topics: Vec<Mention>,
    pub(crate) occurred_at: DateTime<Utc>,
}

impl Said {
    /// Whether it is about the topic.
    fn mentions(&self, topic_id: &str) -> bool {
        self.topics.iter().any(|mention| mention.topic_id == topic_id)
    }

    /// Whether its mention of the topic is negative where it stands; `None` where that could not be judged. Of several
    /// mentions one that is negative decides.
    pub(crate) fn is_negative_about(&self, topic_id: &str) -> Option<bool> {
        self.topics
            .iter()
            .filter(|mention| mention.topic_id == topic_id)
            .filter_map(|mention| mention.sentiment)
            .map(|sentiment| sentiment == Sentiment::Negative)
            .reduce(|one, other| one || other)
    }

    /// Whether what it is about counts as a complaint, as the feedback service counts it: a plain "flight cancelled" is
    /// often judged neutral or not at all.
    pub(crate) fn is_complaint(&self) -> bool {
        self.understood && self.sentiment != Some(Sentiment::Positive)
    }
}

/// The answers of an arm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Answers {
    /// Customers who gave one.
    pub(crate) n: i64,
    pub(crate) sum: f64,
    /// The standard deviation between them, with n − 1.
    pub(crate) deviation: f64,
}

impl PilotMetric {
    /// The number that says what to expect without the change.
    pub(crate) fn baseline(&self) -> Quantity {
        Quantity {
            metric: self.metric,
            slice: self.slice.clone(),
            window_days: BASELINE_DAYS,
        }
    }

    /// Which way it is better.
    pub(crate) fn better(&self) -> Better {
        if self.baseline().rises() {
            Better::Higher
        } else {
            Better::Lower
        }
    }

    /// Whether a customer counts by what any of their feedback says, and not by the latest.
    pub(crate) fn counts_any(&self) -> bool {
        self.metric == MetricId::TopicShare
    }

    /// Whether it is a share of customers.
    fn is_share(&self) -> bool {
        match self.metric {
            MetricId::Csat
            | MetricId::SentimentNegativeShare
            | MetricId::TopicNegativeShare
            | MetricId::TopicShare
            | MetricId::FirstContactResolution
            | MetricId::ResponseRate => true,
            MetricId::Nps | MetricId::Ces => false,
        }
    }

    /// What to plan with, from a number of `n` answers whose interval at `critical` standard errors is `half` wide on
    /// each side.
    pub(crate) fn measure(&self, baseline: f64, standard_error: f64, n: i64) -> Measure {
        if self.is_share() {
            Measure::Proportion { baseline }
        } else {
            Measure::Mean {
                baseline,
                deviation: standard_error * (n as f64).sqrt(),
            }
        }
    }

    /// The answers as statistics take them.
    pub(crate) fn sample(&self, answers: Answers) -> Sample {
        let Answers { n, sum, deviation } = answers;
        let n = u64::try_from(n).unwrap_or_default();
        if self.is_share() {
            Sample::Proportion {
                successes: whole(sum).min(n),
                n,
            }
        } else {
            Sample::Mean {
                n,
                mean: sum / n.max(1) as f64,
                deviation,
            }
        }
    }

    /// What a piece of feedback counts; `None` when it is no answer to this.
    pub(crate) fn outcome(&self, said: &Said) -> Option<f64> {
        let Slice {
            product,
            channel,
            topic_id,
            touchpoint,
        } = &self.slice;
        let within = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
        let about = || said.mentions(topic_id);
        let inside = within(product, &said.product)
            && within(channel, &said.channel)
            && within(touchpoint, &said.touchpoint)
            && (self.metric == MetricId::TopicShare || topic_id.is_empty() || about());
        if !inside {
            return None;
        }
        match (self.metric, said.rating) {
            (MetricId::Csat, Some(Rating::Csat(value))) => Some(f64::from(u8::from(value >= 4))),
            (MetricId::Ces, Some(Rating::Ces(value))) => Some(f64::from(value)),
            (MetricId::Nps, Some(Rating::Nps(value))) => Some(match value {
                ..=6 => -100.0,
                7 | 8 => 0.0,
                _ => 100.0,
            }),
            (MetricId::SentimentNegativeShare, _) => said
                .sentiment
                .map(|sentiment| f64::from(u8::from(sentiment == Sentiment::Negative))),
            (MetricId::TopicNegativeShare, _) => said
                .is_negative_about(topic_id)
                .map(|negative| f64::from(u8::from(negative))),
            (MetricId::TopicShare, _) => Some(f64::from(u8::from(said.is_complaint() && about()))),
            _ => None,
        }
    }
}

/// A sum of zeros and ones.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float to integer casts saturate"
)]
fn whole(sum: f64) -> u64 {
    sum.round() as u64
}
