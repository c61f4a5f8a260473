//! A text in the form keywords are looked up in: stems between spaces, Han characters without.

use rust_stemmers::{Algorithm, Stemmer};

use crate::normalize::{Class, address_length, classify, fold, mention_length};
use crate::sentences::ends_sentence;

/// Separates sentences in the searched text, so that no phrase crosses them.
pub(super) const SENTENCE_END: char = '\u{1}';
/// Longest hashtag, in letters, that is taken apart into words.
const LONGEST_HASHTAG: usize = 40;
/// Longest word looked for inside a hashtag.
const LONGEST_PIECE: usize = 16;

/// Where a token stands in the searched text and in the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// First byte in the searched text.
    pub(super) at: usize,
    /// One past its last byte in the searched text.
    pub(super) until: usize,
    /// First byte in the original.
    pub(super) start: usize,
    /// One past the last byte in the original.
    pub(super) end: usize,
}

/// The searched text with the places of its tokens.
#[derive(Debug, Default)]
pub(super) struct SearchText {
    /// A space, then each stem and a space; Han characters stand side by side.
    pub(super) text: String,
    /// Its tokens in order; ends of sentences are not tokens.
    pub(super) tokens: Vec<Token>,
}

/// Turns texts into searched texts.
pub(super) struct Reader {
    english: Stemmer,
    russian: Stemmer,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Reader")
    }
}

impl Reader {
    pub(super) fn new() -> Reader {
        Reader {
            english: Stemmer::create(Algorithm::English),
            russian: Stemmer::create(Algorithm::Russian),
        }
    }

    /// Reads a text. `knows` says whether a stem is one of the taxonomy's, to take joined hashtags apart.
    pub(super) fn read(&self, text: &str, knows: impl Fn(&str) -> bool) -> SearchText {
        let mut searched = SearchText {
            text: String::with_capacity(text.len() + 2),
            tokens: Vec::new(),
        };
        searched.text.push(' ');
        let mut at = 0;
        let mut word = String::new();
        while let Some(first) = text[at..].chars().next() {
            let rest = &text[at..];
            let after_word = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
            let skipped = match first {
                '@' if !after_word => mention_length(rest),
                'h' | 'H' | 'w' | 'W' if !after_word => address_length(rest),
                _ => None,
            };
            if let Some(length) = skipped {
                at += length;
                continue;
            }
            match classify(fold(first)) {
                Class::Word => {
                    let length = word_length(rest);
                    if text[..at].ends_with(['#', '＃']) {
                        self.push_hashtag(&mut searched, text, at, at + length, &knows);
                    } else {
                        self.push_word(&mut searched, text, at, at + length, &mut word);
                    }
                    at += length;
                }
                Class::Ideograph => {
                    searched.push_ideograph(fold(first), at, at + first.len_utf8());
                    at += first.len_utf8();
                }
                Class::Space | Class::Symbol => {
                    if ends_sentence(first, &rest[first.len_utf8()..]) {
                        searched.push_sentence_end();
                    }
                    at += first.len_utf8();
                }
            }
        }
        searched
    }

    fn push_word(&self, searched: &mut SearchText, text: &str, start: usize, end: usize, word: &mut String) {
        word.clear();
        word.extend(
            text[start..end]
                .chars()
                .map(fold)
                .filter(|&folded| folded != '\0'),
        );
        if !word.is_empty() {
            searched.push_stem(&self.stem(word), start, end);
        }
    }

