//! What is said of an issue after its cohort was fixed.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Said;

/// How much was said of an issue since its cohort was fixed, none of it a part of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LaterEvidence {
    /// Pieces of feedback.
    pub(crate) feedback: i64,
    /// Those of them of which nobody knows who said them.
    pub(crate) nobody_known: i64,
    /// Known persons who said the others, each once.
    pub(crate) persons: i64,
    /// Those of them who are not of the cohort.
    pub(crate) new_persons: i64,
    /// Up to when it was heard.
    pub(crate) counted_at: DateTime<Utc>,
}

impl LaterEvidence {
    /// In a sentence; `None` where nothing was said.
    pub(crate) fn in_words(&self) -> Option<String> {
        let Self {
            feedback,
            nobody_known,
            persons,
            new_persons,
            counted_at: _,
        } = self;
        (*feedback > 0).then(|| {
            format!(
                "Since its cohort was fixed {feedback} more pieces of feedback came: {persons} known persons, \
                 {new_persons} of them not of the cohort, and {nobody_known} pieces of nobody known."
            )
        })
    }
}

/// That a customer complained of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint<'a> {
    pub(crate) topic_id: &'a str,
    pub(crate) product: &'a str,
    pub(crate) feedback_id: Uuid,
    /// Who, where that is known.
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) occurred_at: DateTime<Utc>,
}

/// What may be evidence of issues: each piece once for each topic it speaks of, where it counts for cohorts and trends. What
/// is praised is none, and what was not understood is of no topic.
pub(crate) fn complaints(said: &[Said]) -> Vec<Complaint<'_>> {
    said.iter()
        .filter(|one| one.is_complaint())
        .flat_map(of_topics)
        .collect()
}

fn of_topics(said: &Said) -> impl Iterator<Item = Complaint<'_>> {
    let topics = said.topics.iter().map(|mention| mention.topic_id.as_str());
    let topics: BTreeSet<&str> = topics.collect();
    topics.into_iter().map(|topic_id| Complaint {
        topic_id,
        product: &said.product,
        feedback_id: said.feedback_id,
        profile_id: said.profile_id,
        occurred_at: said.occurred_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Mention, Sentiment};

    fn said(sentiment: Option<Sentiment>, topics: &[&str]) -> Said {
        Said {
            feedback_id: Uuid::now_v7(),
            profile_id: Some(Uuid::now_v7()),
            product: "united".to_owned(),
            channel: "social".to_owned(),
            touchpoint: String::new(),
            rating: None,
            understood: true,
            sentiment,
            topics: topics
                .iter()
                .map(|topic| Mention {
                    topic_id: (*topic).to_owned(),
                    sentiment: None,
                })
                .collect(),
            occurred_at: "2026-03-01T12:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_complaint_speaks_once_of_each_of_its_topics_and_praise_of_none() {
        let unread = Said {
            understood: false,
            ..said(None, &["bags"])
        };
        let all = [
            said(Some(Sentiment::Negative), &["crew", "bags", "crew"]),
            said(Some(Sentiment::Positive), &["bags"]),
            said(None, &["bags"]),
            said(Some(Sentiment::Negative), &[]),
            unread,
        ];
        let told: Vec<_> = complaints(&all)
            .iter()
            .map(|complaint| (complaint.feedback_id, complaint.topic_id))
            .collect();
        let (first, third) = (all[0].feedback_id, all[2].feedback_id);
        assert_eq!(told, [(first, "bags"), (first, "crew"), (third, "bags")]);
    }

    #[test]
    fn nothing_more_is_no_sentence() {
        let mut later = LaterEvidence {
            feedback: 0,
            nobody_known: 0,
            persons: 0,
            new_persons: 0,
            counted_at: "2026-03-01T12:00:00Z".parse().unwrap(),
        };
        assert_eq!(later.in_words(), None);
        (
            later.feedback,
            later.nobody_known,
            later.persons,
            later.new_persons,
        ) = (12, 3, 8, 7);
        assert_eq!(
            later.in_words().unwrap(),
            "Since its cohort was fixed 12 more pieces of feedback came: 8 known persons, 7 of them not of the cohort, and 3 \
             pieces of nobody known."
        );
    }
}
