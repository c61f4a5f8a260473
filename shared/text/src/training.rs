//! Training of the sentiment model: multinomial logistic regression over hashed n-grams by `AdaGrad`
//! (Duchi, Hazan and Singer, 2011), one pass after another over the shuffled texts.
//!
//! The result depends on the texts and the options alone: the order comes from a seeded generator, and
//! exponentials and logarithms from `libm`, which computes the same bits everywhere.

use crate::dataset::{Row, class_counts};
use crate::features::{BLOCK_FACTORS, BLOCKS, BUCKETS, extract};
use crate::normalize::normalize;
use crate::random::SplitMix64;
use crate::sentiment::{CLASSES, Model, WEIGHTS};

/// Name and number of the model that this training makes; a new training gets a new number.
pub const VERSION: &str = "builtin-ngram-2";

/// What fewer texts than this hold is not learnt: it is mostly names and slips of the pen.
const FEWEST_TEXTS: u32 = 3;

/// Where a corpus has no neutral class, so much of what it teaches is that its texts are not neutral.
const NOT_NEUTRAL: f32 = 0.2;
/// The model is the mean of the weights after so many last passes, which depends less on the order of the texts.
const AVERAGED: usize = 2;

/// How to train.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Passes over all texts.
    pub epochs: usize,
    /// Step of `AdaGrad` at the start.
    pub rate: f32,
    /// Share of features hidden at each reading of a text, 0 to 1 (exclusive), so that no word is relied on alone.
    pub dropout: f32,
    /// How far classes within a corpus are balanced: 0 leaves them as they are, 1 makes them equally heavy.
    pub class_balance: f64,
    /// How far corpora are balanced: 0 leaves them as they are, 1 makes them equally heavy.
    pub set_balance: f64,
    /// Share of a label's certainty given to the other classes, 0 to 1, because people mislabel.
    pub smoothing: f32,
    /// Pull of all weights to zero at each step.
    pub decay: f32,
    /// Seed of the order of the texts.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            epochs: 6,
            rate: 0.1,
            dropout: 0.0,
            class_balance: 0.75,
            set_balance: 0.3,
            smoothing: 0.0,
            decay: 0.0,
            seed: 1,
        }
    }
}

/// Trains a model. It is not calibrated yet: see [`crate::calibration`].
pub fn train(rows: &[Row], version: &str, options: &Options) -> Model {
    let corpus = Corpus::read(rows);
    let weights = row_weights(rows, options);
    let pairs = pairs_only(rows);
    let mut learner = Learner::new(&corpus);
    let mut random = SplitMix64(options.seed);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for epoch in 0..options.epochs {
        random.shuffle(&mut order);
        for &index in &order {
            let example = Example {
                blocks: corpus.blocks(index),
                label: rows[index].label.index(),
                pair: pairs[index],
                weight: weights[index],
            };
            learner.learn(&example, options, &mut random);
        }
        if epoch + AVERAGED >= options.epochs {
            learner.remember();
        }
    }
    learner.into_model(version)
}

/// Features of all texts, one after the other, grouped by block.
///
/// What too few texts hold is left out, and the rest is numbered by how many texts hold it, the most common first:
/// the weights that are asked for most lie side by side in memory.
struct Corpus {
    features: Vec<u32>,
    /// Where each block of each text ends in `features`.
    ends: Vec<[usize; BLOCKS]>,
    /// Features of each block of each text, those left out counted.
    counts: Vec<[u32; BLOCKS]>,
    /// The bucket of each feature.
    buckets: Vec<u32>,
    /// The square root of the logarithm of how many texts there are for each that holds the feature, relative to
    /// the rarest.
    idf: Vec<f32>,
}

impl Corpus {
    fn read(rows: &[Row]) -> Corpus {
        let mut features = Vec::new();
        let mut ends = Vec::with_capacity(rows.len());
        let mut glyphs = Vec::new();
        let mut blocks: [Vec<u32>; BLOCKS] = Default::default();
        for row in rows {
            normalize(&row.text, &mut glyphs);
            extract(&glyphs, |block, bucket| blocks[block].push(bucket));
            ends.push(std::array::from_fn(|block| {
                features.append(&mut blocks[block]);
                features.len()
            }));
        }
        let texts_with = texts_with_buckets(&features, &ends);
        let mut buckets: Vec<u32> = (0..)
            .zip(&texts_with)
            .filter(|&(_, &count)| count >= FEWEST_TEXTS)
            .map(|(bucket, _)| bucket)
            .collect();
        buckets.sort_by_key(|&bucket| (std::cmp::Reverse(texts_with[bucket as usize]), bucket));
        let texts = rows.len() as f64;
        let rarity = |&bucket: &u32| {
            let count = f64::from(texts_with[bucket as usize]);
            narrow((1.0 - libm::log(1.0 + count) / libm::log(1.0 + texts)).sqrt())
        };
        let idf = buckets.iter().map(rarity).collect();
        let mut corpus = Corpus {
            features,
            ends,
            counts: Vec::with_capacity(rows.len()),
            buckets,
            idf,
        };
        corpus.number_features();
        corpus
    }

