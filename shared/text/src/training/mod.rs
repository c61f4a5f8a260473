//! Training of the sentiment model: multinomial logistic regression over hashed n-grams by `AdaGrad`
//! (Duchi, Hazan and Singer, 2011), one pass after another over the shuffled texts. Words begin with what words of a like
//! meaning are worth ([`WordVectors`]).
//!
//! The result depends on the texts and the options alone: the order comes from a seeded generator, and
//! exponentials and logarithms from `libm`, which computes the same bits everywhere.

mod corpus;
mod learner;
mod vectors;

use crate::dataset::{Row, class_counts};
use crate::random::SplitMix64;
use crate::sentiment::{CLASSES, Model};
use corpus::Corpus;
use learner::{Example, Learner};
pub use vectors::WordVectors;

/// Name and number of the model that this training makes; a new training gets a new number.
pub const VERSION: &str = "builtin-ngram-4";

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
            class_balance: 0.25,
            set_balance: 0.3,
            smoothing: 0.0,
            decay: 0.0,
            seed: 1,
        }
    }
}

/// Trains a model. It is not calibrated yet: see [`crate::calibration`].
pub fn train(rows: &[Row], vectors: &WordVectors, version: &str, options: &Options) -> Model {
    let corpus = Corpus::read(rows);
    let meanings = vectors.of(&corpus);
    let weights = row_weights(rows, options);
    let pairs = pairs_only(rows);
    let mut learner = Learner::new(&corpus, &meanings);
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

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}
