//! The engine that is part of the binary.

use std::num::NonZero;
use std::sync::Arc;

use async_trait::async_trait;
use attune_text::{Analysis, Engine, Polarity, Taxonomy};

use super::{Analyzer, AnalyzerError};
use crate::domain::{Mention, Sentiment, Understanding};

/// Fewer texts than this are not worth a further thread.
const SMALLEST_SHARE: usize = 64;

/// [`attune_text`]'s engine, on threads that may be kept busy.
#[derive(Clone, Debug)]
pub(crate) struct Builtin {
    engine: Engine,
    threads: usize,
}

impl Default for Builtin {
    fn default() -> Self {
        let threads = std::thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(4);
        Self {
            engine: Engine::builtin(),
            threads,
        }
    }
}

#[async_trait]
impl Analyzer for Builtin {
    async fn analyze(
        &self,
        mut texts: Vec<String>,
        taxonomy: Arc<Taxonomy>,
    ) -> Result<Vec<Understanding>, AnalyzerError> {
        let share = texts.len().div_ceil(self.threads).max(SMALLEST_SHARE);
        let mut tasks = Vec::new();
        while !texts.is_empty() {
            let rest = texts.split_off(share.min(texts.len()));
            let (part, engine, taxonomy) = (texts, self.engine.clone(), Arc::clone(&taxonomy));
            let work = move || {
                part.iter()
                    .map(|text| understand(&engine, text, &taxonomy))
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
}

fn understand(engine: &Engine, text: &str, taxonomy: &Taxonomy) -> Understanding {
    let Analysis {
        language,
        sentiment,
        topics,
        truncated: _,
    } = engine.analyze(text, taxonomy);
    let class = sentiment.label.map(|label| match label {
        Polarity::Negative => Sentiment::Negative,
        Polarity::Neutral => Sentiment::Neutral,
        Polarity::Positive => Sentiment::Positive,
    });
    let place = |byte: usize| i32::try_from(byte).unwrap_or(i32::MAX);
    Understanding {
        engine: engine.version().to_owned(),
        language: language.map(|language| language.as_str().to_owned()),
        sentiment_score: f64::from(sentiment.score),
        sentiment: class,
        sentiment_probability: f64::from(sentiment.probability),
        topics: topics
            .into_iter()
            .map(|topic| Mention {
                topic_id: topic.topic_id,
                start: place(topic.start),
                end: place(topic.end),
                confidence: f64::from(topic.confidence),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_come_in_the_order_of_the_texts_however_they_are_shared_out() {
        let taxonomy = Arc::new(Taxonomy::compile(&Taxonomy::starter()).unwrap());
        let builtin = Builtin {
            engine: Engine::builtin(),
            threads: 3,
        };
        let texts: Vec<String> = (0..300)
            .map(|i| {
                if i % 3 == 0 {
                    "my flight was cancelled".into()
                } else {
                    format!("hello number {i}")
                }
            })
            .collect();
        let answers = builtin.analyze(texts, taxonomy).await.unwrap();
        assert_eq!(answers.len(), 300);
        for (place, answer) in answers.iter().enumerate() {
            let cancelled = answer.topics.iter().any(|topic| topic.topic_id == "cancellation");
            assert_eq!(cancelled, place % 3 == 0, "{place}");
        }
    }
}
