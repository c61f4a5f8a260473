//! The border between one topic and all others: a support vector machine with squared hinge loss, found by dual
//! coordinate descent (Hsieh, Chang, Lin, Keerthi and Sundararajan, 2008): a few passes over the examples, most of which
//! soon are at rest and are left out.

use super::features::Features;
use super::narrow;
use crate::random::SplitMix64;
use crate::words::{DIRECTIONS, dot};

/// What an example on the wrong side costs, against the size of the weights.
const COST: f32 = 1.0;
/// So much of the rarity of a topic goes into the cost of its examples: 0 none, 1 all.
const RARITY: f64 = 0.25;
/// Passes over the examples at most; most topics settle earlier.
const PASSES: usize = 20;
/// A topic has settled when no example is further than this from its optimum.
const SETTLED: f32 = 0.05;
/// An example so far on the right side is left out of the next passes.
const AT_REST: f32 = 0.3;
const SEED: u64 = 1;

/// A text and what it speaks of.
pub(super) struct Example {
    pub(super) features: Features,
    /// Which of the classifier's topics it speaks of.
    pub(super) labels: Vec<usize>,
}

/// The border between one topic and all others.
pub(super) struct Machine {
    /// One for each row of the vocabulary.
    pub(super) weights: Vec<f32>,
    /// One for each direction of meaning.
    pub(super) directions: Vec<f32>,
    pub(super) bias: f32,
}

impl Machine {
    pub(super) fn train(examples: &[Example], class: usize, rows: usize) -> Machine {
        let mut machine = Machine {
            weights: vec![0.0; rows],
            directions: vec![0.0; DIRECTIONS],
            bias: 0.0,
        };
        let within = examples
            .iter()
            .filter(|example| example.labels.contains(&class))
            .count()
            .max(1);
        let others = examples.len().saturating_sub(within).max(1);
        let rarity = narrow(libm::pow(others as f64 / within as f64, RARITY));
        let mut multipliers = vec![0.0_f32; examples.len()];
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut random = SplitMix64(SEED);
        for pass in 0..PASSES {
            random.shuffle(&mut order);
            let mut furthest = 0.0_f32;
            order.retain(|&index| {
                let Example { features, labels } = &examples[index];
                let multiplier = &mut multipliers[index];
                let (side, cost) = if labels.contains(&class) {
                    (1.0, COST * rarity)
                } else {
                    (-1.0, COST)
                };
                let softness = 0.5 / cost;
                let gradient = side * machine.score(features) - 1.0 + softness * *multiplier;
                if *multiplier == 0.0 && gradient > AT_REST && pass > 1 {
                    return false;
                }
                let distance = if *multiplier == 0.0 {
                    gradient.min(0.0)
                } else {
                    gradient
                };
                furthest = furthest.max(distance.abs());
                // The bias counts as one more feature of value one.
                let moved = (*multiplier - gradient / (1.0 + features.square + softness)).max(0.0);
                machine.shift(features, (moved - *multiplier) * side);
                *multiplier = moved;
                true
            });
            if furthest < SETTLED {
                break;
            }
        }
        machine
    }

    fn score(&self, features: &Features) -> f32 {
        let grams = features.grams.iter();
        grams.fold(self.bias, |score, &(row, value)| {
            score + self.weights[row as usize] * value
        }) + dot(&self.directions, &features.meaning)
    }

    fn shift(&mut self, features: &Features, by: f32) {
        if by != 0.0 {
            self.bias += by;
            for &(row, value) in &features.grams {
                self.weights[row as usize] += by * value;
            }
            for (direction, value) in self.directions.iter_mut().zip(&features.meaning) {
                *direction += by * value;
            }
        }
    }
}
