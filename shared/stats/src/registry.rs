//! The one metric registry: what each number means, how it is computed and from how many answers on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The stable identity of a metric; its text form is what services store and show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricId {
    /// Net Promoter Score.
    Nps,
    /// Customer satisfaction.
    Csat,
    /// Customer effort score.
    Ces,
    /// Share of texts whose sentiment is negative.
    SentimentNegativeShare,
    /// Share of a topic's mentions that are negative about it.
    TopicNegativeShare,
    /// Share of feedback that mentions a topic in a non-positive way.
    TopicShare,
    /// Share of closed matters about which the customer did not contact the company again.
    FirstContactResolution,
    /// Share of those who were asked who answered completely.
    ResponseRate,
}

impl MetricId {
    /// The identifier as text, for example `nps`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nps => "nps",
            Self::Csat => "csat",
            Self::Ces => "ces",
            Self::SentimentNegativeShare => "sentiment_negative_share",
            Self::TopicNegativeShare => "topic_negative_share",
            Self::TopicShare => "topic_share",
            Self::FirstContactResolution => "first_contact_resolution",
            Self::ResponseRate => "response_rate",
        }
    }

    /// The current definition of this metric.
    pub const fn definition(self) -> &'static MetricDefinition {
        match self {
            Self::Nps => &NPS,
            Self::Csat => &CSAT,
            Self::Ces => &CES,
            Self::SentimentNegativeShare => &SENTIMENT_NEGATIVE_SHARE,
            Self::TopicNegativeShare => &TOPIC_NEGATIVE_SHARE,
            Self::TopicShare => &TOPIC_SHARE,
            Self::FirstContactResolution => &FIRST_CONTACT_RESOLUTION,
            Self::ResponseRate => &RESPONSE_RATE,
        }
    }
}

impl fmt::Display for MetricId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MetricId {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        list()
            .iter()
            .find(|definition| definition.id.as_str() == text)
            .map(|definition| definition.id)
            .ok_or_else(|| UnknownMetric(text.to_owned()))
    }
}

/// No metric has this identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "metric {0:?} is not in the registry; use one of nps, csat, ces, sentiment_negative_share, topic_negative_share, \
     topic_share, first_contact_resolution, response_rate"
)]
pub struct UnknownMetric(pub String);

/// The range in which a metric's value lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scale {
    /// The lowest possible value.
    pub minimum: f64,
    /// The highest possible value.
    pub maximum: f64,
    /// What one unit is, for example "share" or "points".
    pub unit: &'static str,
}

/// What a number means. A change of meaning is a new version, never an edit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricDefinition {
    /// The stable identifier.
    pub id: MetricId,
    /// The version of this definition, counted from one.
    pub version: u32,
    /// The name shown to people.
    pub name: &'static str,
    /// How the value and its interval are computed.
    pub formula: &'static str,
    /// The range of the value.
    pub scale: Scale,
    /// What one unit of n is.
    pub denominator: &'static str,
    /// Which instant places an answer in a reporting window.
    pub window: &'static str,
    /// Below this n no number is shown, only the reason.
    pub minimum_n: u64,
    /// Where the definition comes from.
    pub source: &'static str,
}

const SHARE: Scale = Scale {
    minimum: 0.0,
    maximum: 1.0,
    unit: "share",
};

static NPS: MetricDefinition = MetricDefinition {
    id: MetricId::Nps,
    version: 1,
    name: "Net Promoter Score",
    formula: "100 × (share of 9–10 − share of 0–6); interval from the variance of the mean of {−1, 0, 1}",
    scale: Scale {
        minimum: -100.0,
        maximum: 100.0,
        unit: "points",
    },
    denominator: "answers on 0–10; dismissals are not answers",
    window: "the instant the answer was given",
    minimum_n: 30,
    source: "Reichheld, The One Number You Need to Grow, Harvard Business Review 81(12), 2003",
};

static CSAT: MetricDefinition = MetricDefinition {
    id: MetricId::Csat,
    version: 1,
    name: "Customer satisfaction",
    formula: "share of 4–5; Wilson interval",
    scale: SHARE,
    denominator: "answers on 1–5; dismissals are not answers",
    window: "the instant the answer was given",
    minimum_n: 20,
    source: "Top-two-box share; interval: Wilson, Probable Inference, JASA 22(158), 1927",
};

static CES: MetricDefinition = MetricDefinition {
    id: MetricId::Ces,
    version: 1,
    name: "Customer effort score",
    formula: "mean; Student's t interval",
    scale: Scale {
        minimum: 1.0,
        maximum: 7.0,
        unit: "points",
    },
    denominator: "answers on 1–7; dismissals are not answers",
    window: "the instant the answer was given",
    minimum_n: 20,
    source: "Dixon, Toman, DeLisi, The Effortless Experience (CES 2.0), 2013; interval: Student, Biometrika 6(1), 1908",
};