    /// The stem of a folded word.
    fn stem<'a>(&self, word: &'a str) -> std::borrow::Cow<'a, str> {
        if word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'\'')
        {
            self.english.stem(word)
        } else if word.chars().all(|c| matches!(c, 'а'..='я')) {
            self.russian.stem(word)
        } else {
            word.into()
        }
    }

    /// A hashtag is several words: by its capitals, or cut into words that the taxonomy knows.
    fn push_hashtag(
        &self,
        searched: &mut SearchText,
        text: &str,
        start: usize,
        end: usize,
        knows: &impl Fn(&str) -> bool,
    ) {
        let cuts = capitals(&text[start..end])
            .or_else(|| self.cut_by_vocabulary(&text[start..end], knows))
            .unwrap_or_default();
        let mut word = String::new();
        let mut from = start;
        for cut in cuts.into_iter().map(|cut| start + cut).chain([end]) {
            self.push_word(searched, text, from, cut, &mut word);
            from = cut;
        }
    }

    /// Where to cut a joined hashtag so that every piece is a known or a filler word; the longest first
    /// pieces win.
    fn cut_by_vocabulary(&self, hashtag: &str, knows: &impl Fn(&str) -> bool) -> Option<Vec<usize>> {
        if !hashtag.is_ascii() || hashtag.len() > LONGEST_HASHTAG {
            return None;
        }
        let lower = hashtag.to_ascii_lowercase();
        // reach[i]: where the piece that leads from i to a full cut ends.
        let mut reach: Vec<Option<usize>> = vec![None; lower.len() + 1];
        reach[lower.len()] = Some(lower.len());
        for from in (0..lower.len()).rev() {
            let longest = lower.len().min(from + LONGEST_PIECE);
            reach[from] = (from + 1..=longest).rev().find(|&to| {
                let piece = &lower[from..to];
                reach[to].is_some()
                    && (FILLERS.contains(&piece) || piece.len() > 2 && knows(&self.stem(piece)))
            });
        }
        let mut cuts = Vec::new();
        let mut from = 0;
        while from < lower.len() {
            from = reach[from]?;
            cuts.push(from);
        }
        cuts.pop();
        Some(cuts)
    }
}

/// Short words that join others in hashtags.
const FILLERS: [&str; 26] = [
    "a", "again", "and", "are", "at", "for", "i", "in", "is", "it", "me", "my", "never", "no", "not", "of",
    "on", "our", "so", "the", "this", "to", "us", "was", "we", "your",
];

impl SearchText {
    fn push_stem(&mut self, stem: &str, start: usize, end: usize) {
        if !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        let at = self.text.len();
        self.text.push_str(stem);
        self.tokens.push(Token {
            at,
            until: self.text.len(),
            start,
            end,
        });
        self.text.push(' ');
    }

    fn push_ideograph(&mut self, character: char, start: usize, end: usize) {
        let adjacent = self.tokens.last().is_some_and(|token| token.end == start);
        if !adjacent && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        let at = self.text.len();
        self.text.push(character);
        self.tokens.push(Token {
            at,
            until: self.text.len(),
            start,
            end,
        });
    }

    fn push_sentence_end(&mut self) {
        if !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        self.text.push(SENTENCE_END);
        self.text.push(' ');
    }

    /// The token that covers a byte of the searched text, or the next one after it.
    pub(super) fn token_at(&self, byte: usize) -> usize {
        self.tokens.partition_point(|token| token.until <= byte)
    }
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

/// Where a hashtag's capitals cut it, if it has any inside.
fn capitals(hashtag: &str) -> Option<Vec<usize>> {
    let mut cuts = Vec::new();
    let mut previous = None;
    for (at, character) in hashtag.char_indices() {
        if character.is_uppercase() && previous.is_some_and(char::is_lowercase) {
            cuts.push(at);
        }
        previous = Some(character);
    }
    (!cuts.is_empty()).then_some(cuts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        Reader::new()
            .read(text, |stem| ["cancel", "flight"].contains(&stem))
            .text
    }

    #[test]
    fn words_become_stems_and_han_characters_stay_together() {
        assert_eq!(read("Cancelled flights"), " cancel flight ");
        assert_eq!(read("Отменили рейсы"), " отмен рейс ");
        assert_eq!(read("app打不開"), " app 打不开");
    }

    #[test]
    fn hashtags_come_apart() {
        assert_eq!(read("#CancelledFlight"), " cancel flight ");
        assert_eq!(read("#cancelledflight"), " cancel flight ");
        assert_eq!(read("#cancelledmyflightagain"), " cancel my flight again ");
        assert_eq!(read("#fleekfleet"), " fleekfleet ");
    }

    #[test]
    fn handles_and_addresses_are_not_words() {
        assert_eq!(read("@flight http://flight.com late"), " late ");
    }

    #[test]
    fn tokens_point_into_the_original() {
        let text = "Мой рейс 取消了";
        let searched = Reader::new().read(text, |_| false);
        let words: Vec<&str> = searched
            .tokens
            .iter()
            .map(|token| &text[token.start..token.end])
            .collect();
        assert_eq!(words, ["Мой", "рейс", "取", "消", "了"]);
    }
}
