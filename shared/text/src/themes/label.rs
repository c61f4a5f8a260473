//! What a theme is called.

use crate::keywords::distinctive_phrases;
use crate::{Language, PhraseCounts};

/// Most phrases of a theme.
const MOST_PHRASES: usize = 5;
/// Phrases of a label.
const LABEL: usize = 3;

/// The phrases that tell a theme from all texts.
pub(super) fn phrases(theme: &PhraseCounts, all: &PhraseCounts) -> Vec<String> {
    distinctive_phrases(theme, all, MOST_PHRASES)
        .into_iter()
        .map(|phrase| phrase.phrase)
        .collect()
}

/// The first phrases, with one of each way of writing where a theme has several languages.
pub(super) fn label(phrases: &[String], languages: &[(Language, u64)]) -> String {
    let mut chosen: Vec<&str> = phrases.iter().take(LABEL).map(String::as_str).collect();
    if languages.len() > 1 {
        for phrase in phrases.iter().skip(LABEL) {
            if chosen.iter().all(|chosen| writing(chosen) != writing(phrase)) {
                chosen.push(phrase);
            }
        }
    }
    chosen.join(", ")
}

/// The writing of a phrase by its first letter: Latin, Cyrillic, Han and kana, or another.
fn writing(phrase: &str) -> u8 {
    match phrase.chars().find(|character| character.is_alphabetic()) {
        Some('A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{24F}') => 0,
        Some('\u{400}'..='\u{52F}') => 1,
        Some('\u{3041}'..='\u{9FFF}') => 2,
        _ => 3,
    }
}
