//! Whether a customer was won back.

use attune_stats::metric::AnswerScale;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{Feedback, Rating, Sentiment};

/// What a case's measurement came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum RecoveryResult {
    Recovered,
    NotRecovered,
    /// The customer said nothing that tells.
    Unknown,
}

impl RecoveryResult {
    /// The scores that tell a company it does well: the satisfied, those who are no detractors, and those for whom it
    /// was rather easy.
    fn of_rating(rating: Rating) -> Self {
        let good = match rating.scale() {
            AnswerScale::Csat => rating.score() >= 4,
            AnswerScale::Nps => rating.score() >= 7,
            AnswerScale::Ces => rating.score() >= 5,
        };
        if good { Self::Recovered } else { Self::NotRecovered }
    }
}

/// A customer's words that tell how they feel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) feedback_id: Uuid,
    pub(crate) profile_id: Uuid,
    pub(crate) said_at: DateTime<Utc>,
    pub(crate) result: RecoveryResult,
}

impl Evidence {
    /// What `feedback` tells: a score alone where there is one, else the class of the text. None where nobody knows
    /// whose it is, and where it tells nothing.
    pub(crate) fn of(feedback: &Feedback) -> Option<Self> {
        let sentiment = feedback
            .understanding
            .as_ref()
            .and_then(|understanding| understanding.sentiment);
        let result = match (feedback.draft.rating, sentiment) {
            (Some(rating), _) => RecoveryResult::of_rating(rating),
            (None, Some(Sentiment::Positive)) => RecoveryResult::Recovered,
            (None, Some(Sentiment::Negative)) => RecoveryResult::NotRecovered,
            (None, Some(Sentiment::Neutral) | None) => return None,
        };
        Some(Self {
            feedback_id: feedback.feedback_id,
            profile_id: feedback.draft.profile_id?,
            said_at: feedback.draft.occurred_at,
            result,
        })
    }
}
