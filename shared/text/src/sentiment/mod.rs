//! Sentiment: how a customer feels about what the text is about.

mod model;
mod table;

use libm::exp;
pub(crate) use model::Calibration;
pub(crate) use model::WEIGHTS;
pub use model::{Model, ModelError};

use crate::features::{BLOCK_FACTORS, BLOCKS, extract};
use crate::normalize::Glyph;

/// Number of classes.
pub(crate) const CLASSES: usize = 3;

/// The class of a text's sentiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Polarity {
    /// The writer is unhappy.
    Negative,
    /// Neither, or both in balance; a question or a plain statement.
    Neutral,
    /// The writer is happy.
    Positive,
}

impl Polarity {
    /// All classes, in the order the model keeps them.
    pub const ALL: [Polarity; CLASSES] = [Polarity::Negative, Polarity::Neutral, Polarity::Positive];

    /// The short name datasets use: `neg`, `neu` or `pos`.
    pub fn as_str(self) -> &'static str {
        match self {
            Polarity::Negative => "neg",
            Polarity::Neutral => "neu",
            Polarity::Positive => "pos",
        }
    }

    /// Reads the short name datasets use.
    pub fn from_name(name: &str) -> Option<Polarity> {
        Polarity::ALL
            .into_iter()
            .find(|polarity| polarity.as_str() == name)
    }

    pub(crate) fn index(self) -> usize {
        match self {
            Polarity::Negative => 0,
            Polarity::Neutral => 1,
            Polarity::Positive => 2,
        }
    }
}

/// The sentiment of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sentiment {
    /// From −1 (surely negative) to +1 (surely positive): the probability of positive less that of
    /// negative. Zero for a text without any word or sign.
    pub score: f32,
    /// The class decided for: the most probable one, with some weight to neutral; `None` when its probability is
    /// under the model's abstain threshold.
    pub label: Option<Polarity>,
    /// Calibrated probability, 0 to 1, of the class decided for, also when `label` is `None`.
    pub probability: f32,
}

impl Sentiment {
    /// What is said of a text that gives nothing to judge.
    pub(crate) const UNKNOWN: Sentiment = Sentiment {
        score: 0.0,
        label: None,
        probability: 0.0,
    };

    /// Sums up class probabilities, abstaining under the calibration's threshold.
    pub(crate) fn from_probabilities(probabilities: [f64; CLASSES], calibration: &Calibration) -> Sentiment {
        let top = Polarity::ALL[calibration.decide(probabilities)];
        let probability = probabilities[top.index()];
        Sentiment {
            score: narrow(probabilities[2] - probabilities[0]),
            label: (probability >= calibration.threshold).then_some(top),
            probability: narrow(probability),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounds to the nearest f32; the value is within ±1"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// Probabilities from logits.
pub(crate) fn softmax(logits: [f64; CLASSES]) -> [f64; CLASSES] {
    let highest = logits.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let powers = logits.map(|logit| exp(logit - highest));
    let total: f64 = powers.iter().sum();
    powers.map(|power| power / total)
}

impl Model {
    /// The class probabilities of a text in the order of [`Polarity::ALL`]; `None` when it has no feature.
    pub(crate) fn probabilities(&self, glyphs: &[Glyph]) -> Option<[f64; CLASSES]> {
        self.logits(glyphs).map(|logits| softmax(self.calibrate(logits)))
    }

    /// The class scores before calibration; `None` when the text has no feature.
    pub(crate) fn logits(&self, glyphs: &[Glyph]) -> Option<[f64; CLASSES]> {
        let mut sums = [[0_i32; WEIGHTS]; BLOCKS];
        let mut counts = [0_u32; BLOCKS];
        extract(glyphs, |block, feature| {
            counts[block] += 1;
            for (sum, weight) in sums[block].iter_mut().zip(self.weights(feature)) {
                *sum += i32::from(weight);
            }
        });
        if counts == [0; BLOCKS] {
            return None;
        }
        let [mut negative, neutral, mut positive] = self.bias();
        for (block, sums) in sums
            .into_iter()
            .enumerate()
            .filter(|&(block, _)| counts[block] > 0)
        {
            let factor = self.scale() * BLOCK_FACTORS[block] / f64::from(counts[block]).sqrt();
            negative += f64::from(sums[0]) * factor;
            positive += f64::from(sums[1]) * factor;
        }
        Some([negative, neutral, positive])
    }
}
