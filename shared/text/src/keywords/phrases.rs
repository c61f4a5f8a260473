//! The phrases of a text: content words that stand side by side.

use std::ops::Range;

use crate::words::{Role, Word};

/// Most words of a phrase.
pub(crate) const LONGEST_PHRASE: usize = 3;
/// Words in capitals up to this length are abbreviations; longer ones are shouted.
const LONGEST_ABBREVIATION: usize = 4;

/// The stems of a phrase's words, zero where it has fewer.
pub(crate) type Stems = [u64; LONGEST_PHRASE];

/// A phrase of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// Stands for the phrase in all its forms.
    pub(crate) key: u64,
    /// The stems of its words.
    pub(crate) stems: Stems,
    /// Its first word among the text's words.
    pub(crate) first: usize,
    /// How many words it has.
    pub(crate) length: usize,
}

impl Phrase {
    /// Where its words stand among the text's words.
    pub(crate) fn words(&self) -> Range<usize> {
        self.first..self.first + self.length
    }
}

/// Every content word, and every two or three that stand side by side.
pub(crate) fn phrases(words: &[Word]) -> impl Iterator<Item = Phrase> {
    (0..words.len()).flat_map(move |first| {
        let run = words[first..]
            .iter()
            .enumerate()
            .take(LONGEST_PHRASE)
            .take_while(|(offset, word)| word.role == Role::Content && (*offset == 0 || word.joined));
        let mut key = 0_u64;
        let mut stems = [0; LONGEST_PHRASE];
        run.map(move |(offset, word)| {
            stems[offset] = word.stem;
            key = match offset {
                0 => word.stem,
                _ => (key.rotate_left(23) ^ word.stem).wrapping_mul(0x9E37_79B9_7F4A_7C15),
            };
            Phrase {
                key,
                stems,
                first,
                length: offset + 1,
            }
        })
    })
}

/// A phrase as it is shown.
pub(crate) fn shown(text: &str, words: &[Word]) -> String {
    let mut shown = String::new();
    let mut previous_ideographs = true;
    for word in words {
        if !(shown.is_empty() || previous_ideographs && word.ideographs) {
            shown.push(' ');
        }
        previous_ideographs = word.ideographs;
        push_word(&mut shown, &text[word.start..word.end]);
    }
    shown
}

fn push_word(shown: &mut String, word: &str) {
    let shouted = word.chars().count() > LONGEST_ABBREVIATION && !word.chars().any(char::is_lowercase);
    let inner_capital = word.chars().skip(1).any(char::is_uppercase);
    if inner_capital && !shouted {
        shown.push_str(word);
    } else {
        shown.extend(word.chars().flat_map(char::to_lowercase));
    }
}
