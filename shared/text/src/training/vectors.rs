//! What words mean, as another model tells: words that were never seen in a labelled text are worth what words of a
//! like meaning are worth.
//!
//! A word's vector is its place among all words; the worth of each direction is learnt beside the weights of the words
//! themselves. Both are sums over the words of a text, so the model that is written holds their sum
//! for each word, and nothing else is looked up when a text is read.

use std::path::{Path, PathBuf};

use super::corpus::Corpus;
use crate::dataset::{DatasetError, read_columns};
use crate::features::feature_of_word;
use crate::normalize::normalize;

/// Numbers of a vector.
pub(super) const DIMENSIONS: usize = 16;
pub(super) type Vector = [f32; DIMENSIONS];

/// The middle of the hexadecimal digits that stand for numbers, and how many of them make one standard deviation.
const MIDDLE: f32 = 7.5;
const STEPS: f32 = 2.5;
/// The standard deviation of the numbers of a vector: a vector is about half as long as the value of a lone word.
const SPREAD: f32 = 0.2;

/// Words with their vectors (`data/README.md`).
#[derive(Debug, Clone, Default)]
pub struct WordVectors(Vec<(String, Vector)>);

/// The vectors of the features of a corpus.
pub(super) struct Meanings {
    vectors: Vec<Vector>,
    /// The vector of each feature; `u32::MAX` where it has none.
    of_feature: Vec<u32>,
    /// Words that the corpus does not hold.
    pub(super) unseen: Vec<(u32, Vector)>,
}

impl WordVectors {
    /// The vectors that are kept beside the crate's sources.
    ///
    /// # Errors
    /// When the file is missing or no table of words and vectors.
    pub fn own() -> Result<Self, DatasetError> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/word_vectors.tsv.gz");
        let rows = read_columns(&path, ["word", "vector"])?;
        rows.into_iter()
            .enumerate()
            .map(|(index, [word, digits])| match vector(&digits) {
                Some(vector) => Ok((word, vector)),
                None => Err(DatasetError::Vector {
                    path: PathBuf::from(&path),
                    line: index + 2,
                }),
            })
            .collect::<Result<_, _>>()
            .map(WordVectors)
    }

    pub(super) fn of(&self, corpus: &Corpus) -> Meanings {
        let numbers = corpus.numbers();
        let mut meanings = Meanings {
            vectors: Vec::new(),
            of_feature: vec![u32::MAX; corpus.names.len()],
            unseen: Vec::new(),
        };
        let mut glyphs = Vec::new();
        for (word, vector) in &self.0 {
            normalize(word, &mut glyphs);
            let Some(feature) = feature_of_word(&glyphs) else {
                continue;
            };
            match numbers.get(&feature) {
                Some(&number) => {
                    meanings.of_feature[number as usize] =
                        u32::try_from(meanings.vectors.len()).unwrap_or(u32::MAX);
                    meanings.vectors.push(*vector);
                }
                None => meanings.unseen.push((feature, *vector)),
            }
        }
        meanings
    }
}

impl Meanings {
    /// By the number of the feature.
    pub(super) fn of_feature(&self, feature: usize) -> Option<&Vector> {
        self.vectors.get(*self.of_feature.get(feature)? as usize)
    }
}

/// Reads a vector written as hexadecimal digits, one for each number.
fn vector(digits: &str) -> Option<Vector> {
    let mut vector = [0.0; DIMENSIONS];
    if digits.chars().count() != DIMENSIONS {
        return None;
    }
    for (number, digit) in vector.iter_mut().zip(digits.chars()) {
        *number = (digit.to_digit(16)? as f32 - MIDDLE) / STEPS * SPREAD;
    }
    Some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_read_from_its_digits() {
        let read = vector("0123456789abcdef").unwrap();
        assert!((read[0] + 0.6).abs() < 1e-6 && (read[15] - 0.6).abs() < 1e-6);
        assert!(read.is_sorted());
        assert_eq!(vector("0123456789abcde"), None);
        assert_eq!(vector("0123456789abcdeg"), None);
    }

    #[test]
    fn every_word_that_ships_is_a_feature() {
        let words = WordVectors::own().unwrap();
        assert!(words.0.len() > 200_000);
        let mut glyphs = Vec::new();
        let without = words.0.iter().filter(|(word, _)| {
            normalize(word, &mut glyphs);
            feature_of_word(&glyphs).is_none()
        });
        assert_eq!(without.count(), 0);
    }
}
