//! The words and phrases that say what texts are about.

mod counts;
mod distinctive;
mod phrases;

pub use counts::PhraseCounts;
pub(crate) use distinctive::most_distinctive;
pub use distinctive::{DistinctivePhrase, distinctive_phrases};

use std::collections::HashMap;

use crate::words::{HashState, Word, Words};
use phrases::{Phrase, phrases};

/// How much heavier a phrase of so many words is than their mean: a phrase says more than its words apart.
const BY_LENGTH: [f32; phrases::LONGEST_PHRASE] = [1.0, 1.6, 1.8];
/// How much lighter a phrase at the end of the text is than one at its beginning: people come to the point first.
const LATE: f32 = 0.2;

/// A word or phrase that says what a text is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Keyword {
    /// As the text writes it, in lower case but for abbreviations and names with inner capitals.
    pub phrase: String,
    /// The same number for all forms of the phrase, on every machine and in every release: forms are told apart
    /// by neither case, ending (where the language has a stemmer) nor the way of writing Chinese.
    pub key: u64,
    /// First byte of its first mention in the text.
    pub start: usize,
    /// One past the last byte of its first mention.
    pub end: usize,
    /// How much it says of the text against the others: 1 for the most telling, down to 0.
    pub weight: f32,
    /// How often the text mentions it.
    pub mentions: u32,
}

/// A phrase of the text with what speaks for it.
struct Candidate {
    phrase: Phrase,
    mentions: u32,
    score: f32,
}

/// The most telling phrases of a text, by how rare their words are in the language, how often the text mentions
/// them and how early. A word is listed alone only where no listed phrase holds it.
pub(crate) fn keywords(text: &str, most: usize) -> Vec<Keyword> {
    let words = Words::read(text).words;
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut known: HashMap<u64, usize, HashState> = HashMap::default();
    for phrase in phrases(&words) {
        let index = *known.entry(phrase.key).or_insert_with(|| {
            candidates.push(Candidate {
                phrase,
                mentions: 0,
                score: 0.0,
            });
            candidates.len() - 1
        });
        candidates[index].mentions += 1;
    }
    for candidate in &mut candidates {
        let inside = &words[candidate.phrase.words()];
        let rarity = inside.iter().map(|word| word.rarity).sum::<f32>() / inside.len() as f32;
        let length = BY_LENGTH[inside.len().clamp(1, BY_LENGTH.len()) - 1];
        let often = 1.0 + libm::logf(candidate.mentions as f32);
        let late = candidate.phrase.first as f32 / words.len() as f32;
        candidate.score = rarity * length * often * (1.0 - LATE * late);
    }
    candidates.sort_by(|left, right| {
        let order = right.score.total_cmp(&left.score);
        order.then(left.phrase.first.cmp(&right.phrase.first))
    });
    choose(text, &words, &candidates, most)
}

/// The best candidates none of which shares a word of the text with a better one.
fn choose(text: &str, words: &[Word], candidates: &[Candidate], most: usize) -> Vec<Keyword> {
    let mut taken = vec![false; words.len()];
    let mut chosen: Vec<Keyword> = Vec::new();
    let best = candidates.first().map_or(1.0, |candidate| candidate.score);
    for candidate in candidates {
        if chosen.len() == most {
            break;
        }
        let range = candidate.phrase.words();
        if taken[range.clone()].contains(&true) {
            continue;
        }
        taken[range.clone()].fill(true);
        let inside = &words[range];
        let (Some(first), Some(last)) = (inside.first(), inside.last()) else {
            continue;
        };
        chosen.push(Keyword {
            phrase: phrases::shown(text, inside),
            key: candidate.phrase.key,
            start: first.start,
            end: last.end,
            weight: candidate.score / best,
            mentions: candidate.mentions,
        });
    }
    chosen
}

#[cfg(test)]
mod tests;
