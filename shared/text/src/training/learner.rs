//! Learning one text after the other.

use super::corpus::Corpus;
use super::vectors::{DIMENSIONS, Meanings, Vector};
use super::{NOT_NEUTRAL, Options, narrow};
use crate::features::{BLOCK_FACTORS, BLOCKS};
use crate::random::SplitMix64;
use crate::sentiment::{CLASSES, Model, WEIGHTS};

pub(super) struct Example<'a> {
    pub(super) blocks: [(&'a [u32], u32); BLOCKS],
    pub(super) label: usize,
    pub(super) pair: bool,
    pub(super) weight: f32,
}

/// Weights of a bucket beside the sums of their squared gradients.
#[derive(Clone, Copy, Default)]
struct Cell {
    weights: [f32; CLASSES],
    squares: [f32; CLASSES],
}

pub(super) struct Learner<'a> {
    corpus: &'a Corpus,
    meanings: &'a Meanings,
    cells: Vec<Cell>,
    /// What each direction of meaning is worth.
    directions: [Cell; DIMENSIONS],
    bias: Cell,
    /// Sums of the weights after the last passes, those of the directions and of the bias at the end, and how many they are.
    sums: Vec<[f32; CLASSES]>,
    remembered: f32,
    /// Features of the example being learnt with their values.
    active: Vec<(u32, f32)>,
}

impl<'a> Learner<'a> {
    pub(super) fn new(corpus: &'a Corpus, meanings: &'a Meanings) -> Learner<'a> {
        Learner {
            corpus,
            meanings,
            cells: vec![Cell::default(); corpus.names.len()],
            directions: [Cell::default(); DIMENSIONS],
            bias: Cell::default(),
            sums: vec![[0.0; CLASSES]; corpus.names.len() + DIMENSIONS + 1],
            remembered: 0.0,
            active: Vec::new(),
        }
    }

    pub(super) fn learn(&mut self, example: &Example<'_>, options: &Options, random: &mut SplitMix64) {
        self.activate(example, options.dropout, random);
        let meaning = self.meaning();
        let mut logits = self.bias.weights;
        for &(feature, value) in &self.active {
            self.cells[feature as usize].add_to(&mut logits, value);
        }
        for (cell, value) in self.directions.iter().zip(meaning) {
            cell.add_to(&mut logits, value);
        }
        let gradients = gradients(logits, example, options.smoothing);
        self.bias.step(gradients, 1.0, options);
        for &(feature, value) in &self.active {
            self.cells[feature as usize].step(gradients, value, options);
        }
        for (cell, value) in self.directions.iter_mut().zip(meaning) {
            cell.step(gradients, value, options);
        }
    }

    /// The sum of the vectors of the text's words, each as much as the word itself counts.
    fn meaning(&self) -> Vector {
        let mut sum = [0.0; DIMENSIONS];
        for &(feature, value) in &self.active {
            for (sum, number) in sum
                .iter_mut()
                .zip(self.meanings.of_feature(feature as usize).into_iter().flatten())
            {
                *sum += value * number;
            }
        }
        sum
    }

    fn activate(&mut self, example: &Example<'_>, dropout: f32, random: &mut SplitMix64) {
        self.active.clear();
        let kept = 1.0 - dropout;
        for ((block, count), block_factor) in example.blocks.into_iter().zip(BLOCK_FACTORS) {
            let factor = narrow(block_factor) / (count as f32).sqrt() / kept;
            for &feature in block {
                if dropout == 0.0 || random.unit() < kept {
                    self.active
                        .push((feature, self.corpus.idf[feature as usize] * factor));
                }
            }
        }
    }

    pub(super) fn remember(&mut self) {
        let cells = self.cells.iter().chain(&self.directions).chain([&self.bias]);
        for (sums, cell) in self.sums.iter_mut().zip(cells) {
            for (sum, weight) in sums.iter_mut().zip(cell.weights) {
                *sum += weight;
            }
        }
        self.remembered += 1.0;
    }

    /// Folds what meanings are worth and idf into the weights and rounds them to signed bytes.
    pub(super) fn into_model(self, version: &str) -> Model {
        let features = self.cells.len();
        let means: Vec<[f32; CLASSES]> = self
            .sums
            .iter()
            .map(|sums| sums.map(|sum| sum / self.remembered.max(1.0)))
            .collect();
        let (weights, rest) = means.split_at(features);
        let (directions, bias) = rest.split_at(DIMENSIONS);
        let mut folded = Vec::with_capacity(features + self.meanings.unseen.len());
        for (number, (&feature, &idf)) in self.corpus.names.iter().zip(&self.corpus.idf).enumerate() {
            let mut logits = weights[number];
            if let Some(vector) = self.meanings.of_feature(number) {
                add_worth(&mut logits, vector, directions);
            }
            folded.push((feature, beside_neutral(logits, idf)));
        }
        for (feature, vector) in &self.meanings.unseen {
            let mut logits = [0.0; CLASSES];
            add_worth(&mut logits, vector, directions);
            folded.push((*feature, beside_neutral(logits, 1.0)));
        }
        let bias = bias.first().copied().unwrap_or_default();
        let scale = clipping_point(folded.iter().flat_map(|(_, weights)| *weights)) / 127.0;
        // Those that weigh most find their place first; what rounds to nothing needs none.
        folded.sort_by(|&(_, left), &(_, right)| size(right).total_cmp(&size(left)));
        let bytes = folded
            .iter()
            .map(|&(feature, weights)| (feature, weights.map(|weight| quantize(weight / scale))))
            .filter(|&(_, weights)| weights != [0; WEIGHTS]);
        Model::new(version.to_owned(), f64::from(scale), bias.map(f64::from), bytes)
    }
}

