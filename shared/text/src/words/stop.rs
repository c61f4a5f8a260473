//! Words that say nothing of the matter.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::frequencies::{CHINESE, ENGLISH, RUSSIAN};
use super::hash::{HashState, mix};

struct Lists {
    english: HashSet<u64, HashState>,
    russian: HashSet<u64, HashState>,
    chinese: HashSet<u64, HashState>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| Lists {
    english: parse(include_str!("../../data/stop_words_en.txt")),
    russian: parse(include_str!("../../data/stop_words_ru.txt")),
    chinese: parse(include_str!("../../data/stop_words_zh.txt")),
});

fn parse(source: &str) -> HashSet<u64, HashState> {
    source
        .split_whitespace()
        .map(|word| mix(word.replace('ё', "е").as_bytes()))
        .collect()
}

/// Whether the language of a table of frequencies has a list of stop words.
pub(super) fn has_list(table: u64) -> bool {
    matches!(table, ENGLISH | RUSSIAN | CHINESE)
}

/// Whether a folded word is a stop word of a language; English ones are stop words everywhere.
pub(super) fn is_stop(word: &str, table: u64) -> bool {
    if is_contraction(word) {
        return true;
    }
    let hash = mix(word.as_bytes());
    LISTS.english.contains(&hash)
        || match table {
            CHINESE => LISTS.chinese.contains(&hash),
            ENGLISH => false,
            _ => LISTS.russian.contains(&hash),
        }
}

/// "isn't", "I'm", "they've": an auxiliary and at most a pronoun.
fn is_contraction(word: &str) -> bool {
    let ends = ["n't", "'m", "'re", "'ve", "'ll", "'d"];
    word.contains('\'') && ends.into_iter().any(|end| word.ends_with(end))
}

/// The word without the ending of the English possessive.
pub(super) fn without_possessive(word: &str) -> &str {
    word.strip_suffix("'s").unwrap_or(word).trim_matches('\'')
}
