//! What the company thinks of itself.

use attune_stats::metric::AnswerScale;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Rating, Window};

/// A rating the company gives itself, before it is kept. Of touchpoint and agent one is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnRatingDraft {
    pub(crate) touchpoint: String,
    pub(crate) agent_id: String,
    pub(crate) rating: Rating,
    pub(crate) assessor_id: String,
    pub(crate) assessed_at: DateTime<Utc>,
}

/// One that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnRating {
    pub(crate) own_rating_id: Uuid,
    pub(crate) draft: OwnRatingDraft,
    pub(crate) created_at: DateTime<Utc>,
}

/// By what ratings are set beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Subject {
    Touchpoint,
    Agent,
}

/// The question for perception gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Perception {
    pub(crate) scale: AnswerScale,
    pub(crate) subject: Subject,
    pub(crate) window: Window,
}

impl Perception {
    /// From how many own ratings on they make a number. They are few, and nobody's privacy hangs on them.
    pub(crate) const LEAST_OWN: u64 = 5;
}
