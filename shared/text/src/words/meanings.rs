//! What words are like, from which likeness of texts that share none follows: stems with the directions that, summed
//! over a text, come near to what an embedding model says of it. `data/meanings.py` makes the file and says how.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Word;
use super::hash::{HashState, mix};

/// Directions in which texts differ most for the embedding model.
pub(crate) const DIRECTIONS: usize = 192;
const MAGIC: &[u8; 8] = b"ATTUNEM2";
/// Values of a direction: −2 to +2.
const VALUES: usize = 5;
/// So many directions are in a byte, as digits to the base of [`VALUES`].
const IN_A_BYTE: usize = 3;
/// Bytes of a stem's directions.
const PACKED: usize = DIRECTIONS.div_ceil(IN_A_BYTE);
/// The directions in each byte; the first is the least digit.
const UNPACKED: [[i8; IN_A_BYTE]; 256] = unpacked();

/// So many products are computed side by side.
const LANES: usize = 8;
const _: () = assert!(DIRECTIONS.is_multiple_of(LANES), "`dot` reads whole lanes");

/// The stems that are known.
pub(crate) struct Meanings {
    stems: HashMap<u64, Stem, HashState>,
}

/// What is known of a stem.
struct Stem {
    packed: &'static [u8],
    /// What a step of a direction is worth: how much the stem counts, over the length of its directions together.
    step: f32,
}

static BUILTIN: LazyLock<Meanings> = LazyLock::new(|| Meanings {
    // The file is part of the binary and a test reads it; without it no word is known.
    stems: parse(include_bytes!("../../model/meanings.bin")).unwrap_or_default(),
});

impl Meanings {
    /// The stems that are part of the binary.
    pub(crate) fn builtin() -> &'static Meanings {
        &BUILTIN
    }

    /// The direction in which words lie together, a vector of length one. `None` when none of them is known.
    pub(crate) fn of(&self, words: &[Word]) -> Option<Vec<f32>> {
        let mut sum = vec![0.0_f32; PACKED * IN_A_BYTE];
        for word in words {
            if let Some(stem) = self.stems.get(&word.stem) {
                stem.add_to(&mut sum);
            }
        }
        sum.truncate(DIRECTIONS);
        let squares: f32 = sum.iter().map(|value| value * value).sum();
        if squares == 0.0 {
            return None;
        }
        let length = squares.sqrt();
        for value in &mut sum {
            *value /= length;
        }
        Some(sum)
    }
}

impl Stem {
    fn new(counts: u8, packed: &'static [u8]) -> Stem {
        let squares = packed.iter().copied().flat_map(unpack).map(|value| value * value);
        let length = f32::from(squares.map(i16::from).sum::<i16>().max(1)).sqrt();
        Stem {
            packed,
            step: f32::from(counts) / length,
        }
    }

    /// Adds its directions to `sum`, as a vector whose length is how much the stem counts.
    fn add_to(&self, sum: &mut [f32]) {
        for (sums, &byte) in sum.chunks_exact_mut(IN_A_BYTE).zip(self.packed) {
            for (sum, digit) in sums.iter_mut().zip(unpack(byte)) {
                *sum += f32::from(digit) * self.step;
            }
        }
    }
}

fn unpack(byte: u8) -> [i8; IN_A_BYTE] {
    UNPACKED[usize::from(byte)]
}

/// The product of two vectors of [`DIRECTIONS`], zero when one is empty; in lanes, which the compiler computes side by
/// side and in the same order everywhere.
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (left, right) in left.chunks_exact(LANES).zip(right.chunks_exact(LANES)) {
        for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += left * right;
        }
    }
    sums.iter().sum()
}

fn parse(file: &'static [u8]) -> Option<HashMap<u64, Stem, HashState>> {
    let mut rest = file.strip_prefix(MAGIC)?;
    let mut stems = HashMap::default();
    while let Some((&length, after)) = rest.split_first() {
        let (stem, after) = after.split_at_checked(usize::from(length))?;
        let (&counts, after) = after.split_first()?;
        let (packed, after) = after.split_at_checked(PACKED)?;
        stems.insert(mix(stem), Stem::new(counts, packed));
        rest = after;
    }
    Some(stems)
}

const fn unpacked() -> [[i8; IN_A_BYTE]; 256] {
    let mut table = [[0; IN_A_BYTE]; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut digits = byte;
        let mut place = 0;
        while place < IN_A_BYTE {
            table[byte][place] = [-2, -1, 0, 1, 2][digits % VALUES];
            digits /= VALUES;
            place += 1;
        }
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Words;

    fn likeness(left: &str, right: &str) -> f32 {
        let meaning = |text| Meanings::builtin().of(&Words::read(text).words).unwrap();
        meaning(left).iter().zip(meaning(right)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn words_of_like_meaning_are_nearer_than_others() {
        assert!(likeness("suitcases", "luggage") > likeness("suitcases", "invoices") + 0.1);
        assert!(likeness("чемодан", "багажом") > likeness("чемодан", "тарифа") + 0.05);
    }

    #[test]
    fn all_stems_of_the_file_are_read() {
        assert_eq!(Meanings::builtin().stems.len(), 19_000);
    }

    #[test]
    fn a_text_of_unknown_words_alone_means_nothing() {
        assert_eq!(Meanings::builtin().of(&Words::read("qzxv 12 㐀").words), None);
    }
}
