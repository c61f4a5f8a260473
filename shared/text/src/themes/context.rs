//! The company that stems keep: stems that stand in texts about one matter point the same way, though no text holds
//! them both.
//!
//! Random indexing (Kanerva, Kristoferson and Holst, 2000): each stem has a random direction, and the context of a stem
//! is the sum of the directions of the stems beside it. It takes one pass and memory that does not grow.

use std::collections::BTreeMap;

use crate::words::mix;

/// Numbers of a direction; a stem's own direction is the bits of its hash.
pub(super) const DIRECTIONS: usize = 64;
/// Places for the contexts of stems; two stems that share one are rare among those that matter.
pub(super) const PLACES: u16 = 1 << 14;
/// What a text of length one adds to a context, in whole steps: sums of whole numbers are the same in any order and
/// after saving.
const STEPS: f32 = 64.0;
/// The same for the sum of all meanings.
const SUM_STEPS: f32 = 1024.0;
/// A stem seen in so many texts counts half of what it will count when it is well known.
const HALF_KNOWN: f32 = 6.0;

/// A direction, or a sum of directions.
pub(super) type Direction = [f32; DIRECTIONS];

/// What is known of the stems that share a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Context {
    /// Texts that held them.
    pub(super) texts: u32,
    pub(super) sums: [i32; DIRECTIONS],
}

impl Context {
    pub(super) const UNKNOWN: Context = Context {
        texts: 0,
        sums: [0; DIRECTIONS],
    };
}

/// The contexts of all stems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contexts {
    /// By place; at most [`PLACES`].
    pub(super) places: BTreeMap<u16, Context>,
    /// The sum of the meanings of all texts: what they have in common tells none from another.
    pub(super) sums: [i64; DIRECTIONS],
    /// How many texts that are.
    pub(super) texts: u64,
}

impl Contexts {
    pub(super) fn new() -> Contexts {
        Contexts {
            places: BTreeMap::new(),
            sums: [0; DIRECTIONS],
            texts: 0,
        }
    }

    /// Learns from a text, given as stems with their weights.
    pub(super) fn add(&mut self, stems: &[(u64, f32)]) {
        let mut total = [0.0; DIRECTIONS];
        for &(stem, weight) in stems {
            turn(&mut total, stem, weight);
        }
        let length = product(&total, &total).sqrt();
        if length == 0.0 {
            return;
        }
        for &(stem, weight) in stems {
            let mut others = total;
            turn(&mut others, stem, -weight);
            let context = self.places.entry(place(stem)).or_insert(Context::UNKNOWN);
            context.texts = context.texts.saturating_add(1);
            for (sum, other) in context.sums.iter_mut().zip(others) {
                *sum = sum.saturating_add(steps(other / length)).max(-i32::MAX);
            }
        }
        if let Some(meaning) = self.company(stems) {
            for (sum, number) in self.sums.iter_mut().zip(meaning) {
                *sum = sum.saturating_add(sum_steps(number));
            }
            self.texts = self.texts.saturating_add(1);
        }
    }

    /// What a text is about by the company that its stems keep elsewhere, of length one; `None` when nothing is known
    /// of them.
    pub(super) fn meaning(&self, stems: &[(u64, f32)]) -> Option<Direction> {
        let mut meaning = self.company(stems)?;
        let texts = SUM_STEPS * (self.texts as f32 + 1.0);
        for (number, &sum) in meaning.iter_mut().zip(&self.sums) {
            *number -= sum as f32 / texts;
        }
        unit(meaning)
    }

    /// The same with what all texts have in common.
    fn company(&self, stems: &[(u64, f32)]) -> Option<Direction> {
        let mut meaning = [0.0; DIRECTIONS];
        for &(stem, weight) in stems {
            let Some(context) = self.places.get(&place(stem)) else {
                continue;
            };
            let sums = context.sums.map(|sum| sum as f32);
            let length = product(&sums, &sums).sqrt();
            if length > 0.0 {
                let texts = context.texts as f32;
                let factor = weight / length * texts / (texts + HALF_KNOWN);
                for (number, sum) in meaning.iter_mut().zip(sums) {
                    *number += factor * sum;
                }
            }
        }
        unit(meaning)
    }
}

/// Adds a stem's own direction, times a weight.
fn turn(direction: &mut Direction, stem: u64, weight: f32) {
    let bits = mix(&stem.to_le_bytes());
    for (bit, number) in direction.iter_mut().enumerate() {
        *number += if (bits >> bit) & 1 == 1 { weight } else { -weight };
    }
}

/// The place of a stem: the highest fourteen bits of its hash.
fn place(stem: u64) -> u16 {
    (stem >> 50) as u16
}

fn unit(direction: Direction) -> Option<Direction> {
    let length = product(&direction, &direction).sqrt();
    (length > 0.0).then(|| direction.map(|number| number / length))
}

#[expect(clippy::cast_possible_truncation, reason = "a few times the steps at most")]
fn steps(number: f32) -> i32 {
    (number * STEPS).round() as i32
}

#[expect(clippy::cast_possible_truncation, reason = "at most the steps")]
fn sum_steps(number: f32) -> i64 {
    (number * SUM_STEPS).round() as i64
}

/// The inner product, summed in eight strands that a processor keeps side by side; always in the same order.
pub(super) fn product(left: &Direction, right: &Direction) -> f32 {
    let mut strands = [0.0_f32; 8];
    for (left, right) in left.as_chunks::<8>().0.iter().zip(right.as_chunks::<8>().0) {
        for ((strand, left), right) in strands.iter_mut().zip(left).zip(right) {
            *strand += left * right;
        }
    }
    strands.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_that_never_meet_are_near_when_they_keep_the_same_company() {
        let mut contexts = Contexts::new();
        let [luggage, baggage, coffee] = ["luggage", "baggage", "coffee"].map(|word| mix(word.as_bytes()));
        let around = |words: &[&str]| -> Vec<u64> { words.iter().map(|word| mix(word.as_bytes())).collect() };
        let (airport, kitchen) = (
            around(&["lost", "airport", "belt"]),
            around(&["hot", "cup", "milk"]),
        );
        for round in 0..30 {
            for (stem, company) in [(luggage, &airport), (baggage, &airport), (coffee, &kitchen)] {
                let beside = company[round % company.len()];
                contexts.add(&[(stem, 1.0), (beside, 1.0)]);
            }
        }
        let meaning = |stem| contexts.meaning(&[(stem, 1.0)]).unwrap();
        let near = product(&meaning(luggage), &meaning(baggage));
        let far = product(&meaning(luggage), &meaning(coffee));
        assert!(near > 0.9 && far < 0.3, "{near} {far}");
        assert_eq!(Contexts::new().meaning(&[(luggage, 1.0)]), None);
    }
}
