//! Where the sentences of a text stand.

use std::ops::Range;

use crate::normalize::{Class, classify};

/// The byte ranges of a text's sentences, without the spaces around them. Sentences end after the signs that
/// end them in English, Russian and Chinese, and at line breaks; a full stop or an ellipsis ends one only before
/// a space or the end, so that numbers and addresses stay whole.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut ending = false;
    for (at, character) in text.char_indices() {
        // Signs such as "?!" and closing quotes belong to the sentence they end.
        if ending
            && !is_terminal(character)
            && !matches!(character, '"' | '”' | '»' | '」' | '』' | ')' | '）')
        {
            push_trimmed(&mut found, text, start..at);
            start = at;
            ending = false;
        }
        ending |= ends_sentence(character, &text[at + character.len_utf8()..]);
    }
    push_trimmed(&mut found, text, start..text.len());
    found
}

/// Words that turn against what was said: a new clause begins with them.
const CONTRASTS: [&str; 22] = [
    "but",
    "however",
    "although",
    "though",
    "yet",
    "except",
    "но",
    "однако",
    "зато",
    "хотя",
    "а",
    "aber",
    "pero",
    "mais",
    "但",
    "但是",
    "不过",
    "不過",
    "可是",
    "然而",
    "只是",
    "就是",
];
/// A clause has at least so many letters; what is shorter belongs to the clause before it.
const SHORTEST_CLAUSE: usize = 4;

/// The byte ranges of a sentence's clauses: it is cut at commas and before words of contrast, so that what is
/// praised and what is blamed stand apart. `sentence` is a range of `text`.
pub(crate) fn clauses(text: &str, sentence: Range<usize>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start = sentence.start;
    let mut letters = 0;
    let mut after_letter = false;
    for (offset, character) in text[sentence.clone()].char_indices() {
        let at = sentence.start + offset;
        let comma = matches!(character, ',' | '，' | '、' | '：' | '—' | '–');
        let contrast = character.is_alphabetic()
            && (!after_letter || is_ideograph(character))
            && begins_contrast(&text[at..sentence.end]);
        if (comma || contrast) && letters >= SHORTEST_CLAUSE {
            push_trimmed(&mut found, text, start..at);
            start = at + if comma { character.len_utf8() } else { 0 };
            letters = 0;
        }
        after_letter = character.is_alphanumeric();
        letters += match character {
            _ if is_ideograph(character) => 2,
            _ => usize::from(after_letter),
        };
    }
    match found.last_mut() {
        Some(last) if letters < SHORTEST_CLAUSE => last.end = sentence.end,
        _ => push_trimmed(&mut found, text, start..sentence.end),
    }
    found
}

fn begins_contrast(rest: &str) -> bool {
    CONTRASTS.into_iter().any(|word| {
        let matches = rest
            .get(..word.len())
            .is_some_and(|start| start == word || start.is_ascii() && start.eq_ignore_ascii_case(word));
        let next = rest.get(word.len()..).and_then(|after| after.chars().next());
        matches && (word.starts_with(is_ideograph) || next.is_none_or(|next| !next.is_alphanumeric()))
    })
}

fn is_ideograph(character: char) -> bool {
    classify(character) == Class::Ideograph
}

fn is_terminal(character: char) -> bool {
    matches!(
        character,
        '.' | '…' | '!' | '?' | ';' | '\n' | '。' | '！' | '？' | '；'
    )
}

/// Whether a sentence ends with a character that `rest` follows.
pub(crate) fn ends_sentence(character: char, rest: &str) -> bool {
    match character {
        '.' | '…' => rest
            .chars()
            .next()
            .is_none_or(|next| next.is_whitespace() || is_terminal(next)),
        _ => is_terminal(character),
    }
}

fn push_trimmed(found: &mut Vec<Range<usize>>, text: &str, range: Range<usize>) {
    let sentence = &text[range.clone()];
    let trimmed = sentence.trim();
    if !trimmed.is_empty() {
        let start = range.start + (sentence.len() - sentence.trim_start().len());
        found.push(start..start + trimmed.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn clauses_part_praise_from_blame() {
        let cut = |text: &'static str| -> Vec<&str> {
            clauses(text, 0..text.len())
                .into_iter()
                .map(|range| &text[range])
                .collect()
        };
        assert_eq!(
            cut("Nice room, friendly staff but the food was awful."),
            ["Nice room", "friendly staff", "but the food was awful."]
        );
        assert_eq!(
            cut("Офис удобный, но очередь огромная"),
            ["Офис удобный", "но очередь огромная"]
        );
        assert_eq!(cut("房间不错，但是早餐很差"), ["房间不错", "但是早餐很差"]);
        assert_eq!(cut("Well, it works, ok"), ["Well", "it works, ok"]);
        assert_eq!(cut("butter"), ["butter"]);
    }

    #[test]
    fn sentences_end_where_a_reader_pauses() {
        assert_eq!(
            split("Nice room. But the bill?! Paid 12.50 twice"),
            ["Nice room.", "But the bill?!", "Paid 12.50 twice"]
        );
        assert_eq!(split("房间不错。但是很吵！"), ["房间不错。", "但是很吵！"]);
        assert_eq!(split("Хорошо…  \n\nНо долго"), ["Хорошо…", "Но долго"]);
        assert!(split(" \n ").is_empty());
    }
}
