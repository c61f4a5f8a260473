//! One piece of feedback.

use attune_stats::metric::{Answer, AnswerScale, MetricError};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Understanding;

/// How feedback reached the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A caller submitted it.
    Submitted,
    /// It was said in an interaction, and heard from the interactions service.
    Interaction,
}

impl Origin {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Interaction => "interaction",
        }
    }
}

/// An answer on the scale of one of the standard questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rating {
    scale: AnswerScale,
    score: i16,
}

impl Rating {
    /// Accepts a score that lies on the scale.
    pub(crate) fn parse(scale: AnswerScale, score: i64) -> Result<Self, MetricError> {
        let score = Answer::parse(scale, score)?.score();
        // A score on a scale is at most 10.
        Ok(Self {
            scale,
            score: i16::try_from(score).unwrap_or_default(),
        })
    }

    pub(crate) fn scale(self) -> AnswerScale {
        self.scale
    }

    pub(crate) fn score(self) -> i16 {
        self.score
    }

    /// The scale's name in the tables.
    pub(crate) fn scale_name(self) -> &'static str {
        self.scale.metric().as_str()
    }

    /// The rating that two columns hold; none when they hold none.
    pub(crate) fn stored(scale: Option<&str>, score: Option<i16>) -> Option<Self> {
        let scale = match scale? {
            "nps" => AnswerScale::Nps,
            "csat" => AnswerScale::Csat,
            "ces" => AnswerScale::Ces,
            _ => return None,
        };
        Self::parse(scale, i64::from(score?)).ok()
    }
}

/// Feedback as it came, before anything was understood. Texts that were left out are empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draft {
    pub(crate) origin: Origin,
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) interaction_id: Option<Uuid>,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
    pub(crate) product: String,
    pub(crate) agent_id: String,
    /// The team that served.
    pub(crate) team: String,
    /// Where on the journey the person was, by its name in the API.
    pub(crate) stage: String,
    /// The customer segments that the person was in, each once; none where a version without segments was told.
    pub(crate) segments: Option<Vec<String>>,
    pub(crate) rating: Option<Rating>,
    pub(crate) text: String,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) source_id: Option<String>,
}

/// What makes two pieces of feedback the same one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Source {
    /// The id it has where it comes from, and the channel.
    External { channel: String, source_id: String },
    /// The interaction it was said in.
    Interaction(Uuid),
}

impl Draft {
    /// What it is known by elsewhere; none when every submission of it is a new one.
    pub(crate) fn source(&self) -> Option<Source> {
        match (self.origin, self.interaction_id, &self.source_id) {
            (Origin::Interaction, Some(id), _) => Some(Source::Interaction(id)),
            (_, _, Some(source_id)) => Some(Source::External {
                channel: self.channel.clone(),
                source_id: source_id.clone(),
            }),
            _ => None,
        }
    }
}

/// Feedback as it is kept.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
pub(crate) struct Feedback {
    pub(crate) feedback_id: Uuid,
    pub(crate) draft: Draft,
    /// Nothing where there was no text.
    pub(crate) understanding: Option<Understanding>,
    /// The version of the taxonomy whose coding stands; [`super::UNRECORDED`] where that was not recorded.
    pub(crate) taxonomy_version: i64,
    /// Whether it counts in facets: what was recorded before there were any does not.
    pub(crate) sliced: bool,
    pub(crate) created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_off_its_scale_is_refused() {
        for (scale, score) in [
            (AnswerScale::Nps, -1),
            (AnswerScale::Nps, 11),
            (AnswerScale::Csat, 0),
            (AnswerScale::Csat, 6),
            (AnswerScale::Ces, 8),
        ] {
            assert!(Rating::parse(scale, score).is_err(), "{scale:?} {score}");
        }
        assert_eq!(Rating::parse(AnswerScale::Nps, 0).unwrap().score(), 0);
    }

    #[test]
    fn a_rating_survives_its_columns() {
        let rating = Rating::parse(AnswerScale::Ces, 7).unwrap();
        assert_eq!(
            Rating::stored(Some(rating.scale_name()), Some(rating.score())),
            Some(rating)
        );
        assert_eq!(Rating::stored(None, None), None);
    }
}
