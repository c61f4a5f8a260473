//! Hashed n-grams of a normalised text: 32 bits tell them apart but for one in thousands.

use std::ops::Range;

use crate::normalize::{Class, Glyph};

/// Kinds of features; each is scaled by the square root of its own count.
pub(crate) const BLOCKS: usize = 5;

/// How heavy each kind weighs: inside words much is said several times over.
pub(crate) const BLOCK_FACTORS: [f64; BLOCKS] = [1.0, 0.5, 1.0, 1.0, 1.0];

const WORDS: usize = 0;
const CHARACTERS: usize = 1;
const IDEOGRAPHS: usize = 2;
const SYMBOLS: usize = 3;
const NEGATED_IDEOGRAPHS: usize = 4;
/// Not one of the sentiment model's.
const WINDOWS: usize = BLOCKS;

/// Character n-grams inside words have this many characters, the word's edges counted.
const SHORTEST_GRAM: usize = 3;
const LONGEST_GRAM: usize = 5;
/// Han and kana n-grams have one to this many characters.
const LONGEST_IDEOGRAPH_GRAM: usize = 4;
/// After a negation they have one to this many.
const LONGEST_NEGATED_GRAM: usize = 2;
/// Windows have one to this many glyphs.
const LONGEST_WINDOW: usize = 3;
/// Words longer than this are read by their beginning only.
const LONGEST_WORD: usize = 64;

/// So many words after a negation are read as negated, up to the next sign.
const NEGATION_REACH: usize = 3;
/// The same of Han characters and kana.
const IDEOGRAPH_NEGATION_REACH: usize = 10;
const IDEOGRAPH_NEGATIONS: [char; 6] = ['不', '没', '无', '未', '别', '非'];
/// Words that turn the next ones round; English contractions end in n't.
const NEGATIONS: [&str; 12] = [
    "not", "no", "never", "nor", "neither", "without", "nothing", "nobody", "cannot", "не", "нет", "без",
];

/// Multiplier of the 64-bit multiplicative hash: 2⁶⁴ divided by the golden ratio, made odd.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Calls `visit(block, feature)` for every feature of the text, in order.
#[inline]
pub(crate) fn extract(glyphs: &[Glyph], mut visit: impl FnMut(usize, u32)) {
    extract_placed(glyphs, |block, feature, _| visit(block, feature));
}

/// The same, with the glyphs that each feature was read from.
#[inline]
pub(crate) fn extract_placed(glyphs: &[Glyph], mut visit: impl FnMut(usize, u32, Range<usize>)) {
    let mut previous_word = step(0, START);
    let mut previous_start = None;
    let mut negated = 0_usize;
    let mut ideographs = false;
    let mut at = 0;
    while let Some(first) = glyphs.get(at) {
        let length = glyphs[at..]
            .iter()
            .take_while(|glyph| glyph.class == first.class)
            .count();
        let run = &glyphs[at..at + length];
        match first.class {
            Class::Space => {}
            Class::Word => {
                let word = hash_run(seed(WORDS), run);
                let here = at..at + length;
                visit(WORDS, feature(word), here.clone());
                let pair = feature(step(previous_word, BETWEEN) ^ word.rotate_left(17));
                visit(WORDS, pair, previous_start.unwrap_or(at)..here.end);
                previous_word = word;
                previous_start = Some(at);
                if negated > 0 {
                    visit(WORDS, feature(step(word, NEGATED)), here.clone());
                }
                negated = if is_negation(run) {
                    NEGATION_REACH
                } else {
                    negated.saturating_sub(1)
                };
                character_grams(run, &mut |block, feature| visit(block, feature, here.clone()));
            }
            Class::Ideograph => {
                ideographs = true;
                ideograph_grams(run, &mut |block, feature, gram: Range<usize>| {
                    visit(block, feature, at + gram.start..at + gram.end);
                });
            }
            Class::Symbol => {
                negated = 0;
                symbol_grams(run, &mut |block, feature| visit(block, feature, at..at + length));
            }
        }
        at += length;
    }
    if ideographs {
        mixed_windows(glyphs, &mut visit);
    }
}

