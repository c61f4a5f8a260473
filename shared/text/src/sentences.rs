//! Where the sentences of a text stand.

use std::ops::Range;

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
