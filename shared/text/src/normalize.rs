//! One form of writing for the model: case, width, numbers, mentions, addresses and stretched words no
//! longer tell two texts apart.

use crate::hanzi;

/// Stands for any web address.
const ADDRESS: char = '\u{E000}';
/// A run of one character longer than this is cut: "sooooo" and "sooo" read the same.
const LONGEST_RUN: usize = 3;

/// What a normalised character is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Between tokens.
    Space,
    /// A letter, digit, mark or inner apostrophe of a word that spaces separate.
    Word,
    /// A Han character or kana: no spaces between words.
    Ideograph,
    /// Punctuation, emoji and everything else that is seen.
    Symbol,
}

/// A normalised character with its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glyph {
    pub(crate) character: char,
    pub(crate) class: Class,
}

/// Normalises `text` into `glyphs`, which is emptied first.
pub(crate) fn normalize(text: &str, glyphs: &mut Vec<Glyph>) {
    normalize_placed(text, glyphs, |_, _| {});
}

/// The same, calling `read(byte, glyphs)` before each step: the byte of the text that is read next, and how many
/// glyphs what stands before it became.
pub(crate) fn normalize_placed(text: &str, glyphs: &mut Vec<Glyph>, mut read: impl FnMut(usize, usize)) {
    glyphs.clear();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        read(text.len() - rest.len(), glyphs.len());
        let after_word = glyphs.last().is_some_and(|glyph| glyph.class == Class::Word);
        if first == '@'
            && !after_word
            && let Some(length) = mention_length(rest)
        {
            push(glyphs, ' ', Class::Space);
            rest = &rest[length..];
        } else if !after_word
            && matches!(first, 'h' | 'H' | 'w' | 'W')
            && let Some(length) = address_length(rest)
        {
            push(glyphs, ' ', Class::Space);
            push(glyphs, ADDRESS, Class::Word);
            push(glyphs, ' ', Class::Space);
            rest = &rest[length..];
        } else {
            rest = &rest[first.len_utf8()..];
            push_character(glyphs, first, rest);
        }
    }
}

fn push_character(glyphs: &mut Vec<Glyph>, character: char, rest: &str) {
    let folded = match fold(character) {
        '1'..='9' => '0',
        folded if !folded.is_ascii() && folded.is_numeric() && !folded.is_alphabetic() => '0',
        folded => folded,
    };
    let class = match folded {
        '\'' => apostrophe_class(glyphs, rest),
        _ => classify(folded),
    };
    if folded != '\0' {
        push(glyphs, folded, class);
    }
}

/// An apostrophe is part of a word between two of its letters, as in "don't".
fn apostrophe_class(glyphs: &[Glyph], rest: &str) -> Class {
    let inside = glyphs.last().is_some_and(|glyph| glyph.class == Class::Word)
        && rest.chars().next().is_some_and(char::is_alphabetic);
    if inside { Class::Word } else { Class::Symbol }
}

fn push(glyphs: &mut Vec<Glyph>, character: char, class: Class) {
    let glyph = Glyph { character, class };
    let longest = if class == Class::Space { 1 } else { LONGEST_RUN };
    let run = glyphs
        .iter()
        .rev()
        .take(longest)
        .take_while(|&&earlier| earlier == glyph)
        .count();
    if run < longest {
        glyphs.push(glyph);
    }
}

/// Length in bytes of a mention such as `@name` at the start of `text`.
pub(crate) fn mention_length(text: &str) -> Option<usize> {
    let name = text.strip_prefix('@')?;
    let length = name
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(name.len());
    (length > 0).then_some(length + 1)
}

/// Length in bytes of a web address at the start of `text`.
pub(crate) fn address_length(text: &str) -> Option<usize> {
    let scheme = ["https://", "http://", "www."].into_iter().find(|scheme| {
        text.as_bytes()
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    })?;
    // Chinese text goes on right after an address: only ASCII belongs to it.
    let end = text.find(|c: char| !c.is_ascii_graphic()).unwrap_or(text.len());
    (end > scheme.len()).then_some(end)
}

/// The character that stands for `character` whatever its case, width and script, or NUL when it is
/// invisible.
pub(crate) fn fold(character: char) -> char {
    match character {
        'a'..='z' | ' ' => character,
        'A'..='Z' => character.to_ascii_lowercase(),
        '\t' | '\n' | '\r' | '\u{3000}' => ' ',
        _ if character.is_ascii() => character,
        '\u{2018}' | '\u{2019}' | '\u{02BC}' | '`' => '\'',
        '\u{201C}' | '\u{201D}' => '"',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character) - 0xFEE0).map_or(character, fold),
        'Ё' | 'ё' => 'е',
        '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{00AD}' => '\0',
        '\u{3400}'..='\u{9FFF}' => hanzi::to_simplified(character),
        _ if character.is_whitespace() => ' ',
        _ => character.to_lowercase().next().unwrap_or(character),
    }
}

/// The class of a folded character.
pub(crate) fn classify(character: char) -> Class {
    match character {
        'a'..='z' | '0'..='9' | 'а'..='я' => Class::Word,
        ' ' => Class::Space,
        _ if character.is_ascii() => {
            if character.is_ascii_control() {
                Class::Space
            } else {
                Class::Symbol
            }
        }
        '\u{3041}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}' => Class::Ideograph,
        _ if character.is_alphanumeric() || is_mark(character) => Class::Word,
        _ if character.is_control() => Class::Space,
        _ => Class::Symbol,
    }
}

/// Marks that are part of words in scripts such as Devanagari but are not alphabetic in Unicode's sense.
fn is_mark(character: char) -> bool {
    matches!(character,
        '\u{0300}'..='\u{036F}' | '\u{064B}'..='\u{065F}' | '\u{093C}' | '\u{094D}' | '\u{09CD}'
        | '\u{0A4D}' | '\u{0ACD}' | '\u{0B4D}' | '\u{0BCD}' | '\u{0C4D}' | '\u{0CCD}' | '\u{0D4D}'
        | '\u{0E47}'..='\u{0E4E}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(text: &str) -> String {
        let mut glyphs = Vec::new();
        normalize(text, &mut glyphs);
        glyphs.iter().map(|glyph| glyph.character).collect()
    }

    #[test]
    fn case_width_numbers_and_yo_are_folded() {
        assert_eq!(normalized("ＧＯＯＤ　Ещё 1234!"), "good еще 000!");
    }

    #[test]
    fn mentions_vanish_and_addresses_become_one_token() {
        assert_eq!(
            normalized("@united see https://t.co/abc now"),
            " see \u{E000} now"
        );
        assert_eq!(normalized("见http://t.cn/ab很好"), "见 \u{E000} 很好");
    }

    #[test]
    fn stretched_words_are_cut() {
        assert_eq!(normalized("sooooooo!!!!!!!"), "sooo!!!");
    }

    #[test]
    fn traditional_characters_read_as_simplified() {
        assert_eq!(normalized("態度"), "态度");
    }

    #[test]
    fn an_apostrophe_belongs_to_the_word_around_it() {
        let mut glyphs = Vec::new();
        normalize("don’t 'quote'", &mut glyphs);
        let classes: Vec<Class> = glyphs.iter().map(|glyph| glyph.class).collect();
        assert_eq!(classes[3], Class::Word);
        assert_eq!(classes[6], Class::Symbol);
    }
}
