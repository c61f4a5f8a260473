//! Which texts stand for the others.

use std::collections::BTreeSet;

use attune_text::redact;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Feedback, Sentiment};

/// Characters of a text that themes read.
pub(crate) const THEME_CHARACTERS: usize = 4000;

/// Two texts that share more of their letter triples than this say the same.
const NEAR_DUPLICATE: f64 = 0.4;
/// A quote longer than this is cut.
const LONGEST: usize = 280;
/// A text shorter than this seldom says what happened.
const SHORTEST: usize = 30;

/// A text that may be quoted.
#[derive(Debug)]
struct Candidate {
    quote: String,
    profile_id: Option<Uuid>,
    product: String,
    merit: f64,
    triples: BTreeSet<[char; 3]>,
}

/// At most `most` quotes about `topic`, without personal data: clear ones first, each another person's where
/// that is known, none that says almost the same as one before, and rather from different products.
pub(crate) fn representative(feedback: &[Feedback], topic: &str, most: usize) -> Vec<String> {
    let mut candidates: Vec<Candidate> = feedback
        .iter()
        .filter_map(|item| candidate(item, topic))
        .collect();
    candidates.sort_by(|a, b| b.merit.total_cmp(&a.merit));
    let mut chosen: Vec<Candidate> = Vec::new();
    while chosen.len() < most {
        candidates.retain(|candidate| chosen.iter().all(|before| differs(candidate, before)));
        let known = |product: &str| chosen.iter().any(|before| before.product == product);
        let fresh = candidates.iter().position(|candidate| !known(&candidate.product));
        if candidates.is_empty() {
            break;
        }
        chosen.push(candidates.remove(fresh.unwrap_or_default()));
    }
    chosen.into_iter().map(|candidate| candidate.quote).collect()
}

fn candidate(feedback: &Feedback, topic: &str) -> Option<Candidate> {
    let understood = feedback.understanding.as_ref()?;
    let mention = understood
        .topics
        .iter()
        .find(|mention| mention.topic_id == topic)?;
    let quote = quote(&feedback.draft.text);
    let length = quote.chars().count();
    let negative = understood.sentiment == Some(Sentiment::Negative);
    let clear = if negative {
        understood.sentiment_probability
    } else {
        0.0
    };
    let telling = if length < SHORTEST { 0.0 } else { 0.5 };
    Some(Candidate {
        merit: mention.confidence + clear + telling,
        triples: triples(&quote),
        profile_id: feedback.draft.profile_id,
        product: feedback.draft.product.clone(),
        quote,
    })
}

/// A text as evidence quotes it.
fn quote(text: &str) -> String {
    cut(redact(text.trim()))
}

/// What a quote is known by where it may not be kept: SHA-256.
pub(crate) type QuoteDigest = [u8; 32];

/// What a quote is known by.
pub(crate) fn digest(quote: &str) -> QuoteDigest {
    Sha256::digest(quote.as_bytes()).into()
}

/// Every way in which a text is quoted: as evidence, and by a theme, which reads its beginning only.
pub(crate) fn digests(text: &str) -> [QuoteDigest; 2] {
    let read: String = text.chars().take(THEME_CHARACTERS).collect();
    [digest(&quote(text)), digest(&attune_text::quote(&read))]
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

/// Triples of neighbouring letters: they need no word boundaries, so they serve every script.
fn triples(text: &str) -> BTreeSet<[char; 3]> {
    let letters: Vec<char> = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    letters
        .windows(3)
        .filter_map(|window| <[char; 3]>::try_from(window).ok())
        .collect()
}

fn differs(a: &Candidate, b: &Candidate) -> bool {
    let same_person = a.profile_id.is_some() && a.profile_id == b.profile_id;
    let shared = a.triples.intersection(&b.triples).count() as f64;
    let either = (a.triples.len() + b.triples.len()) as f64 - shared;
    !same_person && a.quote != b.quote && shared <= NEAR_DUPLICATE * either
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Draft, Mention, Origin, Understanding};

    fn said(text: &str, profile_id: Option<Uuid>, product: &str) -> Feedback {
        let draft = Draft {
            origin: Origin::Submitted,
            profile_id,
            interaction_id: None,
            channel: "social".into(),
            touchpoint: String::new(),
            product: product.into(),
            agent_id: String::new(),
            team: String::new(),
            stage: String::new(),
            segments: Some(Vec::new()),
            rating: None,
            text: text.into(),
            occurred_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            source_id: None,
        };
        let mention = Mention {
            topic_id: "delay".into(),
            start: 0,
            end: 1,
            confidence: 0.8,
            sentiment_score: None,
            sentiment: None,
            found_by: None,
        };
        let understanding = Understanding {
            engine: "test".into(),
            language: None,
            sentiment_score: -0.5,
            sentiment: Some(Sentiment::Negative),
            sentiment_probability: 0.9,
            topics: vec![mention],
        };
        Feedback {
            feedback_id: Uuid::now_v7(),
            created_at: draft.occurred_at,
            draft,
            understanding: Some(understanding),
            taxonomy_version: 0,
            sliced: true,
        }
    }

    #[test]
    fn the_same_text_sent_on_by_others_is_quoted_once() {
        let storm = "My flight home is delayed for the third time today and nobody tells us why";
        let feedback = [
            said(storm, Some(Uuid::now_v7()), "A"),
            said(&format!("RT {storm}!!"), Some(Uuid::now_v7()), "A"),
            said(
                "Two hours late again, we will miss the wedding of our daughter",
                None,
                "A",
            ),
        ];
        assert_eq!(representative(&feedback, "delay", 5).len(), 2);
    }

    #[test]
    fn one_person_is_quoted_once_and_products_take_turns() {
        let person = Some(Uuid::now_v7());
        let feedback = [
            said(
                "Sitting in a plane that does not move since breakfast",
                person,
                "A",
            ),
            said(
                "Quite another sentence by the very same unhappy traveller",
                person,
                "A",
            ),
            said(
                "Why does every evening departure of yours leave after midnight",
                None,
                "A",
            ),
            said(
                "Waited four hours at the gate without a word or any water",
                None,
                "B",
            ),
        ];
        let quotes = representative(&feedback, "delay", 2);
        assert_eq!(quotes.len(), 2);
        assert!(quotes[1].starts_with("Waited"), "{quotes:?}");
    }

    #[test]
    fn a_quote_shows_no_personal_data_and_is_cut() {
        let text = format!(
            "Call me at +1 212 555 0147 or write to jane@example.com {}",
            "very late ".repeat(60)
        );
        let quotes = representative(&[said(&text, None, "A")], "delay", 5);
        assert!(
            quotes[0].contains("[phone]") && quotes[0].contains("[email]"),
            "{quotes:?}"
        );
        assert!(quotes[0].chars().count() <= LONGEST + 1);
    }

    #[test]
    fn feedback_about_something_else_is_not_quoted() {
        assert!(
            representative(
                &[said("late again and again, every single day", None, "A")],
                "price",
                5
            )
            .is_empty()
        );
    }
}
