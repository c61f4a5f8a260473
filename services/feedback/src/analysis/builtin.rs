//! The engine that is part of the binary.

use std::num::NonZero;

use async_trait::async_trait;
use attune_text::{Analysis, Engine, FoundBy as Found, Polarity, TopicMatch};

use super::{Analyzer, AnalyzerError, Basis};
use crate::domain::{FoundBy, Mention, Sentiment, Understanding};

/// Fewer texts than this are not worth a further thread.
const SMALLEST_SHARE: usize = 64;

/// [`attune_text`]'s engine, on threads that may be kept busy.
#[derive(Clone, Debug)]
pub(crate) struct Builtin {
    threads: usize,
}

impl Default for Builtin {
    fn default() -> Self {
        let threads = std::thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(4);
        Self { threads }
    }
}

#[async_trait]
impl Analyzer for Builtin {
    async fn analyze(
        &self,
        basis: &Basis,
        mut texts: Vec<String>,
    ) -> Result<Vec<Understanding>, AnalyzerError> {
        let share = texts.len().div_ceil(self.threads).max(SMALLEST_SHARE);
        let mut tasks = Vec::new();
        while !texts.is_empty() {
            let rest = texts.split_off(share.min(texts.len()));
            let (part, basis) = (texts, basis.clone());
            let work = move || {
                part.iter()
                    .map(|text| understand(&basis, text))
                    .collect::<Vec<_>>()
            };
            tasks.push(tokio::task::spawn_blocking(work));
            texts = rest;
        }
        let mut understandings = Vec::new();
        for task in tasks {
            understandings.extend(task.await?);
        }
        Ok(understandings)
    }

    fn is_outside(&self) -> bool {
        false
    }
}

fn understand(basis: &Basis, text: &str) -> Understanding {
    let engine = &basis.engine.engine;
    let Analysis {
        language,
        sentiment,
        topics,
        truncated: _,
    } = engine.analyze(text, &basis.taxonomy.compiled);
    Understanding {
        engine: basis.engine.version.clone(),
        language: language.map(|language| language.as_str().to_owned()),
        sentiment_score: f64::from(sentiment.score),
        sentiment: sentiment.label.map(class_of),
        sentiment_probability: f64::from(sentiment.probability),
        topics: topics
            .into_iter()
            .map(|topic| mention(topic, engine, text))
            .collect(),
    }
}

fn mention(topic: TopicMatch, engine: &Engine, text: &str) -> Mention {
    let place = |position: usize| i32::try_from(position).unwrap_or(i32::MAX);
    let there = engine.sentiment_at(text, topic.start..topic.end);
    Mention {
        topic_id: topic.topic_id,
        start: place(topic.start),
        end: place(topic.end),
        confidence: f64::from(topic.confidence),
        sentiment_score: Some(f64::from(there.score)),
        sentiment: there.label.map(class_of),
        found_by: Some(match topic.found_by {
            Found::Keyword(keyword) => FoundBy::Keyword(keyword),
            Found::Example(position) => FoundBy::Example(place(position)),
        }),
    }
}

fn class_of(label: Polarity) -> Sentiment {
    match label {
        Polarity::Negative => Sentiment::Negative,
        Polarity::Neutral => Sentiment::Neutral,
        Polarity::Positive => Sentiment::Positive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Engines, TenantTaxonomy};
    use attune_rpc::TenantId;

    async fn basis() -> Basis {
        Basis {
            tenant: TenantId::parse("acme").unwrap(),
            taxonomy: TenantTaxonomy::starter().await.unwrap(),
            engine: Engines::default().builtin().clone(),
        }
    }

    #[tokio::test]
    async fn answers_come_in_the_order_of_the_texts_however_they_are_shared_out() {
        let builtin = Builtin { threads: 3 };
        let texts: Vec<String> = (0..300)
            .map(|i| {
                if i % 3 == 0 {
                    "my flight was cancelled".into()
                } else {
                    format!("hello number {i}")
                }
            })
            .collect();
        let answers = builtin.analyze(&basis().await, texts).await.unwrap();
        assert_eq!(answers.len(), 300);
        for (place, answer) in answers.iter().enumerate() {
            let cancelled = answer.topics.iter().any(|topic| topic.topic_id == "cancellation");
            assert_eq!(cancelled, place % 3 == 0, "{place}");
        }
    }

    #[tokio::test]
    async fn a_topic_has_the_feeling_of_the_sentence_it_stands_in() {
        let text =
            "You cancelled my flight, this is terrible and awful. Thank you so much, great friendly crew!";
        let answers = Builtin::default()
            .analyze(&basis().await, vec![text.to_owned()])
            .await
            .unwrap();
        let at = |topic_id: &str| {
            let topics = &answers[0].topics;
            topics
                .iter()
                .find(|topic| topic.topic_id == topic_id)
                .unwrap_or_else(|| panic!("no {topic_id} in {topics:?}"))
        };
        assert_eq!(at("cancellation").sentiment, Some(Sentiment::Negative));
        assert_eq!(at("staff_attitude").sentiment, Some(Sentiment::Positive));
    }
}