const START: u32 = 0x11_0001;
const BETWEEN: u32 = 0x11_0002;
const EDGE: u32 = 0x11_0003;
const NEGATED: u32 = 0x11_0004;

/// The feature of a word, or of Han characters or kana that stand together, when it is all there is.
pub(crate) fn feature_of_word(glyphs: &[Glyph]) -> Option<u32> {
    if !glyphs.iter().all(|glyph| glyph.class == glyphs[0].class) {
        return None;
    }
    let mut found = None;
    extract_placed(glyphs, |block, feature, place| {
        // A word comes before its pair with what is before it.
        if found.is_none() && [WORDS, IDEOGRAPHS].contains(&block) && place == (0..glyphs.len()) {
            found = Some(feature);
        }
    });
    found
}

fn is_negation(word: &[Glyph]) -> bool {
    let reads = |word: &[Glyph], text: &str| word.iter().map(|glyph| glyph.character).eq(text.chars());
    (2..=7).contains(&word.len()) && NEGATIONS.iter().any(|negation| reads(word, negation))
        || word.len() > 3 && reads(&word[word.len() - 3..], "n't")
}

fn character_grams(word: &[Glyph], visit: &mut impl FnMut(usize, u32)) {
    let word = &word[..word.len().min(LONGEST_WORD)];
    let edged = word.len() + 2;
    let at = |position: usize| match position.checked_sub(1).and_then(|index| word.get(index)) {
        Some(glyph) => u32::from(glyph.character),
        None => EDGE,
    };
    for start in 0..edged.saturating_sub(SHORTEST_GRAM - 1) {
        let mut hash = seed(CHARACTERS);
        for offset in 0..LONGEST_GRAM.min(edged - start) {
            hash = step(hash, at(start + offset));
            if offset + 1 >= SHORTEST_GRAM {
                visit(CHARACTERS, feature(hash));
            }
        }
    }
}

/// N-grams, two glyphs that stand around another one, and what follows a negation.
fn ideograph_grams(run: &[Glyph], visit: &mut impl FnMut(usize, u32, Range<usize>)) {
    let mut negated = 0_usize;
    for start in 0..run.len() {
        let mut grams = |block: usize, longest: usize| {
            let mut hash = seed(block);
            for (end, glyph) in (start + 1..).zip(run[start..].iter().take(longest)) {
                hash = step(hash, u32::from(glyph.character));
                visit(block, feature(hash), start..end);
            }
        };
        grams(IDEOGRAPHS, LONGEST_IDEOGRAPH_GRAM);
        if IDEOGRAPH_NEGATIONS.contains(&run[start].character) {
            negated = IDEOGRAPH_NEGATION_REACH;
        } else if negated > 0 {
            negated -= 1;
            grams(NEGATED_IDEOGRAPHS, LONGEST_NEGATED_GRAM);
        }
        if let [left, _, right, ..] = run[start..] {
            let around = step(step(seed(IDEOGRAPHS), BETWEEN), u32::from(left.character));
            let around = step(around, u32::from(right.character));
            visit(IDEOGRAPHS, feature(around), start..start + 3);
        }
    }
}

/// Windows in which Han characters or kana meet other glyphs.
fn mixed_windows(glyphs: &[Glyph], visit: &mut impl FnMut(usize, u32, Range<usize>)) {
    for start in 0..glyphs.len() {
        let window = &glyphs[start..glyphs.len().min(start + LONGEST_WINDOW)];
        let same = window
            .iter()
            .take_while(|glyph| is_ideograph(**glyph) == is_ideograph(window[0]));
        let (mut hash, same) = (seed(WINDOWS), same.count());
        if same == window.len() {
            continue;
        }
        for (end, glyph) in (start + 1..).zip(window) {
            hash = step(hash, u32::from(glyph.character));
            if end - start > same {
                visit(IDEOGRAPHS, feature(hash), start..end);
            }
        }
    }
}

