//! What an engine understood of a text.

use serde::{Deserialize, Serialize};

/// The class of a feeling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sentiment {
    Negative,
    Neutral,
    Positive,
}

impl Sentiment {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
        }
    }

    /// The class that a column holds.
    pub(crate) fn stored(name: &str) -> Option<Self> {
        [Self::Negative, Self::Neutral, Self::Positive]
            .into_iter()
            .find(|class| class.as_str() == name)
    }
}

/// By what a topic was given to a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FoundBy {
    /// A keyword of the topic, which stands at the place.
    Keyword(String),
    /// The example of the topic at this position, from 0, which the sentence at the place is most like.
    Example(i32),
    /// The topic's rule.
    Rule,
    /// A topic below it.
    Below(String),
}

/// A topic found in a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mention {
    pub(crate) topic_id: String,
    /// Bytes from the beginning of the text.
    pub(crate) start: i32,
    pub(crate) end: i32,
    /// 0 to 1.
    pub(crate) confidence: f64,
    /// How the person feels where it stands, −1 to +1; none when that was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sentiment_score: Option<f64>,
    /// The class of that feeling; none when the engine was not sure enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sentiment: Option<Sentiment>,
    /// None where an outside engine gave it, and before it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) found_by: Option<FoundBy>,
}

impl Mention {
    /// Whether it is only there because a topic below it was found.
    pub(crate) fn is_implied(&self) -> bool {
        matches!(self.found_by, Some(FoundBy::Below(_)))
    }
}

/// What an engine understood of one text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Understanding {
    /// The engine and its version.
    pub(crate) engine: String,
    /// A BCP 47 tag; none when there was too little to tell.
    pub(crate) language: Option<String>,
    /// −1 to +1.
    pub(crate) sentiment_score: f64,
    /// None when the engine was not sure enough.
    pub(crate) sentiment: Option<Sentiment>,
    /// The calibrated probability of the most probable class.
    pub(crate) sentiment_probability: f64,
    /// Each topic once.
    pub(crate) topics: Vec<Mention>,
}

impl Understanding {
    /// Whether what it mentions counts as a complaint: anything that was not judged positive, because a plain
    /// "flight cancelled" is often judged neutral or not at all.
    pub(crate) fn is_non_positive(&self) -> bool {
        self.sentiment != Some(Sentiment::Positive)
    }
}
