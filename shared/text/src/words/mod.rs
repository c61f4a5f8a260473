//! The words of a text as keywords and themes count them: by stem, in Chinese by dictionary, and without what
//! says nothing of the matter.

mod frequencies;
mod hash;
mod meanings;
mod segmenter;
mod stemming;
mod stop;

use std::ops::Range;

pub(crate) use frequencies::Frequencies;
pub use frequencies::learn_frequencies;
pub(crate) use hash::{HashState, mix};
pub(crate) use meanings::{DIRECTIONS, Meanings, dot};

use crate::language::{self, Language};
use crate::normalize::{Class, address_length, classify, fold};
use crate::redact::{PersonalData, personal_data};
use stemming::Stem;

/// Longer words are no words of a language that spaces separate: addresses, codes, scripts without spaces.
const LONGEST_WORD: usize = 40;
/// Words rarer than this in the language, in natural logarithms of texts per text, are content in languages
/// without a list of stop words.
const COMMON_BELOW: f32 = 3.4;

/// What a word is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It says what the text is about.
    Content,
    /// It joins others: articles, pronouns, auxiliaries, greetings, words of time and of mere praise or blame.
    Stop,
    /// A number, or a code with digits.
    Number,
}

/// A word of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Word {
    /// First byte in the text.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
    /// Stands for the stem: the same for all forms of a word, on every machine.
    pub(crate) stem: u64,
    /// What it is good for.
    pub(crate) role: Role,
    /// Whether nothing but space stands between the word before and this one.
    pub(crate) joined: bool,
    /// How rare the word is in its language: the natural logarithm of texts for each text that holds it.
    pub(crate) rarity: f32,
    /// Whether its writing needs no space before it.
    pub(crate) ideographs: bool,
}

/// The words of a text, in order, and the language they were read in.
#[derive(Debug, Default)]
pub(crate) struct Words {
    pub(crate) language: Option<Language>,
    pub(crate) words: Vec<Word>,
}

impl Words {
    /// Reads a text. Personal data, mentions and web addresses are no words.
    pub(crate) fn read(text: &str) -> Words {
        Words::read_without(text, &personal_data(text))
    }

    /// Reads a text of which the personal data are known.
    pub(crate) fn read_without(text: &str, hidden: &[PersonalData]) -> Words {
        let language = language::detect(text);
        let mut reader = Reader::new(text, language);
        let mut at = 0;
        let mut hidden = hidden.iter().peekable();
        while let Some(first) = text[at..].chars().next() {
            while hidden.next_if(|datum| datum.end <= at).is_some() {}
            if let Some(datum) = hidden.peek().filter(|datum| datum.start <= at) {
                at = datum.end;
                reader.joined = false;
                continue;
            }
            let until = hidden.peek().map_or(text.len(), |datum| datum.start);
            at += reader.step(first, at, until);
        }
        Words {
            language,
            words: reader.words,
        }
    }
}