/// Adds what a meaning is worth to each class.
fn add_worth(logits: &mut [f32; CLASSES], vector: &Vector, directions: &[[f32; CLASSES]]) {
    for (number, direction) in vector.iter().zip(directions) {
        for (logit, weight) in logits.iter_mut().zip(direction) {
            *logit += number * weight;
        }
    }
}

/// What a feature says for negative and positive beyond neutral.
fn beside_neutral([negative, neutral, positive]: [f32; CLASSES], idf: f32) -> [f32; WEIGHTS] {
    [(negative - neutral) * idf, (positive - neutral) * idf]
}

impl Cell {
    fn add_to(&self, logits: &mut [f32; CLASSES], value: f32) {
        for (logit, weight) in logits.iter_mut().zip(self.weights) {
            *logit += weight * value;
        }
    }

    fn step(&mut self, gradients: [f32; CLASSES], value: f32, options: &Options) {
        let cells = self.weights.iter_mut().zip(&mut self.squares);
        for ((weight, square), gradient) in cells.zip(gradients) {
            let gradient = gradient * value + options.decay * *weight;
            *square += gradient * gradient;
            *weight -= options.rate * gradient / (square.sqrt() + 1e-6);
        }
    }
}

/// The gradient of the loss in the logits. Where a corpus has no neutral class, the loss is mostly that of negative
/// against positive alone, and a little that of all three: those texts are rarely neutral.
fn gradients(logits: [f32; CLASSES], example: &Example<'_>, smoothing: f32) -> [f32; CLASSES] {
    let [negative, _, positive] = logits;
    let of_three = errors(logits, example.label, smoothing);
    let of_two = errors([negative, f32::MIN, positive], example.label, smoothing);
    let share = if example.pair { NOT_NEUTRAL } else { 1.0 };
    std::array::from_fn(|class| {
        let two = if class == 1 { 0.0 } else { of_two[class] };
        example.weight * (share * of_three[class] + (1.0 - share) * two)
    })
}

/// How far each class's probability is from what it should be.
fn errors(logits: [f32; CLASSES], label: usize, smoothing: f32) -> [f32; CLASSES] {
    let highest = logits.into_iter().fold(f32::MIN, f32::max);
    let powers = logits.map(|logit| libm::expf(logit - highest));
    let total: f32 = powers.iter().sum();
    std::array::from_fn(|class| {
        let hit = if class == label { 1.0 - smoothing } else { 0.0 };
        powers[class] / total - hit - smoothing / CLASSES as f32
    })
}

/// The larger of a feature's weights.
fn size([negative, positive]: [f32; WEIGHTS]) -> f32 {
    negative.abs().max(positive.abs())
}

/// The largest weight that keeps its value: all but one in ten thousand do.
fn clipping_point(weights: impl Iterator<Item = f32>) -> f32 {
    let mut sizes: Vec<f32> = weights.map(f32::abs).filter(|&size| size > 0.0).collect();
    sizes.sort_unstable_by(f32::total_cmp);
    let index = sizes.len().saturating_sub(1 + sizes.len() / 10_000);
    sizes.get(index).copied().unwrap_or(1.0)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded and clamped to the range of a signed byte"
)]
fn quantize(weight: f32) -> u8 {
    (weight.round().clamp(-127.0, 127.0) as i8).cast_unsigned()
}
