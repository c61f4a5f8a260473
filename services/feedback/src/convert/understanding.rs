//! Why a text is judged as it is.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Violations};
use attune_text::{Contribution, Push};

use super::feedback::understanding_to_proto;
use crate::commands::understanding::{Explained, Subject};
use crate::domain::{Sentiment, Understanding};

/// The most words told.
const MOST_WORDS: usize = 50;
/// Words of the sentence that sums it up.
const NAMED_WORDS: usize = 3;
/// Words that bring less than this, in log odds, change nothing that anybody would see.
const LEAST: f64 = 0.01;

pub(crate) fn explain(request: pb::ExplainSentimentRequest) -> Result<Subject, Error> {
    let mut violations = Violations::default();
    let subject = match request.subject {
        Some(pb::explain_sentiment_request::Subject::FeedbackId(id)) => {
            violations.id("feedback_id", &id).map(Subject::Feedback)
        }
        Some(pb::explain_sentiment_request::Subject::Text(text)) => {
            violations.text("text", &text, 1..=20_000).map(Subject::Text)
        }
        None => {
            violations.add("feedback_id", "must be given where there is no text");
            None
        }
    };
    violations.finish(subject)
}

pub(crate) fn explained(explained: Explained) -> pb::ExplainSentimentResponse {
    let Explained {
        text,
        understanding,
        explained_by,
        explanation,
    } = explained;
    let Push {
        mut negative,
        mut positive,
    } = explanation.baseline;
    for contribution in &explanation.contributions {
        negative += contribution.push.negative;
        positive += contribution.push.positive;
    }
    let mut contributions = explanation.contributions;
    contributions.retain(|word| strength(word) >= LEAST);
    contributions.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
    contributions.truncate(MOST_WORDS);
    let words: Vec<pb::WordWeight> = contributions.iter().map(|word| weight(word, &text)).collect();
    let sentence = sentence(&understanding, &words, explanation.threshold);
    let without_topics = Understanding {
        topics: Vec::new(),
        ..understanding
    };
    pb::ExplainSentimentResponse {
        understanding: Some(understanding_to_proto(without_topics, 0)),
        explained_by,
        words,
        negative,
        positive,
        abstain_threshold: explanation.threshold,
        explanation: sentence,
    }
}

fn strength(word: &Contribution) -> f64 {
    word.push.negative.abs().max(word.push.positive.abs())
}

fn weight(word: &Contribution, text: &str) -> pb::WordWeight {
    let Contribution {
        start,
        end,
        push: Push { negative, positive },
    } = *word;
    let place = |byte: usize| i32::try_from(byte).unwrap_or(i32::MAX);
    pb::WordWeight {
        words: text.get(start..end).unwrap_or_default().to_owned(),
        start: place(start),
        end: place(end),
        negative,
        positive,
    }
}

fn sentence(understanding: &Understanding, words: &[pb::WordWeight], threshold: f64) -> String {
    let probability = understanding.sentiment_probability;
    let Some(sentiment) = understanding.sentiment else {
        return format!(
            "No class is said: the most probable one has the probability {probability:.2}, and below \
             {threshold:.2} the engine is not sure enough."
        );
    };
    let (name, push): (_, fn(&pb::WordWeight) -> f64) = match sentiment {
        Sentiment::Negative => ("Negative", |word| word.negative - word.positive.max(0.0)),
        Sentiment::Positive => ("Positive", |word| word.positive - word.negative.max(0.0)),
        Sentiment::Neutral => ("Neutral", |word| -word.negative.max(word.positive)),
    };
    let mut telling: Vec<&pb::WordWeight> = words.iter().filter(|word| push(word) > 0.0).collect();
    telling.sort_by(|a, b| push(b).total_cmp(&push(a)));
    let because: Vec<String> = telling
        .into_iter()
        .take(NAMED_WORDS)
        .map(|word| format!("“{}” ({:+.1})", word.words, push(word)))
        .collect();
    if because.is_empty() {
        return format!("{name} with the probability {probability:.2}; no single word stands out.");
    }
    format!(
        "{name} with the probability {probability:.2}, most of all because of {}; numbers are log odds.",
        because.join(", ")
    )
}
