//! Training of the sentiment model: multinomial logistic regression over hashed n-grams by `AdaGrad`
//! (Duchi, Hazan and Singer, 2011), one pass after another over the shuffled texts.
//!
//! The result depends on the texts and the options alone: the order comes from a seeded generator, and
//! exponentials and logarithms from `libm`, which computes the same bits everywhere.

use crate::dataset::{Row, class_counts};
use crate::features::{BLOCK_FACTORS, BLOCKS, BUCKETS, extract};
use crate::normalize::normalize;
use crate::sentiment::{CLASSES, Model, WEIGHTS};

/// What fewer texts than this hold is not learnt: it is mostly names and slips of the pen.
const FEWEST_TEXTS: u32 = 3;

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
    let mut learner = Learner::new(corpus.inverse_frequencies());
    let mut random = SplitMix64(options.seed);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for _ in 0..options.epochs {
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
    }
    learner.into_model(version)
}

/// Features of all texts, one after the other, grouped by block.
struct Corpus {
    buckets: Vec<u32>,
    /// Where each block of each text ends in `buckets`.
    ends: Vec<[usize; BLOCKS]>,
}

impl Corpus {
    fn read(rows: &[Row]) -> Corpus {
        let mut corpus = Corpus {
            buckets: Vec::new(),
            ends: Vec::with_capacity(rows.len()),
        };
        let mut glyphs = Vec::new();
        let mut blocks: [Vec<u32>; BLOCKS] = Default::default();
        for row in rows {
            normalize(&row.text, &mut glyphs);
            extract(&glyphs, |block, bucket| blocks[block].push(bucket));
            corpus.ends.push(std::array::from_fn(|block| {
                corpus.buckets.append(&mut blocks[block]);
                corpus.buckets.len()
            }));
        }
        corpus
    }

    fn blocks(&self, index: usize) -> [&[u32]; BLOCKS] {
        let mut start = index
            .checked_sub(1)
            .map_or(0, |before| self.ends[before][BLOCKS - 1]);
        self.ends[index].map(|end| {
            let block = &self.buckets[start..end];
            start = end;
            block
        })
    }

    /// The square root of the logarithm of how many texts there are for each that holds the bucket, relative to
    /// the rarest; zero for what too few texts hold, which is then not learnt.
    fn inverse_frequencies(&self) -> Vec<f32> {
        let mut texts_with = vec![0_u32; BUCKETS];
        let mut last_text = vec![usize::MAX; BUCKETS];
        for index in 0..self.ends.len() {
            for &bucket in self.blocks(index).into_iter().flatten() {
                let bucket = bucket as usize;
                if last_text[bucket] != index {
                    last_text[bucket] = index;
                    texts_with[bucket] += 1;
                }
            }
        }
        let texts = self.ends.len() as f64;
        texts_with
            .into_iter()
            .map(|count| match count {
                0..FEWEST_TEXTS => 0.0,
                _ => narrow((1.0 - libm::log(1.0 + f64::from(count)) / libm::log(1.0 + texts)).sqrt()),
            })
            .collect()
    }
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
    blocks: [&'a [u32]; BLOCKS],
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

struct Learner {
    cells: Vec<Cell>,
    bias: Cell,
    idf: Vec<f32>,
    /// Features of the example being learnt with their values.
    active: Vec<(u32, f32)>,
}

impl Learner {
    fn new(idf: Vec<f32>) -> Learner {
        Learner {
            cells: vec![Cell::default(); BUCKETS],
            bias: Cell::default(),
            idf,
            active: Vec::new(),
        }
    }

    fn learn(&mut self, example: &Example<'_>, options: &Options, random: &mut SplitMix64) {
        self.activate(example, options.dropout, random);
        let mut logits = self.bias.weights;
        for &(bucket, value) in &self.active {
            for (logit, weight) in logits.iter_mut().zip(self.cells[bucket as usize].weights) {
                *logit += weight * value;
            }
        }
        let gradients = gradients(logits, example, options.smoothing);
        self.bias.step(gradients, 1.0, options);
        for &(bucket, value) in &self.active {
            self.cells[bucket as usize].step(gradients, value, options);
        }
    }

    fn activate(&mut self, example: &Example<'_>, dropout: f32, random: &mut SplitMix64) {
        self.active.clear();
        let kept = 1.0 - dropout;
        for (block, block_factor) in example.blocks.into_iter().zip(BLOCK_FACTORS) {
            let factor = narrow(block_factor) / (block.len() as f32).sqrt() / kept;
            for &bucket in block {
                if dropout == 0.0 || random.unit() < kept {
                    self.active.push((bucket, self.idf[bucket as usize] * factor));
                }
            }
        }
    }

    /// Folds idf into the weights and rounds them to signed bytes.
    fn into_model(self, version: &str) -> Model {
        let folded: Vec<[f32; WEIGHTS]> = self
            .cells
            .iter()
            .zip(&self.idf)
            .map(
                |(
                    Cell {
                        weights: [negative, neutral, positive],
                        ..
                    },
                    idf,
                )| { [(negative - neutral) * idf, (positive - neutral) * idf] },
            )
            .collect();
        let scale = clipping_point(folded.as_flattened()) / 127.0;
        let bytes = folded
            .iter()
            .map(|weights| weights.map(|weight| quantize(weight / scale)))
            .collect();
        Model::new(
            version.to_owned(),
            f64::from(scale),
            self.bias.weights.map(f64::from),
            bytes,
        )
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

fn gradients(logits: [f32; CLASSES], example: &Example<'_>, smoothing: f32) -> [f32; CLASSES] {
    let takes_part = |class: usize| !(example.pair && class == 1);
    let classes = if example.pair { 2.0 } else { 3.0 };
    let highest = (0..CLASSES)
        .filter(|&c| takes_part(c))
        .map(|c| logits[c])
        .fold(f32::MIN, f32::max);
    let powers: [f32; CLASSES] = std::array::from_fn(|c| {
        if takes_part(c) {
            libm::expf(logits[c] - highest)
        } else {
            0.0
        }
    });
    let total: f32 = powers.iter().sum();
    std::array::from_fn(|class| {
        if !takes_part(class) {
            return 0.0;
        }
        let hit = if class == example.label {
            1.0 - smoothing
        } else {
            0.0
        };
        example.weight * (powers[class] / total - hit - smoothing / classes)
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

/// `SplitMix64` (Steele, Lea and Flood, 2014): small, seeded, the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in 0 (inclusive) to 1 (exclusive).
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// Uniform under `bound`, by the high half of a product; the bias is under 2⁻⁴⁰ for any list in memory.
    fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.next()) * bound as u128;
        usize::try_from(product >> 64).unwrap_or_default()
    }

    /// Fisher and Yates' shuffle.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