    /// Puts the numbers of features in the place of their buckets.
    fn number_features(&mut self) {
        let mut numbers = vec![u32::MAX; BUCKETS];
        for (number, &bucket) in (0..).zip(&self.buckets) {
            numbers[bucket as usize] = number;
        }
        let mut kept = Vec::with_capacity(self.features.len());
        let mut start = 0;
        for ends in &mut self.ends {
            let mut counts = [0; BLOCKS];
            for (end, count) in ends.iter_mut().zip(&mut counts) {
                let block = &self.features[start..*end];
                *count = u32::try_from(block.len()).unwrap_or(u32::MAX);
                start = *end;
                let known = block.iter().map(|&bucket| numbers[bucket as usize]);
                kept.extend(known.filter(|&number| number != u32::MAX));
                *end = kept.len();
            }
            self.counts.push(counts);
        }
        self.features = kept;
    }

    fn blocks(&self, index: usize) -> [(&[u32], u32); BLOCKS] {
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

/// How many texts hold each bucket.
fn texts_with_buckets(features: &[u32], ends: &[[usize; BLOCKS]]) -> Vec<u32> {
    let mut texts_with = vec![0_u32; BUCKETS];
    let mut last_text = vec![usize::MAX; BUCKETS];
    let mut start = 0;
    for (index, ends) in ends.iter().enumerate() {
        let end = ends[BLOCKS - 1];
        for &bucket in &features[start..end] {
            let bucket = bucket as usize;
            if last_text[bucket] != index {
                last_text[bucket] = index;
                texts_with[bucket] += 1;
            }
        }
        start = end;
    }
    texts_with
}

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// Whether each row's corpus has no neutral texts: it then says nothing about neutral.
fn pairs_only(rows: &[Row]) -> Vec<bool> {
    let counts = class_counts(rows);
    rows.iter()
        .map(|row| counts.get(row.set.as_str()).is_some_and(|counts| counts[1] == 0))
        .collect()
}

/// The weight of each row, one on average.
fn row_weights(rows: &[Row], options: &Options) -> Vec<f32> {
    let counts = class_counts(rows);
    let raw: Vec<f64> = rows
        .iter()
        .map(|row| {
            let counts = counts.get(row.set.as_str()).copied().unwrap_or([1; CLASSES]);
            let total = counts.iter().sum::<usize>() as f64;
            let share = counts[row.label.index()] as f64 / total;
            libm::pow(share, -options.class_balance) * libm::pow(total, -options.set_balance)
        })
        .collect();
    let mean = raw.iter().sum::<f64>() / raw.len().max(1) as f64;
    raw.into_iter().map(|weight| narrow(weight / mean)).collect()
}

struct Example<'a> {
    blocks: [(&'a [u32], u32); BLOCKS],
    label: usize,
    pair: bool,
    weight: f32,
}

/// Weights of a bucket beside the sums of their squared gradients.
#[derive(Clone, Copy, Default)]
struct Cell {
    weights: [f32; CLASSES],
    squares: [f32; CLASSES],
}

struct Learner<'a> {
    corpus: &'a Corpus,
    cells: Vec<Cell>,
    bias: Cell,
    /// Sums of the weights after the last passes, those of the bias at the end, and how many they are.
    sums: Vec<[f32; CLASSES]>,
    remembered: f32,
    /// Features of the example being learnt with their values.
    active: Vec<(u32, f32)>,
}

impl<'a> Learner<'a> {
    fn new(corpus: &'a Corpus) -> Learner<'a> {
        Learner {
            corpus,
            cells: vec![Cell::default(); corpus.buckets.len()],
            bias: Cell::default(),
            sums: vec![[0.0; CLASSES]; corpus.buckets.len() + 1],
            remembered: 0.0,
            active: Vec::new(),
        }
    }

    fn learn(&mut self, example: &Example<'_>, options: &Options, random: &mut SplitMix64) {
        self.activate(example, options.dropout, random);
        let mut logits = self.bias.weights;
        for &(feature, value) in &self.active {
            for (logit, weight) in logits.iter_mut().zip(self.cells[feature as usize].weights) {
                *logit += weight * value;
            }
        }
        let gradients = gradients(logits, example, options.smoothing);
        self.bias.step(gradients, 1.0, options);
        for &(feature, value) in &self.active {
            self.cells[feature as usize].step(gradients, value, options);
        }
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

    fn remember(&mut self) {
        for (sums, cell) in self.sums.iter_mut().zip(self.cells.iter().chain([&self.bias])) {
            for (sum, weight) in sums.iter_mut().zip(cell.weights) {
                *sum += weight;
            }
        }
        self.remembered += 1.0;
    }

    /// Folds idf into the weights and rounds them to signed bytes.
    fn into_model(self, version: &str) -> Model {
        let mut means = self
            .sums
            .iter()
            .map(|sums| sums.map(|sum| sum / self.remembered.max(1.0)));
        let mut folded = vec![[0.0; WEIGHTS]; BUCKETS];
        for ((&bucket, idf), [negative, neutral, positive]) in self
            .corpus
            .buckets
            .iter()
            .zip(&self.corpus.idf)
            .zip(means.by_ref())
        {
            folded[bucket as usize] = [(negative - neutral) * idf, (positive - neutral) * idf];
        }
        let bias = means.next().unwrap_or_default();
        let scale = clipping_point(folded.as_flattened()) / 127.0;
        let bytes = folded
            .iter()
            .map(|weights| weights.map(|weight| quantize(weight / scale)))
            .collect();
        Model::new(version.to_owned(), f64::from(scale), bias.map(f64::from), bytes)
    }
}

impl Cell {
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

/// The largest weight that keeps its value: all but one in ten thousand do.
fn clipping_point(weights: &[f32]) -> f32 {
    let mut sizes: Vec<f32> = weights
        .iter()
        .map(|weight| weight.abs())
        .filter(|&size| size > 0.0)
        .collect();
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
