//! The texts as numbered features.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::narrow;
use crate::dataset::Row;
use crate::features::{BLOCKS, extract};
use crate::normalize::normalize;

/// What fewer texts than this hold is not learnt: it is mostly names and slips of the pen.
const FEWEST_TEXTS: u32 = 3;

/// Features of all texts, one after the other, grouped by block.
///
/// What too few texts hold is left out, and the rest is numbered by how many texts hold it, the most common first:
/// the weights that are asked for most lie side by side in memory.
pub(super) struct Corpus {
    features: Vec<u32>,
    /// Where each block of each text ends in `features`.
    ends: Vec<[usize; BLOCKS]>,
    /// Features of each block of each text, those left out counted.
    counts: Vec<[u32; BLOCKS]>,
    /// The feature of each number.
    pub(super) names: Vec<u32>,
    /// The square root of the logarithm of how many texts there are for each that holds the feature, relative to
    /// the rarest.
    pub(super) idf: Vec<f32>,
}

impl Corpus {
    pub(super) fn read(rows: &[Row]) -> Corpus {
        let mut features = Vec::new();
        let mut ends = Vec::with_capacity(rows.len());
        let mut glyphs = Vec::new();
        let mut blocks: [Vec<u32>; BLOCKS] = Default::default();
        for row in rows {
            normalize(&row.text, &mut glyphs);
            extract(&glyphs, |block, feature| blocks[block].push(feature));
            ends.push(std::array::from_fn(|block| {
                features.append(&mut blocks[block]);
                features.len()
            }));
        }
        let mut known = texts_with_features(&features, &ends);
        known.retain(|&(_, count)| count >= FEWEST_TEXTS);
        known.sort_unstable_by_key(|&(feature, count)| (Reverse(count), feature));
        let texts = rows.len() as f64;
        let rarity = |&(_, count): &(u32, u32)| {
            narrow((1.0 - libm::log(1.0 + f64::from(count)) / libm::log(1.0 + texts)).sqrt())
        };
        let idf = known.iter().map(rarity).collect();
        let names = known.into_iter().map(|(feature, _)| feature).collect();
        let mut corpus = Corpus {
            features,
            ends,
            counts: Vec::with_capacity(rows.len()),
            names,
            idf,
        };
        corpus.number_features();
        corpus
    }

    /// The number of each feature.
    pub(super) fn numbers(&self) -> HashMap<u32, u32> {
        self.names.iter().copied().zip(0..).collect()
    }

    /// Puts their numbers in the place of features.
    fn number_features(&mut self) {
        let numbers = self.numbers();
        let mut kept = Vec::with_capacity(self.features.len());
        let mut start = 0;
        for ends in &mut self.ends {
            let mut counts = [0; BLOCKS];
            for (end, count) in ends.iter_mut().zip(&mut counts) {
                let block = &self.features[start..*end];
                *count = u32::try_from(block.len()).unwrap_or(u32::MAX);
                start = *end;
                kept.extend(block.iter().filter_map(|feature| numbers.get(feature)));
                *end = kept.len();
            }
            self.counts.push(counts);
        }
        self.features = kept;
    }

    pub(super) fn blocks(&self, index: usize) -> [(&[u32], u32); BLOCKS] {
        let mut start = index
            .checked_sub(1)
            .map_or(0, |before| self.ends[before][BLOCKS - 1]);
        std::array::from_fn(|block| {
            let end = self.ends[index][block];
            let features = &self.features[start..end];
            start = end;
            (features, self.counts[index][block])
        })
    }
}

/// Each feature with how many texts hold it.
fn texts_with_features(features: &[u32], ends: &[[usize; BLOCKS]]) -> Vec<(u32, u32)> {
    let mut of_texts = Vec::with_capacity(features.len());
    let mut text = Vec::new();
    let mut start = 0;
    for ends in ends {
        let end = ends[BLOCKS - 1];
        text.extend_from_slice(&features[start..end]);
        text.sort_unstable();
        text.dedup();
        of_texts.append(&mut text);
        start = end;
    }
    of_texts.sort_unstable();
    of_texts
        .chunk_by(|left, right| left == right)
        .map(|texts| (texts[0], u32::try_from(texts.len()).unwrap_or(u32::MAX)))
        .collect()
}
