//! When a case is opened, and who owns it.

use attune_stats::metric::AnswerScale;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Draft, Feedback, Rating, Sentiment, Understanding};

/// Which texts open a case: those judged negative, at most this feeling and at least this probable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TextRule {
    /// −1 to 0.
    pub(crate) sentiment_at_most: f64,
    /// 0 to 1.
    pub(crate) probability_at_least: f64,
}

/// Who owns the cases of some feedback. Each list that is not empty must hold what the feedback has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Assignment {
    pub(crate) touchpoints: Vec<String>,
    pub(crate) products: Vec<String>,
    pub(crate) channels: Vec<String>,
    pub(crate) agent_ids: Vec<String>,
    pub(crate) owner: String,
    /// None for the policy's.
    pub(crate) deadline_hours: Option<i32>,
}

impl Assignment {
    fn fits(&self, draft: &Draft) -> bool {
        let holds = |list: &[String], value: &String| list.is_empty() || list.contains(value);
        holds(&self.touchpoints, &draft.touchpoint)
            && holds(&self.products, &draft.product)
            && holds(&self.channels, &draft.channel)
            && holds(&self.agent_ids, &draft.agent_id)
    }
}

/// A company's policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy {
    /// A score at or below opens a case; none for no score.
    pub(crate) csat_at_most: Option<i16>,
    pub(crate) nps_at_most: Option<i16>,
    pub(crate) ces_at_most: Option<i16>,
    /// None for no text.
    pub(crate) text: Option<TextRule>,
    pub(crate) default_owner: String,
    /// Empty for nobody.
    pub(crate) escalate_to: String,
    pub(crate) deadline_hours: i32,
    pub(crate) measure_days: i32,
    /// What was said longer ago opens none.
    pub(crate) max_age_hours: i32,
    /// The first that fits chooses the owner.
    pub(crate) assignments: Vec<Assignment>,
}

/// Hours to the deadline where a policy does not say.
pub(crate) const DEADLINE_HOURS: i32 = 24;
/// Days in which the customer's words count where a policy does not say.
pub(crate) const MEASURE_DAYS: i32 = 30;
/// How old feedback may be where a policy does not say.
pub(crate) const MAX_AGE_HOURS: i32 = 72;

impl Default for Policy {
    /// What holds until a company sets its own.
    fn default() -> Self {
        Self {
            csat_at_most: Some(2),
            nps_at_most: Some(6),
            ces_at_most: Some(2),
            text: Some(TextRule {
                sentiment_at_most: -0.6,
                probability_at_least: 0.8,
            }),
            default_owner: "customer care".to_owned(),
            escalate_to: String::new(),
            deadline_hours: DEADLINE_HOURS,
            measure_days: MEASURE_DAYS,
            max_age_hours: MAX_AGE_HOURS,
            assignments: Vec::new(),
        }
    }
}

/// A policy as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NumberedPolicy {
    /// From 1; 0 for the default.
    pub(crate) number: i32,
    pub(crate) policy_id: Uuid,
    pub(crate) policy: Json<Policy>,
    pub(crate) created_at: DateTime<Utc>,
}

impl NumberedPolicy {
    /// What holds until a company sets its own.
    pub(crate) fn default_one() -> Self {
        Self {
            number: 0,
            policy_id: Uuid::nil(),
            policy: Json(Policy::default()),
            created_at: DateTime::UNIX_EPOCH,
        }
    }
}

/// What a policy looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Signal {
    Csat,
    Nps,
    Ces,
    Text,
}

/// One thing for which a case was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reason {
    pub(crate) signal: Signal,
    /// The score, or the sentiment.
    pub(crate) value: f64,
    pub(crate) threshold: f64,
    /// What the engine said of the text and what was demanded of it; none for scores.
    pub(crate) judgement: Option<TextJudgement>,
}

/// How sure an engine was of a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TextJudgement {
    pub(crate) probability: f64,
    pub(crate) probability_at_least: f64,
    pub(crate) engine: String,
}

impl Reason {
    /// In words, without personal data.
    pub(crate) fn describe(&self) -> String {
        let Self { value, threshold, .. } = self;
        let name = match self.signal {
            Signal::Csat => "CSAT",
            Signal::Nps => "NPS",
            Signal::Ces => "CES",
            Signal::Text => "sentiment",
        };
        match &self.judgement {
            None => format!("the {name} answer {value} is at most {threshold}"),
            Some(judgement) => format!(
                "the text's {name} {value:.2} is at most {threshold} and is negative with the probability {:.2}, at \
                 least {}, as {} judged it",
                judgement.probability, judgement.probability_at_least, judgement.engine
            ),
        }
    }
}

impl Policy {
    /// Each thing for which `feedback` opens a case; empty when there is none.
    pub(crate) fn reasons(&self, feedback: &Feedback) -> Vec<Reason> {
        let score = feedback.draft.rating.and_then(|rating| self.score(rating));
        let text = feedback.understanding.as_ref();
        let text = text.and_then(|understanding| self.judge(understanding));
        score.into_iter().chain(text).collect()
    }

    fn score(&self, rating: Rating) -> Option<Reason> {
        let (signal, threshold) = match rating.scale() {
            AnswerScale::Csat => (Signal::Csat, self.csat_at_most?),
            AnswerScale::Nps => (Signal::Nps, self.nps_at_most?),
            AnswerScale::Ces => (Signal::Ces, self.ces_at_most?),
        };
        (rating.score() <= threshold).then(|| Reason {
            signal,
            value: rating.score().into(),
            threshold: threshold.into(),
            judgement: None,
        })
    }

    fn judge(&self, understanding: &Understanding) -> Option<Reason> {
        let rule = self.text?;
        let strong = understanding.sentiment == Some(Sentiment::Negative)
            && understanding.sentiment_score <= rule.sentiment_at_most
            && understanding.sentiment_probability >= rule.probability_at_least;
        strong.then(|| Reason {
            signal: Signal::Text,
            value: understanding.sentiment_score,
            threshold: rule.sentiment_at_most,
            judgement: Some(TextJudgement {
                probability: understanding.sentiment_probability,
                probability_at_least: rule.probability_at_least,
                engine: understanding.engine.clone(),
            }),
        })
    }

    /// Which assignment chooses the owner, from 1 and 0 for none; the owner; and the hours to the deadline.
    pub(crate) fn owner_of(&self, draft: &Draft) -> (usize, &str, i32) {
        let mut numbered = (1..).zip(&self.assignments);
        match numbered.find(|(_, assignment)| assignment.fits(draft)) {
            Some((place, assignment)) => {
                let hours = assignment.deadline_hours.unwrap_or(self.deadline_hours);
                (place, &assignment.owner, hours)
            }
            None => (0, &self.default_owner, self.deadline_hours),
        }
    }
}
