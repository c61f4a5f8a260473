//! What an initiative must reach.

use attune_stats::MetricId;
use attune_stats::verdict::Aim;
use serde::{Deserialize, Serialize};

/// The metric that must move: a share of the registry's that a rollout can be judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Metric {
    /// The share of feedback that mentions the topic without being positive.
    TopicShare,
    /// The share of the topic's mentions that are negative where they stand.
    TopicNegativeShare,
    /// The share of texts that are negative.
    SentimentNegativeShare,
    /// The share of satisfied answers.
    Csat,
}

/// What can be taken instead of what is refused.
const TAKEN: &str = "take topic_share, topic_negative_share, sentiment_negative_share or csat";

impl Metric {
    /// The metric's id in the registry of the feedback service.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::TopicShare => MetricId::TopicShare.as_str(),
            Self::TopicNegativeShare => MetricId::TopicNegativeShare.as_str(),
            Self::SentimentNegativeShare => MetricId::SentimentNegativeShare.as_str(),
            Self::Csat => MetricId::Csat.as_str(),
        }
    }

    /// The metric of an id.
    ///
    /// # Errors
    /// Why a rollout is not judged by it, and what is taken instead.
    pub(crate) fn parse(id: &str) -> Result<Self, String> {
        let refused = match id.parse() {
            Ok(MetricId::TopicShare) => return Ok(Self::TopicShare),
            Ok(MetricId::TopicNegativeShare) => return Ok(Self::TopicNegativeShare),
            Ok(MetricId::SentimentNegativeShare) => return Ok(Self::SentimentNegativeShare),
            Ok(MetricId::Csat) => return Ok(Self::Csat),
            Ok(MetricId::Nps | MetricId::Ces) => {
                "must be a share: a verdict on a rollout judges shares, and this is a mean of answers, which a pilot \
                 judges"
            }
            Ok(MetricId::FirstContactResolution) => {
                "must be known when it happens: what is closed in the week before a rollout is decided in the week after \
                 it, so that no rise can be dated to the rollout; set a goal for it"
            }
            Ok(MetricId::ResponseRate) => "must be about what customers say, not about who is asked",
            Err(_) => return Err(TAKEN.replacen("take", "must be", 1)),
        };
        Err(format!("{refused}; {TAKEN}"))
    }

    /// What a change that helps does to it.
    pub(crate) const fn aim(self) -> Aim {
        match self {
            Self::TopicShare => Aim::FewerMentions,
            Self::TopicNegativeShare | Self::SentimentNegativeShare => Aim::LowerShare,
            Self::Csat => Aim::HigherShare,
        }
    }

    /// Whether there is no such share without a topic.
    pub(crate) const fn needs_topic(self) -> bool {
        matches!(self, Self::TopicShare | Self::TopicNegativeShare)
    }

    /// Its name for people who know the issue.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::TopicShare => "the share of feedback about it",
            Self::TopicNegativeShare => "the negative share of its mentions",
            Self::SentimentNegativeShare => "the share of negative texts",
            Self::Csat => "customer satisfaction (CSAT)",
        }
    }

    /// What it is to do, in words for people.
    pub(crate) const fn wanted(self) -> &'static str {
        if self.aim().rises() { "rises" } else { "falls" }
    }
}

/// What must move, by how much, and by when.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) metric: Metric,
    /// The smallest movement worth having, relative to the level of the metric that would have been: a fall, or where the
    /// metric is to rise a rise; above 0, at most 1.
    pub(crate) smallest_relative_effect: f64,
    /// Days from the rollout to the last look: 1 to 365.
    pub(crate) deadline_days: i32,
}

impl Target {
    /// The smallest effect in units of the share from this level, with its sign: negative where the metric is to fall.
    pub(crate) fn smallest_effect(&self, level: f64) -> f64 {
        let movement = self.smallest_relative_effect * level;
        if self.metric.aim().rises() {
            movement
        } else {
            -movement
        }
    }

    /// Whether there is room for the smallest effect above or below this level.
    pub(crate) fn fits(&self, level: f64) -> bool {
        (0.0..=1.0).contains(&(level + self.smallest_effect(level)))
    }
}

/// How a share moved, in words: which way, how far, and how sure that is.
pub(crate) fn moved(effect: f64, (low, high): (f64, f64), level: f64) -> String {
    let (points, low, high) = (effect * 100.0, low * 100.0, high * 100.0);
    let sure = format!("({low:+.1} to {high:+.1} at {:.0} %)", level * 100.0);
    if points.abs() < 0.05 {
        return format!("hardly moved, by less than 0.1 percentage points {sure}");
    }
    let way = if points < 0.0 { "fell" } else { "rose" };
    format!("{way} by {:.1} percentage points {sure}", points.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_share_that_customers_make_is_taken_and_the_others_are_refused_with_the_reason() {
        let mut taken = Vec::new();
        for definition in attune_stats::registry::list() {
            let id = definition.id.as_str();
            match Metric::parse(id) {
                Ok(metric) => {
                    assert_eq!(metric.as_str(), id);
                    assert_eq!(serde_json::to_value(metric).unwrap(), id);
                    taken.push(id);
                }
                Err(why) => assert!(why.contains("; take topic_share"), "{why}"),
            }
        }
        assert_eq!(
            taken,
            [
                "csat",
                "sentiment_negative_share",
                "topic_negative_share",
                "topic_share"
            ]
        );
        for (id, why) in [
            ("nps", "judges shares"),
            ("ces", "judges shares"),
            ("first_contact_resolution", "set a goal"),
            ("response_rate", "who is asked"),
            ("", "must be topic_share"),
        ] {
            let refused = Metric::parse(id).unwrap_err();
            assert!(refused.contains(why), "{id}: {refused}");
        }
    }

    #[test]
    fn the_smallest_effect_is_relative_to_the_metrics_own_level_and_has_its_sign() {
        let target = |metric| Target {
            metric,
            smallest_relative_effect: 0.1,
            deadline_days: 28,
        };
        assert!((target(Metric::Csat).smallest_effect(0.6) - 0.06).abs() < 1e-12);
        assert!((target(Metric::TopicShare).smallest_effect(0.6) + 0.06).abs() < 1e-12);
        assert!(target(Metric::Csat).fits(0.9) && !target(Metric::Csat).fits(0.95));
        assert!(target(Metric::SentimentNegativeShare).fits(0.95));
    }

    #[test]
    fn a_movement_is_told_in_its_own_direction() {
        assert_eq!(
            moved(0.06, (0.02, 0.1), 0.95),
            "rose by 6.0 percentage points (+2.0 to +10.0 at 95 %)"
        );
        assert!(moved(-0.031, (-0.052, -0.01), 0.95).starts_with("fell by 3.1 percentage points"));
        assert!(moved(-1e-9, (-0.01, 0.01), 0.95).starts_with("hardly moved"));
    }
}
