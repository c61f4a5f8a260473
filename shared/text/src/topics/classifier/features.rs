//! A text as the classifier sees it: its n-grams, and what its words mean together.

use std::collections::{BTreeMap, HashMap};

use crate::features::{BLOCKS, extract, extract_windows, feature};
use crate::normalize::normalize;
use crate::words::{Meanings, Word, Words};

/// Kinds of n-grams: those of every text, then windows over Chinese and Chinese words.
const KINDS: usize = BLOCKS + 2;
const WINDOWS: usize = BLOCKS;
const CHINESE_WORDS: usize = BLOCKS + 1;
/// How heavy each kind weighs: inside words much is said several times over, and windows tell what runs of Han
/// characters do and more. What follows a Chinese negation speaks of the same topic as without it.
const KIND_FACTORS: [f32; KINDS] = [1.0, 0.7, 0.0, 1.0, 0.0, 1.0, 0.6];
/// How heavy the meaning of a text weighs beside its n-grams; of a Chinese one, whose n-grams are words themselves.
const MEANING: f32 = 0.8;
const CHINESE_MEANING: f32 = 0.5;
/// From so many texts on, an n-gram that a single one holds is left out, and meanings are: they teach little there
/// and cost most.
const MANY_TEXTS: usize = 20_000;

/// Which n-grams the examples hold, and how rare they are.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The row of each n-gram.
    rows: HashMap<u32, u32>,
    /// Inverse document frequency of each row.
    idf: Vec<f32>,
    reads_meanings: bool,
}

/// A text as the classifier sees it.
#[derive(Debug, Default)]
pub(in crate::topics) struct Features {
    /// Rows with their values, of length one in all.
    pub(super) grams: Vec<(u32, f32)>,
    /// What its words mean, as long as it weighs; empty when they are not known.
    pub(super) meaning: Vec<f32>,
    /// The square of the length of both together.
    pub(super) square: f32,
}

impl Vocabulary {
    /// What the texts hold.
    pub(super) fn of<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> Vocabulary {
        let total = texts.len();
        let mut texts_with: BTreeMap<u32, usize> = BTreeMap::new();
        for text in texts {
            let mut grams: Vec<u32> = Reading::of(text).grams.into_iter().flatten().collect();
            grams.sort_unstable();
            grams.dedup();
            for gram in grams {
                *texts_with.entry(gram).or_default() += 1;
            }
        }
        if total >= MANY_TEXTS {
            texts_with.retain(|_, count| *count > 1);
        }
        let counts = texts_with.values();
        Vocabulary {
            idf: counts.map(|&count| inverse_frequency(count, total)).collect(),
            rows: (0..)
                .zip(texts_with.into_keys())
                .map(|(row, gram)| (gram, row))
                .collect(),
            reads_meanings: total < MANY_TEXTS,
        }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.idf.len()
    }

    /// A text as the classifier sees it.
    pub(super) fn features(&self, text: &str) -> Features {
        let reading = Reading::of(text);
        let mut features = Features::default();
        for (mut kind, factor) in reading.grams.into_iter().zip(KIND_FACTORS) {
            kind.sort_unstable();
            for repeats in kind.chunk_by(|left, right| left == right) {
                if let Some(&row) = self.rows.get(&repeats[0]) {
                    let frequency = 1.0 + libm::logf(repeats.len() as f32);
                    features
                        .grams
                        .push((row, frequency * self.idf[row as usize] * factor));
                }
            }
        }
        let squares: f32 = features.grams.iter().map(|(_, value)| value * value).sum();
        if squares > 0.0 {
            let length = squares.sqrt();
            for (_, value) in &mut features.grams {
                *value /= length;
            }
            features.square += 1.0;
        }
        if self.reads_meanings
            && let Some(mut meaning) = Meanings::builtin().of(&reading.words)
        {
            let weight = weight_of_meaning(&reading.words);
            for value in &mut meaning {
                *value *= weight;
            }
            features.square += weight * weight;
            features.meaning = meaning;
        }
        features
    }
}

/// What stands in a text.
struct Reading {
    grams: [Vec<u32>; KINDS],
    words: Vec<Word>,
}

impl Reading {
    fn of(text: &str) -> Reading {
        let mut glyphs = Vec::new();
        normalize(text, &mut glyphs);
        let mut grams: [Vec<u32>; KINDS] = Default::default();
        extract(&glyphs, |block, gram| {
            if KIND_FACTORS[block] > 0.0 {
                grams[block].push(gram);
            }
        });
        extract_windows(&glyphs, |gram| grams[WINDOWS].push(gram));
        let words = Words::read_without(text, &[]).words;
        let chinese = words.iter().filter(|word| word.ideographs);
        grams[CHINESE_WORDS].extend(chinese.map(|word| feature(word.stem)));
        Reading { grams, words }
    }
}

fn weight_of_meaning(words: &[Word]) -> f32 {
    let chinese = words.iter().filter(|word| word.ideographs).count();
    if 2 * chinese > words.len() {
        CHINESE_MEANING
    } else {
        MEANING
    }
}

/// At least one, for what every text holds (smoothed idf; Salton and Buckley, 1988).
fn inverse_frequency(count: usize, total: usize) -> f32 {
    super::narrow(libm::log((1.0 + total as f64) / (1.0 + count as f64)) + 1.0)
}