/// Reads one text.
struct Reader<'a> {
    text: &'a str,
    stem: Stem,
    frequencies: &'static Frequencies,
    table: u64,
    japanese: bool,
    words: Vec<Word>,
    joined: bool,
    folded: String,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, language: Option<Language>) -> Reader<'a> {
        let tag = language.map_or("en", Language::as_str);
        Reader {
            text,
            stem: Stem::of(tag),
            frequencies: Frequencies::builtin(),
            table: frequencies::table(tag),
            japanese: tag == "ja",
            words: Vec::with_capacity(text.len() / 6 + 1),
            joined: false,
            folded: String::new(),
        }
    }

    /// Reads what stands at `at` and begins with `first`, not beyond `until`; how many bytes that is.
    fn step(&mut self, first: char, at: usize, until: usize) -> usize {
        let rest = &self.text[at..until];
        let after_word = self.text[..at]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        if matches!(first, 'h' | 'H' | 'w' | 'W')
            && !after_word
            && let Some(length) = address_length(rest)
        {
            self.joined = false;
            return length;
        }
        match classify(fold(first)) {
            Class::Word => {
                let length = word_length(rest);
                self.push_pieces(at..at + length);
                length
            }
            Class::Ideograph => {
                let length = run_length(rest);
                self.push_ideographs(at..at + length);
                length
            }
            Class::Space => {
                self.joined &= first != '\n';
                first.len_utf8()
            }
            Class::Symbol => {
                self.joined &= matches!(first, '-' | '‑' | '&' | '/' | '#' | '\u{200D}');
                first.len_utf8()
            }
        }
    }

    /// A word, or the words that a hashtag's capitals show.
    fn push_pieces(&mut self, range: Range<usize>) {
        let mut from = range.start;
        if self.text[..range.start].ends_with(['#', '＃']) {
            let mut previous = None;
            for (offset, character) in self.text[range.clone()].char_indices() {
                if character.is_uppercase() && previous.is_some_and(char::is_lowercase) {
                    self.push_word(from..range.start + offset);
                    from = range.start + offset;
                }
                previous = Some(character);
            }
        }
        self.push_word(from..range.end);
    }

    fn push_word(&mut self, range: Range<usize>) {
        let Range { start, end } = range;
        self.folded.clear();
        let folded = self.text[start..end].chars().map(fold);
        self.folded.extend(folded.filter(|&character| character != '\0'));
        let base = stop::without_possessive(&self.folded);
        let letters = base.chars().take(LONGEST_WORD + 1).count();
        if letters == 0 || letters > LONGEST_WORD {
            self.joined = false;
            return;
        }
        let stem = mix(self.stem.stem(base).as_bytes());
        let rarity = self.frequencies.rarity(self.table, stem);
        let role = if base.chars().any(char::is_numeric) {
            Role::Number
        } else if letters == 1 || stop::is_stop(base, self.table) || self.is_common(letters, rarity) {
            Role::Stop
        } else {
            Role::Content
        };
        self.push(range, stem, role, rarity, false);
    }

    fn is_common(&self, letters: usize, rarity: f32) -> bool {
        !stop::has_list(self.table) && (letters <= 3 || rarity < COMMON_BELOW)
    }

    fn push_ideographs(&mut self, range: Range<usize>) {
        if self.japanese {
            return self.push_japanese(range);
        }
        let text = self.text;
        let run = &text[range.clone()];
        let mut from = range.start;
        for (length, class) in segmenter::cut(run) {
            let word = from..from + length;
            from += length;
            self.folded.clear();
            self.folded.extend(text[word.clone()].chars().map(fold));
            let stem = mix(self.folded.as_bytes());
            let rarity = self.frequencies.rarity(self.table, stem);
            let single = self.folded.chars().nth(1).is_none();
            let stops = single || class.is_function() || stop::is_stop(&self.folded, self.table);
            let role = if stops { Role::Stop } else { Role::Content };
            self.push(word, stem, role, rarity, true);
        }
    }

    /// Japanese by the change of script: runs of Han and of katakana are words, hiragana joins them.
    fn push_japanese(&mut self, range: Range<usize>) {
        let script = |character: char| match character {
            '\u{30A0}'..='\u{30FF}' => 1,
            '\u{3041}'..='\u{309F}' => 2,
            _ => 0,
        };
        let run = &self.text[range.clone()];
        let mut from = 0;
        while let Some(first) = run[from..].chars().next() {
            let kind = script(first);
            let length = run[from..]
                .find(|c| script(c) != kind)
                .unwrap_or(run.len() - from);
            let word = &run[from..from + length];
            let stem = mix(word.as_bytes());
            let rarity = self.frequencies.rarity(self.table, stem);
            let many = (2..=8).contains(&word.chars().count());
            let role = if kind != 2 && many {
                Role::Content
            } else {
                Role::Stop
            };
            let start = range.start + from;
            self.push(start..start + length, stem, role, rarity, true);
            from += length;
        }
    }

    fn push(&mut self, range: Range<usize>, stem: u64, role: Role, rarity: f32, ideographs: bool) {
        let joined = self.joined && !self.words.is_empty();
        self.words.push(Word {
            start: range.start,
            end: range.end,
            stem,
            role,
            joined,
            rarity,
            ideographs,
        });
        self.joined = true;
    }
}

/// The lengths, in characters, of the words that a run of Han characters is made of.
pub(crate) fn cut_ideographs(run: &str) -> Vec<usize> {
    let mut from = 0;
    let mut lengths = Vec::new();
    for (length, _) in segmenter::cut(run) {
        lengths.push(run[from..from + length].chars().count());
        from += length;
    }
    lengths
}

/// Length in bytes of the word at the start of `text`, inner apostrophes counted.
fn word_length(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let folded = fold(character);
        let inside = match folded {
            '\0' => true,
            '\'' => characters.peek().is_some_and(|&(_, next)| next.is_alphabetic()),
            _ => classify(folded) == Class::Word,
        };
        if !inside {
            return at;
        }
    }
    text.len()
}

/// Length in bytes of the Han characters and kana at the start of `text`.
fn run_length(text: &str) -> usize {
    text.find(|character| classify(fold(character)) != Class::Ideograph)
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
