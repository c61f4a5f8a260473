//! What an initiative must reach.

use serde::{Deserialize, Serialize};

/// The metric that must move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Metric {
    /// The share of feedback that mentions the topic without being positive.
    TopicShare,
}

impl Metric {
    /// The metric's id in the registry of the feedback service.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::TopicShare => "topic_share",
        }
    }

    /// The metric of an id.
    pub(crate) fn parse(id: &str) -> Result<Self, &'static str> {
        match id {
            "topic_share" => Ok(Self::TopicShare),
            _ => Err("must be topic_share"),
        }
    }
}

/// What must move, by how much, and by when.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) metric: Metric,
    /// The smallest fall worth having, relative to the level that would have been; above 0, at most 1.
    pub(crate) smallest_relative_effect: f64,
    /// Days from the rollout to the last look: 1 to 365.
    pub(crate) deadline_days: i32,
}
