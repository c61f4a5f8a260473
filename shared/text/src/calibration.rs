//! Calibration: probabilities that mean what they say on texts of a kind the model has not seen.
//!
//! A model is too sure of itself on the corpora it learnt from. So the corpora are split into folds, a model
//! is trained without each fold and asked about it, and a temperature with one offset for each class is
//! fitted to those answers by maximum likelihood (vector scaling with a shared slope; Guo et al., 2017).

use std::collections::{BTreeMap, BTreeSet};

use crate::Polarity;
use crate::dataset::{Row, class_counts};
use crate::evaluation::macro_f1;
use crate::normalize::normalize;
use crate::sentiment::{CLASSES, Calibration, Model, softmax};
use crate::training::{Options, WordVectors, train};

/// Under this probability the model abstains: the class it would name is then more likely wrong than right.
pub const ABSTAIN_THRESHOLD: f64 = 0.5;

/// Groups of corpora that are left out in turn for the shipped model: none. The mean of the last passes is sure enough
/// of itself as it is; a calibration on left-out corpora made the error larger (`docs/model-card.md`).
pub const FOLDS: usize = 0;

/// The weight of neutral where none is fitted. It is the class most often missed; with more weight the loss on languages
/// with few neutral texts outgrows the gain on the others (`docs/model-card.md`).
const NEUTRAL_WEIGHT: f64 = 1.4;

/// At most this many texts of a corpus are asked about, so that none outweighs the others.
const MOST_TEXTS: usize = 4_000;
/// Steps of the fit; it has settled to three digits after a third of them.
const STEPS: usize = 300;
/// Step of `AdaGrad` in the fit.
const RATE: f64 = 0.1;

/// Weights of neutral that are tried.
const NEUTRAL_WEIGHTS: std::ops::RangeInclusive<u32> = 10..=24;

/// What a model that never saw a text's corpus says of the text.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    set: String,
    scores: [f64; CLASSES],
    label: Polarity,
    /// Whether the text's corpus has no neutral texts, so that neutral is not an answer.
    pair: bool,
}

/// Trains a model and calibrates it: a thread for it and one for each of the `folds`. Without folds its scores stay as
/// they are, and it abstains under [`ABSTAIN_THRESHOLD`] all the same.
pub fn train_calibrated(
    rows: &[Row],
    vectors: &WordVectors,
    version: &str,
    options: &Options,
    folds: usize,
) -> Model {
    std::thread::scope(|scope| {
        let model = scope.spawn(|| train(rows, vectors, version, options));
        let samples = (folds > 1).then(|| out_of_domain_samples(rows, vectors, options, folds));
        let mut model = model
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match samples {
            Some(samples) => calibrate(&mut model, &samples),
            None => model.set_calibration(Calibration {
                threshold: ABSTAIN_THRESHOLD,
                neutral_weight: NEUTRAL_WEIGHT,
                ..Calibration::NONE
            }),
        }
        model
    })
}

