//! What an outside engine is asked, and what it answers: as untrusted as anything that comes from outside.

use std::collections::{BTreeMap, BTreeSet};

use attune_api::feedback::v1 as pb;
use attune_text::TopicDefinition;

use crate::analysis::Basis;
use crate::domain::{Mention, Sentiment, Understanding};

/// The most topics that one text may mention.
const MOST_MENTIONS: usize = 100;
const LONGEST_NAME: usize = 64;
/// The longest tag of a language that RFC 5646 asks implementations to take (4.4.1).
const LONGEST_LANGUAGE: usize = 35;

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be used: {field} {problem}")]
pub(crate) struct BadAnswer {
    field: &'static str,
    problem: &'static str,
}

fn bad<T>(field: &'static str, problem: &'static str) -> Result<T, BadAnswer> {
    Err(BadAnswer { field, problem })
}

/// Asks about texts; each is named by its place.
pub(crate) fn request(basis: &Basis, texts: &[String]) -> pb::AnalyzeRequest {
    let text = |(place, text): (usize, &String)| pb::AnalyzedText {
        text_id: place.to_string(),
        text: text.clone(),
        language_hint: language_hint(basis, text),
    };
    let topic = |definition: &TopicDefinition| pb::AnalyzerTopic {
        topic_id: definition.id.clone(),
        name: definition.name.clone(),
        keywords: definition.keywords.clone(),
        examples: definition.examples.clone(),
    };
    // The others are found by their rules, or by those below them.
    let topics = basis.taxonomy.topics.values().filter(|topic| topic.has_words());
    pb::AnalyzeRequest {
        texts: texts.iter().enumerate().map(text).collect(),
        topics: topics.map(|known| topic(&known.definition)).collect(),
    }
}

fn language_hint(basis: &Basis, text: &str) -> String {
    let (language, _) = basis.engine.engine.sentiment(text);
    language.map_or_else(String::new, |language| language.as_str().to_owned())
}

/// The answers in the order of `texts`. One thing that is wrong makes all unusable: an engine that is wrong about
/// one text is not to be believed about the next.
pub(crate) fn answers(
    response: pb::AnalyzeResponse,
    basis: &Basis,
    texts: &[String],
) -> Result<Vec<Understanding>, BadAnswer> {
    let pb::AnalyzeResponse {
        engine,
        version,
        analyses,
    } = response;
    let engine = engine_name(&engine, &version)?;
    if analyses.len() != texts.len() {
        return bad("analyses", "are not as many as there are texts");
    }
    let mut by_place = BTreeMap::new();
    for analysis in analyses {
        let place = analysis.text_id.parse::<usize>().ok();
        // Written back, so that "+1" and "01" are not taken for 1.
        let Some(place) = place.filter(|place| place.to_string() == analysis.text_id) else {
            return bad("text_id", "was not asked about");
        };
        let Some(text) = texts.get(place) else {
            return bad("text_id", "was not asked about");
        };
        let understanding = parse(analysis, text, &engine, basis)?;
        if by_place.insert(place, understanding).is_some() {
            return bad("text_id", "is answered twice");
        }
    }
    Ok(by_place.into_values().collect())
}

fn engine_name(engine: &str, version: &str) -> Result<String, BadAnswer> {
    let fits = |name: &str, signs: &[char]| {
        (1..=LONGEST_NAME).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || signs.contains(&c))
    };
    if !fits(engine, &['-', '_', '.']) || engine.contains(|c: char| c.is_ascii_uppercase()) {
        return bad("engine", "is no slug");
    }
    // The built-in engine's name is not another's to use.
    if engine.starts_with("builtin") {
        return bad("engine", "is the name of the built-in one");
    }
    if !fits(version, &['-', '_', '.', '+']) {
        return bad("version", "is no version");
    }
    Ok(format!("{engine}/{version}"))
}

fn parse(
    analysis: pb::TextAnalysis,
    text: &str,
    engine: &str,
    basis: &Basis,
) -> Result<Understanding, BadAnswer> {
    let sentiment = class_of(analysis.sentiment)?;
    let pb::TextAnalysis {
        text_id: _,
        language,
        sentiment_score,
        sentiment: _,
        sentiment_probability,
        topics,
    } = analysis;
    if topics.len() > MOST_MENTIONS {
        return bad("topics", "are too many");
    }
    let mut seen = BTreeSet::new();
    let mut mentions = Vec::with_capacity(topics.len());
    for topic in topics {
        if !seen.insert(topic.topic_id.clone()) {
            return bad("topics", "hold one topic twice");
        }
        mentions.push(mention(topic, text, basis)?);
    }
    Ok(Understanding {
        engine: engine.to_owned(),
        language: language_tag(language)?,
        sentiment_score: within(sentiment_score, -1.0, "sentiment_score")?,
        sentiment,
        sentiment_probability: within(sentiment_probability, 0.0, "sentiment_probability")?,
        topics: mentions,
    })
}

fn mention(topic: pb::TopicMention, text: &str, basis: &Basis) -> Result<Mention, BadAnswer> {
    let sentiment = class_of(topic.sentiment)?;
    let pb::TopicMention {
        topic_id,
        start,
        end,
        confidence,
        sentiment: _,
        sentiment_score,
        found_by: _,
    } = topic;
    if !basis.taxonomy.topics.contains_key(&topic_id) {
        return bad("topic_id", "is no topic of the tenant");
    }
    let span = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    if span.is_none_or(|(start, end)| text.get(start..end).is_none_or(str::is_empty)) {
        return bad("topics", "have a place that is no whole characters of the text");
    }
    let sentiment_score = match sentiment_score {
        Some(score) => Some(within(score, -1.0, "topics.sentiment_score")?),
        None => None,
    };
    Ok(Mention {
        topic_id,
        start,
        end,
        confidence: within(confidence, 0.0, "confidence")?,
        sentiment_score,
        sentiment,
        found_by: None,
    })
}

fn class_of(sentiment: i32) -> Result<Option<Sentiment>, BadAnswer> {
    match pb::Sentiment::try_from(sentiment) {
        Ok(pb::Sentiment::Unspecified) => Ok(None),
        Ok(pb::Sentiment::Negative) => Ok(Some(Sentiment::Negative)),
        Ok(pb::Sentiment::Neutral) => Ok(Some(Sentiment::Neutral)),
        Ok(pb::Sentiment::Positive) => Ok(Some(Sentiment::Positive)),
        Err(_) => bad("sentiment", "is no class"),
    }
}

fn language_tag(tag: String) -> Result<Option<String>, BadAnswer> {
    if tag.is_empty() {
        return Ok(None);
    }
    let subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    if tag.len() > LONGEST_LANGUAGE || !tag.split('-').all(subtag) {
        return bad("language", "is no BCP 47 tag");
    }
    Ok(Some(tag))
}

/// A finite number between `lowest` and 1.
fn within(number: f64, lowest: f64, field: &'static str) -> Result<f64, BadAnswer> {
    if (lowest..=1.0).contains(&number) {
        Ok(number)
    } else {
        bad(field, "is out of its range")
    }
}

#[cfg(test)]
mod tests;
