//! Surveys: what is asked, whom and when, in versions.

mod answer;
mod logic;
mod source;
#[cfg(test)]
mod tests;
mod texts;
mod trigger;

use attune_rules::Type;
use attune_stats::metric::AnswerScale;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

pub(crate) use answer::{Answer, Answers, Given, LONGEST_TEXT, merge};
pub(crate) use logic::condition;
pub(crate) use source::{CHANNEL, answered_invitation, source_id};
pub(crate) use texts::Texts;
pub(crate) use trigger::{Happening, Occurrence, PersonStage, Told, Trigger, rule};

/// A survey with one of its versions.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    pub(crate) survey_id: Uuid,
    pub(crate) name: String,
    pub(crate) state: SurveyState,
    /// Which version `definition` is.
    pub(crate) number: i32,
    pub(crate) published: Option<i32>,
    pub(crate) definition: Json<Definition>,
    /// Counts every change of the survey.
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// Where a survey stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum SurveyState {
    Draft,
    Published,
    Archived,
}

/// One version of what is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Definition {
    pub(crate) titles: Texts,
    pub(crate) questions: Vec<Question>,
    /// What asks it by itself, the first that fits.
    #[serde(default, alias = "trigger", deserialize_with = "trigger::stored")]
    pub(crate) triggers: Vec<Trigger>,
    pub(crate) eligibility: Eligibility,
    pub(crate) template_id: Uuid,
    pub(crate) expiry_hours: i32,
    pub(crate) reminder_hours: Vec<i32>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) texts: Texts,
    pub(crate) required: bool,
    pub(crate) options: Vec<Choice>,
    pub(crate) rows: Vec<Choice>,
    pub(crate) minimum: i64,
    pub(crate) maximum: i64,
    /// A rule over the answers before it; empty for always.
    pub(crate) condition: String,
}

/// Something that can be chosen, or a row of a matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choice {
    pub(crate) id: String,
    pub(crate) labels: Texts,
}

/// What kind of answer a question takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Csat,
    Nps,
    Ces,
    Single,
    Multiple,
    Scale,
    Matrix,
    Text,
}

/// Who is asked; 0 is no such rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Eligibility {
    pub(crate) cool_down_days: i32,
    pub(crate) contact_budget: i32,
    /// Above 0, at most 1.
    pub(crate) sampling_share: f64,
    pub(crate) daily_quota: i32,
}

impl Kind {
    /// The metric's scale that its scores are on.
    pub(crate) fn scale(self) -> Option<AnswerScale> {
        match self {
            Self::Csat => Some(AnswerScale::Csat),
            Self::Nps => Some(AnswerScale::Nps),
            Self::Ces => Some(AnswerScale::Ces),
            Self::Single | Self::Multiple | Self::Scale | Self::Matrix | Self::Text => None,
        }
    }

    /// What its answers are, as conditions read them.
    pub(crate) fn value(self) -> Type {
        match self {
            Self::Csat | Self::Nps | Self::Ces | Self::Scale => Type::Int,
            Self::Single | Self::Text => Type::String,
            Self::Multiple => Type::list(Type::String),
            Self::Matrix => Type::map(Type::String),
        }
    }

    fn answer(self) -> &'static str {
        match self {
            Self::Csat | Self::Nps | Self::Ces | Self::Scale => "a score",
            Self::Single => "an option",
            Self::Multiple => "options",
            Self::Matrix => "an option for each row",
            Self::Text => "a text",
        }
    }
}

impl Question {
    /// The lowest and the highest score.
    pub(crate) fn scores(&self) -> (i64, i64) {
        match self.kind.scale() {
            Some(scale) => (scale.minimum(), scale.maximum()),
            None => (self.minimum, self.maximum),
        }
    }
}

impl Definition {
    /// The question of that name.
    pub(crate) fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// How long an invitation can be answered.
    pub(crate) fn expiry(&self) -> TimeDelta {
        TimeDelta::hours(self.expiry_hours.into())
    }

    /// When the reminder after `sent` ones is due; none when there are no more.
    pub(crate) fn reminder(&self, invited_at: DateTime<Utc>, sent: i32) -> Option<DateTime<Utc>> {
        let hours = self.reminder_hours.get(usize::try_from(sent).ok()?)?;
        Some(invited_at + TimeDelta::hours((*hours).into()))
    }
}