/// Trains a model without each of `folds` groups of corpora, a thread for each, and asks it about them.
///
/// A corpus that is alone in its language is never left out: without it the language would be unknown,
/// which is not the case calibration is for.
fn out_of_domain_samples(
    rows: &[Row],
    vectors: &WordVectors,
    options: &Options,
    folds: usize,
) -> Vec<Sample> {
    let assignment = fold_of_sets(rows, folds);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..folds)
            .map(|fold| {
                let assignment = &assignment;
                let left_out = move |row: &&Row| assignment.get(row.set.as_str()) == Some(&fold);
                scope.spawn(move || samples_of_fold(rows, vectors, options, left_out))
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

/// Answers about the rows that are left out, by a model that learnt from the others.
fn samples_of_fold(
    rows: &[Row],
    vectors: &WordVectors,
    options: &Options,
    left_out: impl Fn(&&Row) -> bool,
) -> Vec<Sample> {
    let counts = class_counts(rows);
    let known: Vec<Row> = rows.iter().filter(|row| !left_out(row)).cloned().collect();
    let model = train(&known, vectors, "fold", options);
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    let mut glyphs = Vec::new();
    let mut samples = Vec::new();
    for row in rows.iter().filter(left_out) {
        let asked = asked.entry(&row.set).or_default();
        *asked += 1;
        let [_, neutral, _] = counts.get(row.set.as_str()).copied().unwrap_or_default();
        normalize(&row.text, &mut glyphs);
        let Some(scores) = model.logits(&glyphs).filter(|_| *asked <= MOST_TEXTS) else {
            continue;
        };
        samples.push(Sample {
            set: row.set.clone(),
            scores,
            label: row.label,
            pair: neutral == 0,
        });
    }
    samples
}

/// Deals the corpora of each language with several of them to the folds in turn.
fn fold_of_sets(rows: &[Row], folds: usize) -> BTreeMap<&str, usize> {
    let mut by_language: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows {
        by_language.entry(&row.language).or_default().insert(&row.set);
    }
    by_language
        .into_values()
        .filter(|sets| sets.len() > 1)
        .flat_map(|sets| {
            sets.into_iter()
                .enumerate()
                .map(|(index, set)| (set, index % folds.max(1)))
        })
        .collect()
}

/// Fits the calibration of `model` to samples.
fn calibrate(model: &mut Model, samples: &[Sample]) {
    let (slope, offsets) = fit(samples);
    model.set_calibration(Calibration {
        slope,
        offsets,
        threshold: ABSTAIN_THRESHOLD,
        neutral_weight: 1.0,
    });
    let neutral_weight = weigh_neutral(model, samples);
    model.set_calibration(Calibration {
        neutral_weight,
        ..*model.calibration()
    });
}

/// The weight of neutral, in steps of a tenth, with the best macro-F1 of three classes on average over the corpora.
fn weigh_neutral(model: &Model, samples: &[Sample]) -> f64 {
    let mut sets: BTreeMap<&str, Vec<(usize, [f64; CLASSES])>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| !sample.pair) {
        let probabilities = softmax(model.calibrate(sample.scores));
        sets.entry(&sample.set)
            .or_default()
            .push((sample.label.index(), probabilities));
    }
    let mut best = (0.0, 1.0);
    for tenths in NEUTRAL_WEIGHTS {
        let calibration = Calibration {
            neutral_weight: f64::from(tenths) / 10.0,
            ..*model.calibration()
        };
        let total: f64 = sets
            .values()
            .filter_map(|set| {
                let decide = |&(label, probabilities): &(usize, [f64; CLASSES])| {
                    (label, calibration.decide(probabilities))
                };
                macro_f1(&set.iter().map(decide).collect::<Vec<_>>(), &[0, 1, 2])
            })
            .sum();
        if total > best.0 {
            best = (total, calibration.neutral_weight);
        }
    }
    best.1
}

/// The slope and offsets under which the samples' labels are most likely.
fn fit(samples: &[Sample]) -> (f64, [f64; CLASSES]) {
    let mut parameters = [1.0, 0.0, 0.0, 0.0];
    let mut squares = [0.0; 4];
    let total = samples.len().max(1) as f64;
    for _ in 0..STEPS {
        let mut gradients = [0.0; 4];
        for sample in samples {
            let [slope, offsets @ ..] = parameters;
            let probabilities = softmax(std::array::from_fn(|class| {
                let ruled_out = sample.pair && class == Polarity::Neutral.index();
                if ruled_out {
                    f64::MIN
                } else {
                    sample.scores[class] * slope + offsets[class]
                }
            }));
            for class in 0..CLASSES {
                let hit = if class == sample.label.index() { 1.0 } else { 0.0 };
                let error = (probabilities[class] - hit) / total;
                gradients[0] += error * sample.scores[class];
                gradients[class + 1] += error;
            }
        }
        for ((parameter, square), gradient) in parameters.iter_mut().zip(&mut squares).zip(gradients) {
            *square += gradient * gradient;
            *parameter -= RATE * gradient / (*square + 1e-12).sqrt();
        }
    }
    let [slope, offsets @ ..] = parameters;
    (slope, offsets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    #[test]
    fn an_overconfident_model_is_damped_to_its_accuracy() {
        // Scores claim e²/(e²+2) = 79 % for one class, which is right in 60 of 100 cases.
        let mut random = SplitMix64(7);
        let samples: Vec<Sample> = (0..3_000)
            .map(|index| {
                let label = Polarity::ALL[index % CLASSES];
                let mut answers = [0, 0, 0, 1, 2];
                random.shuffle(&mut answers);
                let said = (label.index() + answers[0]) % CLASSES;
                let scores = std::array::from_fn(|class| if class == said { 2.0 } else { 0.0 });
                Sample {
                    set: String::new(),
                    scores,
                    label,
                    pair: false,
                }
            })
            .collect();
        let (slope, _) = fit(&samples);
        let top = softmax([2.0 * slope, 0.0, 0.0])[0];
        assert!((top - 0.6).abs() < 0.03, "{top}");
    }
}
