//! A text as clustering sees it: weighted, hashed features of unit length.

use crate::words::{Role, Word, Words, mix};

/// Number of feature buckets; two features that share one are rare among the few hundred that matter.
pub(super) const DIMENSIONS: usize = 1 << 16;
/// Only so many words of a text are read: what it is about is said by then.
const MOST_WORDS: usize = 120;
/// How heavy two words side by side weigh against one.
const PAIR: f32 = 0.5;
/// How heavy the beginning of a word weighs: it holds forms and compounds together that no stemmer joins.
const PREFIX: f32 = 0.35;
/// Letters of a beginning.
const PREFIX_LETTERS: usize = 5;

/// Features of a text before it is known how common they are: bucket and weight, in order of the bucket.
pub(super) type Features = Vec<(u16, f32)>;

/// The features of a text. `text` is what `words` were read from.
pub(super) fn features(text: &str, words: &Words) -> Features {
    let mut found: Features = Vec::new();
    let mut previous: Option<&Word> = None;
    for word in words.words.iter().take(MOST_WORDS) {
        let weight = match word.role {
            Role::Content => 1.0,
            Role::Stop => 0.35,
            Role::Number => 0.0,
        };
        if weight > 0.0 {
            found.push((bucket(word.stem, 1), weight));
            if let Some(previous) = previous {
                let pair = previous.stem.rotate_left(29) ^ word.stem;
                found.push((bucket(pair, 2), PAIR * weight));
            }
            let written = &text[word.start..word.end];
            if word.role == Role::Content && !word.ideographs && written.chars().count() > PREFIX_LETTERS {
                let prefix: String = written
                    .chars()
                    .take(PREFIX_LETTERS)
                    .flat_map(char::to_lowercase)
                    .collect();
                found.push((bucket(mix(prefix.as_bytes()), 3), PREFIX));
            }
        }
        previous = Some(word);
    }
    add_up(&mut found);
    found
}

/// Brings features into the order of the bucket and adds up those of one bucket.
pub(super) fn add_up(features: &mut Features) {
    features.sort_by_key(|&(bucket, _)| bucket);
    features.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}

fn bucket(stem: u64, kind: u64) -> u16 {
    ((stem ^ kind.wrapping_mul(0xD6E8_FEB8_6659_FD93)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as u16
}

/// How many texts held each feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) texts: u64,
    pub(super) counts: Vec<u32>,
}

/// Before so many texts were seen every feature counts as about equally rare.
const PRIOR_TEXTS: f32 = 20.0;

impl Occurrence {
    pub(super) fn new() -> Occurrence {
        Occurrence {
            texts: 0,
            counts: vec![0; DIMENSIONS],
        }
    }

    pub(super) fn add(&mut self, features: &Features) {
        self.texts += 1;
        for &(bucket, _) in features {
            let count = &mut self.counts[usize::from(bucket)];
            *count = count.saturating_add(1);
        }
    }

    /// The features weighted by how rare they are, of unit length; empty when nothing weighs.
    pub(super) fn weigh(&self, features: &Features) -> Features {
        let texts = self.texts as f32 + PRIOR_TEXTS;
        let mut weighted: Features = features
            .iter()
            .map(|&(bucket, weight)| {
                let holding = self.counts[usize::from(bucket)] as f32 + 1.0;
                (bucket, weight.sqrt() * libm::logf(1.0 + texts / holding))
            })
            .collect();
        let length = weighted
            .iter()
            .map(|(_, weight)| weight * weight)
            .sum::<f32>()
            .sqrt();
        if length > 0.0 {
            for (_, weight) in &mut weighted {
                *weight /= length;
            }
        }
        weighted
    }
}

/// A fingerprint under which texts that differ in a word or two are near each other (Charikar 2002): the words
/// without numbers, so that templates fall together.
pub(super) fn fingerprint(words: &Words) -> u64 {
    let mut sums = [0_i32; 64];
    let mut previous = 0_u64;
    let forwarded = mix(b"rt");
    let counts = |word: &&Word| word.role != Role::Number && word.stem != forwarded;
    for word in words.words.iter().take(MOST_WORDS).filter(counts) {
        for hash in [word.stem, previous.rotate_left(29) ^ word.stem] {
            let spread = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            for (bit, sum) in sums.iter_mut().enumerate() {
                *sum += if (spread >> bit) & 1 == 1 { 1 } else { -1 };
            }
        }
        previous = word.stem;
    }
    sums.iter()
        .enumerate()
        .fold(0, |print, (bit, &sum)| print | (u64::from(sum > 0) << bit))
}
