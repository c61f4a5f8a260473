//! A text as clustering sees it: weighted, hashed features of unit length.

use super::context::{Contexts, DIRECTIONS, Direction, product};
use crate::words::{Role, Word, Words, mix};

/// Number of feature buckets; two features that share one are rare among the few hundred that matter.
pub(super) const DIMENSIONS: usize = 1 << 16;
/// Only so many words of a text are read: what it is about is said by then.
const MOST_WORDS: usize = 120;
/// How heavy a stop word weighs against a word of content: "not my card" is not "my card".
const STOP: f32 = 0.35;
/// The same for what the text is about by the company its words keep.
const STOP_MEANING: f32 = 0.5;
/// How heavy two words side by side weigh against one.
const PAIR: f32 = 0.5;
/// So much of the likeness of two texts is by the company that their words keep, the rest by the words themselves.
const MEANING: f32 = 0.3;

/// Features of a text before it is known how common they are: bucket and weight, in order of the bucket.
pub(super) type Features = Vec<(u16, f32)>;

/// What is read of a text: its features, and its words for their meaning.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub(super) features: Features,
    /// Its stems with the bucket that says how common they are, and how heavy they weigh.
    stems: Vec<(u64, u16, f32)>,
}

/// A text of length one, or a sum of such texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vector {
    pub(super) features: Features,
    /// By the company that its stems keep.
    pub(super) meaning: Direction,
}

impl Vector {
    pub(super) const NOTHING: Vector = Vector {
        features: Vec::new(),
        meaning: [0.0; DIRECTIONS],
    };

    /// The inner product.
    pub(super) fn product(&self, other: &Vector) -> f32 {
        let mut total = product(&self.meaning, &other.meaning);
        let mut others = other.features.iter().peekable();
        for &(bucket, weight) in &self.features {
            while others.next_if(|other| other.0 < bucket).is_some() {}
            if let Some(&(_, other)) = others.next_if(|other| other.0 == bucket) {
                total += weight * other;
            }
        }
        total
    }
}

/// What clustering reads of a text.
pub(super) fn read(words: &Words) -> Reading {
    let mut found: Features = Vec::new();
    let mut stems = Vec::new();
    let mut previous: Option<&Word> = None;
    for word in words.words.iter().take(MOST_WORDS) {
        let weight = match word.role {
            Role::Content => 1.0,
            Role::Stop => STOP,
            Role::Number => 0.0,
        };
        if weight > 0.0 {
            let own = bucket(word.stem, 1);
            let meant = if word.role == Role::Content {
                1.0
            } else {
                STOP_MEANING
            };
            stems.push((word.stem, own, meant));
            found.push((own, weight));
            if let Some(previous) = previous {
                let pair = previous.stem.rotate_left(29) ^ word.stem;
                found.push((bucket(pair, 2), PAIR * weight));
            }
        }
        previous = Some(word);
    }
    add_up(&mut found);
    Reading {
        features: found,
        stems,
    }
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

/// How many texts held each feature, and the company that stems keep.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Occurrence {
    pub(super) texts: u64,
    pub(super) counts: Vec<u32>,
    pub(super) contexts: Contexts,
}

/// Before so many texts were seen every feature counts as about equally rare.
const PRIOR_TEXTS: f32 = 20.0;

impl Occurrence {
    pub(super) fn new() -> Occurrence {
        Occurrence {
            texts: 0,
            counts: vec![0; DIMENSIONS],
            contexts: Contexts::new(),
        }
    }

    pub(super) fn add(&mut self, reading: &Reading) {
        self.contexts.add(&self.weigh_stems(reading));
        self.texts += 1;
        for &(bucket, _) in &reading.features {
            let count = &mut self.counts[usize::from(bucket)];
            *count = count.saturating_add(1);
        }
    }

    /// How rare a feature is: the logarithm of texts for each that holds it.
    fn rarity(&self, bucket: u16) -> f32 {
        let holding = self.counts[usize::from(bucket)] as f32 + 1.0;
        libm::logf(1.0 + (self.texts as f32 + PRIOR_TEXTS) / holding)
    }

    /// The text with its features weighted by how rare they are, of length one.
    pub(super) fn weigh(&self, reading: &Reading) -> Vector {
        let meaning = self.contexts.meaning(&self.weigh_stems(reading));
        let share = if meaning.is_some() { MEANING } else { 0.0 };
        let mut features: Features = reading
            .features
            .iter()
            .map(|&(bucket, weight)| (bucket, weight.sqrt() * self.rarity(bucket)))
            .collect();
        let squares: f32 = features.iter().map(|(_, weight)| weight * weight).sum();
        let factor = ((1.0 - share) / squares.max(f32::MIN_POSITIVE)).sqrt();
        for (_, weight) in &mut features {
            *weight *= factor;
        }
        Vector {
            features,
            meaning: meaning
                .unwrap_or([0.0; DIRECTIONS])
                .map(|number| number * share.sqrt()),
        }
    }

    fn weigh_stems(&self, reading: &Reading) -> Vec<(u64, f32)> {
        let weigh = |&(stem, bucket, weight): &(u64, u16, f32)| (stem, weight * self.rarity(bucket));
        reading.stems.iter().map(weigh).collect()
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
