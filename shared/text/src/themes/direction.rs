//! What the texts of a cluster mean together.

use crate::bytes::{Reader, Writer};
use crate::words::{DIRECTIONS, dot};

/// Steps of one, in which a text's direction is counted: sums of whole numbers are the same in whatever order.
const STEPS: f32 = 256.0;
/// The most that what words mean counts against which words they are.
const WEIGHT: f32 = 0.8;
/// How near two texts of one stream lie that have nothing else in common.
const UNRELATED: f32 = 0.28;

/// The sum of the directions of texts; empty while none of their words is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Direction {
    sums: Vec<f32>,
    length: f32,
}

impl Direction {
    /// Adds a text's direction, of length one, or empty.
    pub(super) fn add(&mut self, meaning: &[f32]) {
        let steps: Vec<f32> = meaning.iter().map(|value| (value * STEPS).round()).collect();
        self.add_sums(&steps);
    }

    /// Adds those of another cluster.
    pub(super) fn absorb(&mut self, other: &Direction) {
        self.add_sums(&other.sums);
    }

    fn add_sums(&mut self, sums: &[f32]) {
        if self.sums.is_empty() {
            self.sums = sums.to_vec();
        } else {
            for (sum, more) in self.sums.iter_mut().zip(sums) {
                *sum = (*sum + more).clamp(-MOST, MOST);
            }
        }
        self.length = dot(&self.sums, &self.sums).sqrt();
    }

    /// How alike a text and the cluster are, whose words are `product` alike (cosine), when it is known what both mean.
    pub(super) fn likeness(&self, product: f32, meaning: &[f32]) -> f32 {
        if self.length == 0.0 || meaning.is_empty() {
            return product;
        }
        let cosine = dot(&self.sums, meaning) / self.length;
        (product + WEIGHT * (cosine - UNRELATED)) / (1.0 + WEIGHT)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.number(self.sums.len() as u64);
        for &sum in &self.sums {
            writer.number(zigzag(sum));
        }
    }

    /// `None` for what [`Direction::write`] cannot have written.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Direction> {
        let count = reader.count()?;
        if count != 0 && count != DIRECTIONS {
            return None;
        }
        let sums: Vec<f32> = (0..count)
            .map(|_| unzigzag(reader.number()?))
            .collect::<Option<_>>()?;
        let length = dot(&sums, &sums).sqrt();
        Some(Direction { sums, length })
    }
}

/// Whole numbers up to this one an `f32` holds exactly.
const MOST: f32 = 16_777_216.0;

/// A whole number as one without sign, small ones small.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole and at most MOST"
)]
fn zigzag(sum: f32) -> u64 {
    let twice = (sum.abs() as u64) << 1;
    if sum < 0.0 { twice - 1 } else { twice }
}

fn unzigzag(number: u64) -> Option<f32> {
    let half = u32::try_from(number.div_ceil(2)).ok()?;
    let sum = half as f32;
    let signed = if number % 2 == 1 { -sum } else { sum };
    (sum <= MOST).then_some(signed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Meanings, Words};

    fn meaning(text: &str) -> Vec<f32> {
        Meanings::builtin().of(&Words::read(text).words).unwrap()
    }

    #[test]
    fn of_two_that_share_as_many_words_the_one_that_means_the_like_is_nearer() {
        let direction = |text| {
            let mut direction = Direction::default();
            direction.add(&meaning(text));
            direction
        };
        let luggage = meaning("where is our luggage");
        let near = direction("where is my baggage").likeness(0.3, &luggage);
        let far = direction("where is my invoice").likeness(0.3, &luggage);
        assert!(near > 0.3 && near > far + 0.05, "{near} {far}");
        let unknown = Direction::default().likeness(0.3, &luggage);
        let wordless = direction("baggage").likeness(0.3, &[]);
        let same = |likeness: f32| (likeness - 0.3).abs() < f32::EPSILON;
        assert!(same(unknown) && same(wordless), "{unknown} {wordless}");
    }

    #[test]
    fn whole_numbers_are_written_and_read() {
        for number in [0.0, 1.0, -1.0, 300.0, -70_000.0, MOST, -MOST] {
            assert_eq!(unzigzag(zigzag(number)), Some(number));
        }
        assert_eq!(unzigzag(u64::MAX), None);
    }
}
