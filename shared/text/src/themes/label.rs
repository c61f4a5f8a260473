//! What a theme is called.

use super::cluster::Cluster;
use crate::PhraseCounts;
use crate::keywords::most_distinctive;

/// Most phrases of a theme.
const MOST_PHRASES: usize = 5;
/// Phrases of a label.
const LABEL: usize = 3;
/// Words and characters of a label taken from a text.
const QUOTED: usize = 5;
const LONGEST_QUOTE: usize = 40;

/// The phrases that tell a theme from all texts.
pub(super) fn phrases(theme: &PhraseCounts, all: &PhraseCounts) -> Vec<String> {
    most_distinctive(theme, all, MOST_PHRASES, f64::NEG_INFINITY)
        .into_iter()
        .map(|phrase| phrase.phrase)
        .collect()
}

/// The first phrases, with one of each way of writing where a theme has several languages; the beginning of its most
/// typical text where it has none, as with mere thanks.
pub(super) fn label(phrases: &[String], cluster: &Cluster) -> String {
    let mut chosen: Vec<&str> = phrases.iter().take(LABEL).map(String::as_str).collect();
    if cluster.languages.len() > 1 {
        for phrase in phrases.iter().skip(LABEL) {
            if chosen.iter().all(|chosen| writing(chosen) != writing(phrase)) {
                chosen.push(phrase);
            }
        }
    }
    if chosen.is_empty() {
        let typical = cluster.shown.first().map_or("", |shown| shown.text.as_str());
        let words = typical.split(' ').filter(|word| !word.starts_with('['));
        return words
            .take(QUOTED)
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(LONGEST_QUOTE)
            .collect();
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
