//! Chinese words: the cut of a run of Han characters whose words are most likely together, by dictionary
//! (a unigram model, solved by dynamic programming as in jieba).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::hash::HashState;
use crate::normalize::fold;

/// Longest word of the dictionary, in characters.
const LONGEST: usize = 4;
/// How much a character that is no word of the dictionary costs, in natural logarithms: about once in the
/// corpus behind it.
const UNKNOWN: f32 = -18.0;

/// What a word of the dictionary is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Noun, verb, adjective, set phrase.
    Content,
    /// Adverb, pronoun, particle, number, measure word.
    Function,
    /// Name of a person.
    Person,
}

impl Class {
    /// Whether the word is none that a keyword could be.
    pub(super) fn is_function(self) -> bool {
        self != Class::Content
    }
}

static DICTIONARY: LazyLock<HashMap<u64, (f32, Class), HashState>> =
    LazyLock::new(|| parse(include_str!("../../data/words_zh.tsv")));

fn parse(source: &str) -> HashMap<u64, (f32, Class), HashState> {
    let rows = source.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let key = key(columns.next()?.chars())?;
        let count: f32 = columns.next()?.parse().ok()?;
        let class = match columns.next()? {
            "f" => Class::Function,
            "p" => Class::Person,
            _ => Class::Content,
        };
        Some((key, count, class))
    });
    let rows: Vec<(u64, f32, Class)> = rows.collect();
    let total: f32 = rows.iter().map(|&(_, count, _)| count).sum();
    rows.into_iter()
        .map(|(key, count, class)| (key, (libm::logf(count / total), class)))
        .collect()
}

/// Up to four characters of the basic plane in one number; `None` for more or others.
fn key(characters: impl Iterator<Item = char>) -> Option<u64> {
    let mut key = 0;
    for (index, character) in characters.enumerate() {
        let code = u16::try_from(u32::from(character)).ok()?;
        if index == LONGEST {
            return None;
        }
        key = (key << 16) | u64::from(code);
    }
    Some(key)
}

/// Cuts a run of Han characters into words: the length of each in bytes and what it is.
pub(super) fn cut(run: &str) -> Vec<(usize, Class)> {
    let characters: Vec<(char, usize)> = run.chars().map(|c| (fold(c), c.len_utf8())).collect();
    let count = characters.len();
    // best[i]: the likelihood of the best cut from i on, the length of its first word, and what that is.
    let mut best = vec![(0.0_f32, 0_usize, Class::Content); count + 1];
    for from in (0..count).rev() {
        let mut found = (f32::NEG_INFINITY, 1, Class::Content);
        let mut key = 0_u64;
        for length in 1..=LONGEST.min(count - from) {
            let Ok(code) = u16::try_from(u32::from(characters[from + length - 1].0)) else {
                break;
            };
            key = (key << 16) | u64::from(code);
            if let Some(&(likelihood, class)) = DICTIONARY.get(&key) {
                let likelihood = likelihood + best[from + length].0;
                if likelihood > found.0 {
                    found = (likelihood, length, class);
                }
            }
        }
        let alone = UNKNOWN + best[from + 1].0;
        if alone > found.0 {
            found = (alone, 1, Class::Content);
        }
        best[from] = found;
    }
    let mut words = Vec::new();
    let mut from = 0;
    while from < count {
        let (_, length, class) = best[from];
        let bytes = characters[from..from + length]
            .iter()
            .map(|&(_, bytes)| bytes)
            .sum();
        words.push((bytes, class));
        from += length;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(run: &str) -> Vec<&str> {
        let mut from = 0;
        cut(run)
            .into_iter()
            .map(|(length, _)| {
                from += length;
                &run[from - length..from]
            })
            .collect()
    }

    #[test]
    fn chinese_is_cut_into_words() {
        assert_eq!(words("航班被取消了"), ["航班", "被", "取消", "了"]);
        assert_eq!(words("客服电话没人接"), ["客服", "电话", "没", "人", "接"]);
        assert_eq!(words("服務態度很差"), ["服務態度", "很", "差"]);
    }

    #[test]
    fn what_no_dictionary_holds_is_cut_into_characters() {
        assert_eq!(words("㐀㐁"), ["㐀", "㐁"]);
        assert!(words("").is_empty());
    }
}
