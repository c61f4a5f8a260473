//! How good the model is: macro-F1 for two and three classes, calibration, abstaining.

use std::collections::BTreeMap;

use crate::dataset::Row;
use crate::normalize::normalize;
use crate::sentiment::{CLASSES, Model};
use crate::{Correction, Polarity};

/// Bins of the expected calibration error.
const BINS: usize = 10;

/// What the model says of a labelled text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The label people gave.
    pub label: Polarity,
    /// Calibrated probabilities in the order of [`Polarity::ALL`]; equal for a text without any feature.
    pub probabilities: [f64; CLASSES],
    /// The class the model decides for, were it not allowed to abstain.
    pub answer: Polarity,
}

impl Prediction {
    fn top(&self) -> (usize, f64) {
        (self.answer.index(), self.probabilities[self.answer.index()])
    }

    /// The more probable of negative and positive.
    fn top_of_two(&self) -> usize {
        if self.probabilities[2] > self.probabilities[0] {
            2
        } else {
            0
        }
    }
}

/// The figures of a group of labelled texts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Report {
    /// Texts in the group.
    pub texts: usize,
    /// Mean F1 of negative and positive over the texts labelled so, neutral not being an answer.
    pub macro_f1_two: Option<f64>,
    /// Mean F1 of the three classes over all texts; `None` when no text is neutral.
    pub macro_f1_three: Option<f64>,
    /// Expected calibration error of the answers given: the mean distance of probability and accuracy over
    /// ten bins of equal width (Guo et al., 2017). Without neutral texts, of the two other classes alone.
    pub calibration_error: f64,
    /// Share of texts on which the model abstains.
    pub abstained: f64,
    /// Share of right answers among those given.
    pub accuracy: f64,
}

/// What the model says of each row, with a correction if there is one.
pub fn predict(model: &Model, correction: Option<&Correction>, rows: &[Row]) -> Vec<Prediction> {
    let mut glyphs = Vec::new();
    let mut judge = |text: &str| {
        normalize(text, &mut glyphs);
        match correction {
            None => model.probabilities(&glyphs),
            Some(correction) => correction.probabilities(model, &glyphs),
        }
    };
    rows.iter()
        .map(|row| {
            let probabilities = judge(&row.text).unwrap_or([1.0 / CLASSES as f64; CLASSES]);
            Prediction {
                label: row.label,
                probabilities,
                answer: Polarity::ALL[model.calibration().decide(probabilities)],
            }
        })
        .collect()
}

/// The figures of a group, abstaining under `threshold`.
pub fn report(predictions: &[Prediction], threshold: f64) -> Report {
    let neutral = predictions
        .iter()
        .any(|prediction| prediction.label == Polarity::Neutral);
    let polar: Vec<(usize, usize)> = predictions
        .iter()
        .filter(|prediction| prediction.label != Polarity::Neutral)
        .map(|prediction| (prediction.label.index(), prediction.top_of_two()))
        .collect();
    let all: Vec<(usize, usize)> = predictions
        .iter()
        .map(|prediction| (prediction.label.index(), prediction.top().0))
        .collect();
    let answers: Vec<(f64, bool)> = predictions
        .iter()
        .map(|prediction| if neutral { *prediction } else { of_two(prediction) })
        .map(|prediction| (prediction.top(), prediction.label.index()))
        .filter(|&((_, probability), _)| probability >= threshold)
        .map(|((class, probability), label)| (probability, class == label))
        .collect();
    let texts = predictions.len();
    let right = answers.iter().filter(|(_, right)| *right).count();
    Report {
        texts,
        macro_f1_two: macro_f1(&polar, &[0, 2]),
        macro_f1_three: if neutral { macro_f1(&all, &[0, 1, 2]) } else { None },
        calibration_error: calibration_error(&answers),
        abstained: ratio(texts - answers.len(), texts),
        accuracy: ratio(right, answers.len()),
    }
}

/// The prediction with neutral ruled out.
fn of_two(prediction: &Prediction) -> Prediction {
    let [negative, _, positive] = prediction.probabilities;
    let total = negative + positive;
    Prediction {
        probabilities: [negative / total, 0.0, positive / total],
        answer: Polarity::ALL[prediction.top_of_two()],
        ..*prediction
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Mean F1 of the given classes over (label, answer) pairs; `None` when a class has no text.
pub fn macro_f1(pairs: &[(usize, usize)], classes: &[usize]) -> Option<f64> {
    let mut total = 0.0;
    for &class in classes {
        let labelled = pairs.iter().filter(|(label, _)| *label == class).count();
        let answered = pairs.iter().filter(|(_, answer)| *answer == class).count();
        let both = pairs
            .iter()
            .filter(|(label, answer)| *label == class && *answer == class)
            .count();
        if labelled == 0 {
            return None;
        }
        total += ratio(2 * both, labelled + answered);
    }
    Some(total / classes.len() as f64)
}

fn calibration_error(answers: &[(f64, bool)]) -> f64 {
    let mut bins = [(0_usize, 0.0, 0_usize); BINS];
    for &(probability, right) in answers {
        let upper = (1..BINS)
            .find(|&edge| probability < ratio(edge, BINS))
            .unwrap_or(BINS);
        let bin = &mut bins[upper - 1];
        bin.0 += 1;
        bin.1 += probability;
        bin.2 += usize::from(right);
    }
    let distance: f64 = bins
        .iter()
        .map(|&(_, probability, right)| (probability - right as f64).abs())
        .sum();
    distance / answers.len().max(1) as f64
}

/// Splits predictions by a key of their rows.
pub fn group_by<'a>(
    rows: &'a [Row],
    predictions: &[Prediction],
    key: impl Fn(&'a Row) -> &'a str,
) -> BTreeMap<&'a str, Vec<Prediction>> {
    let mut groups: BTreeMap<&str, Vec<Prediction>> = BTreeMap::new();
    for (row, prediction) in rows.iter().zip(predictions) {
        groups.entry(key(row)).or_default().push(*prediction);
    }
    groups
}