static SENTIMENT_NEGATIVE_SHARE: MetricDefinition = MetricDefinition {
    id: MetricId::SentimentNegativeShare,
    version: 1,
    name: "Negative sentiment",
    formula: "texts judged negative ÷ texts judged; Wilson interval",
    scale: SHARE,
    denominator: "texts whose sentiment could be judged",
    window: "the instant the text was written",
    minimum_n: 20,
    source: "Interval: Wilson, Probable Inference, JASA 22(158), 1927",
};

static TOPIC_NEGATIVE_SHARE: MetricDefinition = MetricDefinition {
    id: MetricId::TopicNegativeShare,
    version: 1,
    name: "Negative mentions of a topic",
    formula: "mentions of the topic judged negative where they stand ÷ mentions judged; Wilson interval",
    scale: SHARE,
    denominator: "mentions of the topic whose sentiment, in the sentence or clause they stand in, could be judged",
    window: "the instant the text was written",
    minimum_n: 20,
    source: "Interval: Wilson, Probable Inference, JASA 22(158), 1927",
};

static TOPIC_SHARE: MetricDefinition = MetricDefinition {
    id: MetricId::TopicShare,
    version: 1,
    name: "Topic share",
    formula: "feedback that mentions the topic non-positively ÷ all feedback of the slice; Wilson interval",
    scale: SHARE,
    denominator: "all feedback of the slice",
    window: "the instant the feedback was given",
    minimum_n: 20,
    source: "Interval: Wilson, Probable Inference, JASA 22(158), 1927",
};

/// Seven days are what the trade counts by (Call Centre Helper, First Contact Resolution, 2022: "the same issue within
/// 7 days"); 24 hours are what messaging channels take for one conversation. A matter is a customer's contact that was
/// closed; its first contact lasts until then, and no longer than 24 hours. A later contact is about the same matter
/// when both name it and alike, and where one of them names none, when both are about the same product: so two matters
/// of one product pass for one, and the number is rather too low than too high. A contact that comes again opens no
/// matter of its own. Contacts of customers who are not known are left out, because nobody can say whether they came
/// again.
static FIRST_CONTACT_RESOLUTION: MetricDefinition = MetricDefinition {
    id: MetricId::FirstContactResolution,
    version: 1,
    name: "First-contact resolution",
    formula: "matters about which the same customer did not contact the company again, between the end of the first \
              contact (the closing, at most 24 hours after it began) and 7 days after the closing ÷ matters; about the \
              same matter is a contact with the same matter id, or with the same product where either has no id; \
              Wilson interval",
    scale: SHARE,
    denominator: "matters that a contact of a known customer opened, no repeated contact itself, and that were closed \
                  at least 7 days ago; those closed since are pending",
    window: "the instant the matter was closed",
    minimum_n: 20,
    source: "No contact about the same issue within 7 days: Call Centre Helper, First Contact Resolution, 2022, and \
             Cleveland, Call Center Management on Fast Forward, ICMI Press, 2019; interval: Wilson, Probable \
             Inference, JASA 22(158), 1927",
};

/// What survey research calls response rate 1: complete answers alone, over everybody who was reached. Who answers does so
/// early and who does not is known late, so that invitations of a window are counted together once their time is over:
/// else the rate of last week would be that of the quick.
static RESPONSE_RATE: MetricDefinition = MetricDefinition {
    id: MetricId::ResponseRate,
    version: 1,
    name: "Response rate",
    formula: "invitations that were answered completely within their time ÷ invitations that were delivered or \
              answered; Wilson interval",
    scale: SHARE,
    denominator: "invitations that were delivered or answered and whose time to answer was over by the last midnight \
                  UTC; the others are pending",
    window: "the instant it was decided to ask",
    minimum_n: 20,
    source: "RR1 of AAPOR, Standard Definitions, 10th edition, 2023; interval: Wilson, Probable Inference, JASA \
             22(158), 1927",
};

static ALL: [&MetricDefinition; 8] = [
    &NPS,
    &CSAT,
    &CES,
    &SENTIMENT_NEGATIVE_SHARE,
    &TOPIC_NEGATIVE_SHARE,
    &TOPIC_SHARE,
    &FIRST_CONTACT_RESOLUTION,
    &RESPONSE_RATE,
];

/// All current definitions, in a fixed order.
pub fn list() -> &'static [&'static MetricDefinition] {
    &ALL
}

/// The definition with this identifier.
///
/// # Errors
/// [`UnknownMetric`] when no metric has it.
pub fn lookup(id: &str) -> Result<&'static MetricDefinition, UnknownMetric> {
    id.parse::<MetricId>().map(MetricId::definition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_text_identifier() {
        for definition in list() {
            assert_eq!(lookup(definition.id.as_str()), Ok(*definition));
            assert_eq!(definition.id.definition(), *definition);
            assert!(definition.version >= 1 && definition.minimum_n > 1);
            assert!(definition.scale.minimum < definition.scale.maximum);
        }
    }

    #[test]
    fn an_unknown_identifier_is_refused_with_the_known_ones() {
        let refused = lookup("nps2").unwrap_err();
        for definition in list() {
            assert!(refused.to_string().contains(definition.id.as_str()));
        }
    }
}
