//! How common the words of a language are, so that one text alone shows which of its words matter.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::hash::{HashState, mix, spread};
use super::{Role, Words};
use crate::dataset::{Licence, Row};

const MAGIC: &[u8; 8] = b"ATTUNE\0F";
const BUCKET_BITS: u32 = 18;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// Steps of a stored rarity for each unit of the natural logarithm.
const STEPS: f32 = 20.0;
/// What is stored for a word that too few texts held.
const UNSEEN: u8 = u8::MAX;
/// Rarity of an unseen word: about once in ten thousand texts.
const RAREST: f32 = 9.5;
/// A word of fewer texts is not kept: it would fill the table and say little.
const FEWEST_TEXTS: u32 = 3;

pub(super) const ENGLISH: u64 = 1;
pub(super) const RUSSIAN: u64 = 2;
pub(super) const CHINESE: u64 = 3;

/// The number of the language that a BCP 47 tag names.
pub(super) fn table(tag: &str) -> u64 {
    match tag {
        "en" => ENGLISH,
        "ru" => RUSSIAN,
        "zh-Hans" | "zh-Hant" | "zh" => CHINESE,
        _ => mix(tag.as_bytes()),
    }
}

/// For each word of a language the share of texts that hold it, in two hashed tables laid over each other: of two
/// buckets the rarer one counts, so that a word is taken for a common one only when both are shared.
pub(crate) struct Frequencies {
    rarities: &'static [u8],
}

static BUILTIN: LazyLock<Frequencies> = LazyLock::new(|| Frequencies {
    // The file is part of the binary and a test reads it; without it every word counts as rare.
    rarities: include_bytes!("../../model/frequencies.bin")
        .strip_prefix(MAGIC)
        .filter(|rarities| rarities.len() == BUCKETS)
        .unwrap_or_default(),
});

impl Frequencies {
    /// The table that is part of the binary.
    pub(crate) fn builtin() -> &'static Frequencies {
        &BUILTIN
    }

    /// The natural logarithm of texts for each text that holds the word, from 0 up.
    pub(super) fn rarity(&self, table: u64, stem: u64) -> f32 {
        let stored = buckets(table, stem)
            .into_iter()
            .map(|bucket| self.rarities.get(bucket).copied().unwrap_or(UNSEEN))
            .max();
        match stored {
            None | Some(UNSEEN) => RAREST,
            Some(steps) => (f32::from(steps) / STEPS).min(RAREST),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "takes bits from both ends of a hash"
)]
fn buckets(table: u64, stem: u64) -> [usize; 2] {
    let hash = spread(stem ^ table.wrapping_mul(0xA076_1D64_78BD_642F));
    [hash as usize % BUCKETS, (hash >> (64 - BUCKET_BITS)) as usize]
}

/// Counts how common words are in texts and returns the file that becomes part of the binary. Texts under a
/// non-commercial licence are left out.
pub fn learn_frequencies(rows: &[Row]) -> Vec<u8> {
    let mut texts: HashMap<u64, u32, HashState> = HashMap::default();
    let mut holding: HashMap<(u64, u64), u32, HashState> = HashMap::default();
    for row in rows {
        if Licence::of(&row.set) == Licence::NonCommercial {
            continue;
        }
        let read = Words::read(&row.text);
        let table = table(read.language.map_or("en", crate::Language::as_str));
        let mut stems: Vec<u64> = read
            .words
            .iter()
            .filter(|word| word.role != Role::Number)
            .map(|word| word.stem)
            .collect();
        stems.sort_unstable();
        stems.dedup();
        *texts.entry(table).or_default() += 1;
        for stem in stems {
            *holding.entry((table, stem)).or_default() += 1;
        }
    }
    let mut rarities = vec![UNSEEN; BUCKETS];
    for ((table, stem), count) in holding {
        if count < FEWEST_TEXTS {
            continue;
        }
        let all = texts.get(&table).copied().unwrap_or_default();
        let stored = quantize(libm::logf(all as f32 / count as f32));
        for bucket in buckets(table, stem) {
            rarities[bucket] = rarities[bucket].min(stored);
        }
    }
    [MAGIC.as_slice(), &rarities].concat()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a byte before"
)]
fn quantize(rarity: f32) -> u8 {
    (rarity * STEPS).round().clamp(0.0, f32::from(UNSEEN - 1)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_are_less_rare_than_telling_ones() {
        let rarity = |tag: &str, stem: &str| Frequencies::builtin().rarity(table(tag), mix(stem.as_bytes()));
        assert!(rarity("en", "the") < 2.0);
        assert!(rarity("en", "luggag") > 5.0);
        assert!(rarity("ru", "и") < 2.0);
        assert!(rarity("zh-Hans", "的") < 2.0);
        assert!(rarity("zh-Hans", "航班") > 5.0);
    }
}