/// Calls `visit(feature)` for every window of up to three glyphs, whatever they are, with Han characters or kana among
/// them: in short texts signs and words between them tell too.
pub(crate) fn extract_windows(glyphs: &[Glyph], mut visit: impl FnMut(u32)) {
    for start in 0..glyphs.len() {
        let mut hash = seed(WINDOWS);
        let mut ideographs = false;
        for glyph in glyphs[start..].iter().take(LONGEST_WINDOW) {
            hash = step(hash, u32::from(glyph.character));
            ideographs |= is_ideograph(*glyph);
            if ideographs {
                visit(feature(hash));
            }
        }
    }
}

fn is_ideograph(glyph: Glyph) -> bool {
    glyph.class == Class::Ideograph
}

fn symbol_grams(run: &[Glyph], visit: &mut impl FnMut(usize, u32)) {
    visit(
        SYMBOLS,
        feature(hash_run(
            step(seed(SYMBOLS), EDGE),
            &run[..run.len().min(LONGEST_WORD)],
        )),
    );
    let mut previous = None;
    for glyph in run {
        if previous != Some(glyph.character) {
            visit(SYMBOLS, feature(step(seed(SYMBOLS), u32::from(glyph.character))));
        }
        previous = Some(glyph.character);
    }
}

fn hash_run(seed: u64, run: &[Glyph]) -> u64 {
    run.iter()
        .fold(seed, |hash, glyph| step(hash, u32::from(glyph.character)))
}

const fn seed(block: usize) -> u64 {
    (block as u64 + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

const fn step(hash: u64, value: u32) -> u64 {
    (hash.rotate_left(5) ^ value as u64).wrapping_mul(MULTIPLIER)
}

/// A feature of a hash.
pub(crate) const fn feature(hash: u64) -> u32 {
    // The high bits of a product depend on all bits of its factors.
    ((hash ^ (hash >> 29)).wrapping_mul(MULTIPLIER) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::normalize;

    fn features(text: &str) -> Vec<(usize, u32)> {
        let mut glyphs = Vec::new();
        normalize(text, &mut glyphs);
        let mut found = Vec::new();
        extract(&glyphs, |block, feature| found.push((block, feature)));
        found
    }

    #[test]
    fn counts_follow_the_length_of_words_and_runs() {
        // "good": word, pair with the start, and of "<good>" four 3-grams, three 4-grams, two 5-grams.
        assert_eq!(features("good").len(), 2 + 4 + 3 + 2);
        // Four characters: 4 + 3 + 2 + 1 n-grams, and two pairs around another one.
        assert_eq!(features("服务很差").len(), 10 + 2);
        // The two characters after the negation are read as negated too, each and together.
        assert_eq!(features("不很差").len(), features("服很差").len() + 3);
        // With the sign: 差！, 很差！ and the sign itself, twice.
        assert_eq!(features("很差！").len(), features("很差").len() + 4);
        assert_eq!(features("!!").len(), 2);
        // The second word is read as negated too.
        assert_eq!(features("не ок").len(), features("но ок").len() + 1);
        assert!(features(" ").is_empty());
    }

    #[test]
    fn windows_reach_over_signs_and_words_to_han_characters() {
        let windows = |text: &str| {
            let (mut glyphs, mut found) = (Vec::new(), Vec::new());
            normalize(text, &mut glyphs);
            extract_windows(&glyphs, |window| found.push(window));
            found
        };
        assert_eq!(windows("not one").len(), 0);
        // 很 很！ 很！a and ！很 of "！很！a" and 很 itself, not ！ alone.
        assert_eq!(windows("！很！a").len(), 5);
        assert_ne!(windows("很！"), windows("很。"));
    }

    #[test]
    fn features_of_different_words_differ() {
        assert_ne!(features("good")[0], features("bad")[0]);
    }

    #[test]
    fn a_word_alone_is_the_feature_that_it_is_in_a_text() {
        for (word, text) in [
            ("good", "so good!"),
            ("плохо", "очень плохо"),
            ("很差", "服务很差"),
        ] {
            let mut glyphs = Vec::new();
            normalize(word, &mut glyphs);
            let feature = feature_of_word(&glyphs).unwrap();
            assert!(
                features(text).iter().any(|&(_, found)| found == feature),
                "{word}"
            );
        }
        let mut glyphs = Vec::new();
        normalize("two words", &mut glyphs);
        assert_eq!(feature_of_word(&glyphs), None);
    }
}
