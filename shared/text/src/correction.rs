//! What a company's own customers teach: a bounded correction on top of the built-in model, learnt from texts
//! with a known sentiment such as the comments of rated answers.

use std::collections::{BTreeMap, HashMap};

use crate::Polarity;
use crate::features::{BLOCK_FACTORS, BLOCKS, extract};
use crate::normalize::{Glyph, normalize};
use crate::random::SplitMix64;
use crate::sentiment::{CLASSES, Model, WEIGHTS, softmax};

mod stored;

pub use stored::CorrectionError;

/// Fewer texts than this teach nothing that could be told from chance.
pub const FEWEST_TEXTS: usize = 50;

/// A score so low that the class has no probability.
const RULED_OUT: f64 = -1e9;
const PASSES: usize = 12;
const RATE: f64 = 0.1;
const SEED: u64 = 1;
/// Folds in which the correction is judged on texts it did not learn from: once at random, where it must be better
/// beyond chance, and once by stretches of the texts in the order given, where it must be no worse: what holds only
/// for one time or one product fails there.
const FOLDS: usize = 5;
/// A correction is used when the texts it sets right outweigh those it spoils by this many standard errors
/// (`McNemar`'s test with weights, one-sided at 5 %).
const BEYOND_CHANCE: f64 = 1.645;
/// At most this many n-grams are kept, those in most texts first.
const MOST_FEATURES: usize = 100_000;

/// A correction of the built-in model for one company.
///
/// It speaks only as far as it knows: the shift between classes that it learnt counts by how much of a text is made
/// of n-grams that the rated texts hold, so that texts about something else keep the built-in model's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// Shift towards negative and positive of a text of which every n-gram is known.
    offsets: [f64; WEIGHTS],
    weights: HashMap<u32, [f64; WEIGHTS]>,
    judgement: Judgement,
}

/// How a correction did on texts it had not learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judgement {
    /// Texts it was judged on.
    pub texts: usize,
    /// Texts that the built-in model got wrong and the correction right.
    pub set_right: usize,
    /// Texts that the built-in model got right and the correction wrong.
    pub spoilt: usize,
    /// The gain in texts, each weighing the square root of how rare its class is.
    pub gain: f64,
    /// Its standard error under chance.
    pub standard_error: f64,
}

/// What came of learning from texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attempt {
    /// How it did on held-back texts; all zero when there were fewer than [`FEWEST_TEXTS`].
    pub judgement: Judgement,
    /// The correction; `None` when it is no better than the model beyond chance.
    pub correction: Option<Correction>,
}

impl Judgement {
    /// Whether the correction is better than the built-in model beyond chance.
    pub fn is_better(&self) -> bool {
        self.gain > BEYOND_CHANCE * self.standard_error
    }
}

/// A text as features, with what the built-in model says of it.
struct Example {
    features: Vec<(u32, f64)>,
    base: [f64; CLASSES],
    label: usize,
    /// How heavy it weighs: texts of rare classes more, so that the correction does not just learn which
    /// class is common.
    weight: f64,
}

impl Correction {
    /// Learns a correction of `model` from texts and what their writers felt; `None` when there are fewer than
    /// [`FEWEST_TEXTS`] or it is no better than the model beyond chance on held-back texts. Give the texts in the
    /// order of their time.
    pub fn learn(model: &Model, texts: &[(&str, Polarity)]) -> Option<Correction> {
        Correction::attempt(model, texts).correction
    }

    /// The same with how it was judged, whether it came to a correction or not.
    pub fn attempt(model: &Model, texts: &[(&str, Polarity)]) -> Attempt {
        if texts.len() < FEWEST_TEXTS {
            return Attempt::default();
        }
        let mut examples: Vec<Example> = texts
            .iter()
            .filter_map(|&(text, label)| Example::read(model, text, label))
            .collect();
        weigh_by_class(&mut examples);
        let texts = examples.len();
        let stretches: Vec<usize> = (0..texts).map(|index| index * FOLDS / texts).collect();
        let mut at_random = stretches.clone();
        SplitMix64(SEED).shuffle(&mut at_random);
        let judgement = judge(model, &examples, &at_random);
        let accepted = judgement.is_better() && judge(model, &examples, &stretches).gain > 0.0;
        let correction = accepted.then(|| Correction {
            judgement,
            ..Correction::fit(&examples.iter().collect::<Vec<_>>())
        });
        Attempt {
            judgement,
            correction,
        }
    }

    /// How it did on held-back texts before it was accepted.
    pub fn judgement(&self) -> Judgement {
        self.judgement
    }

    /// The mean of the weights after each pass of the second half: it varies less with the order of the texts.
    fn fit(examples: &[&Example]) -> Correction {
        let weights = recurring_features(examples)
            .into_iter()
            .map(|feature| (feature, [0.0; WEIGHTS]))
            .collect();
        let mut correction = Correction {
            offsets: [0.0; WEIGHTS],
            weights,
            judgement: Judgement::default(),
        };
        let mut mean = correction.clone();
        let mut squares: HashMap<u32, [f64; WEIGHTS]> = HashMap::new();
        let mut offset_squares = [0.0; WEIGHTS];
        let mut order: Vec<&Example> = examples.to_vec();
        let mut random = SplitMix64(SEED);
        for pass in 0..PASSES {
            random.shuffle(&mut order);
            for example in &order {
                let [negative, _, positive] = softmax(correction.logits(example.base, &example.features));
                let hit = |class: usize| if example.label == class { 1.0 } else { 0.0 };
                let gradients = [negative - hit(0), positive - hit(2)].map(|error| error * example.weight);
                let known = correction.known_share(&example.features);
                step(&mut correction.offsets, &mut offset_squares, gradients, known);
                for &(feature, value) in &example.features {
                    if let Some(weights) = correction.weights.get_mut(&feature) {
                        step(weights, squares.entry(feature).or_default(), gradients, value);
                    }
                }
            }
            if pass >= PASSES / 2 {
                mean.add(&correction, 1.0 / (PASSES - PASSES / 2) as f64);
            }
        }
        mean
    }

    fn add(&mut self, other: &Correction, factor: f64) {
        for (sum, value) in self.offsets.iter_mut().zip(other.offsets) {
            *sum += value * factor;
        }
        for (feature, sums) in &mut self.weights {
            let values = other.weights.get(feature).copied().unwrap_or_default();
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value * factor;
            }
        }
    }

    /// How much of a text is made of n-grams the correction knows, 0 to 1.
    fn known_share(&self, features: &[(u32, f64)]) -> f64 {
        let mut known = 0.0;
        let mut total = 0.0;
        for (feature, value) in features {
            total += value * value;
            if self.weights.contains_key(feature) {
                known += value * value;
            }
        }
        if total > 0.0 { known / total } else { 0.0 }
    }

    fn logits(&self, base: [f64; CLASSES], features: &[(u32, f64)]) -> [f64; CLASSES] {
        let [mut negative, neutral, mut positive] = base;
        let known = self.known_share(features);
        negative += self.offsets[0] * known;
        positive += self.offsets[1] * known;
        for (feature, value) in features {
            if let Some(weights) = self.weights.get(feature) {
                negative += weights[0] * value;
                positive += weights[1] * value;
            }
        }
        [negative, neutral, positive]
    }

    /// What it adds to the scores of negative and of positive of a text apart from its words' own weights: the more,
    /// the more of the text it knows.
    pub(crate) fn offsets(&self, glyphs: &[Glyph]) -> [f64; WEIGHTS] {
        let known = self.known_share(&features(glyphs));
        self.offsets.map(|offset| offset * known)
    }

    /// What it adds to them for each unit of a feature; zero for a feature it has not learnt.
    pub(crate) fn weights(&self, feature: u32) -> [f64; WEIGHTS] {
        self.weights.get(&feature).copied().unwrap_or_default()
    }

    /// The class probabilities of a normalised text; `None` when it has no feature.
    pub(crate) fn probabilities(&self, model: &Model, glyphs: &[Glyph]) -> Option<[f64; CLASSES]> {
        let base = model.calibrate(model.logits(glyphs)?);
        Some(softmax(self.logits(base, &features(glyphs))))
    }
}

/// Judges the texts of each fold by a correction learnt from the others.
fn judge(model: &Model, examples: &[Example], fold_of: &[usize]) -> Judgement {
    let mut judgement = Judgement::default();
    for fold in 0..FOLDS {
        let split = |held_back: bool| {
            let chosen = examples.iter().zip(fold_of);
            chosen
                .filter(move |&(_, &of)| (of == fold) == held_back)
                .map(|(example, _)| example)
        };
        let correction = Correction::fit(&split(false).collect::<Vec<_>>());
        split(true).for_each(|example| judgement.add(example, &correction, model));
    }
    judgement
}

impl Judgement {
    fn add(&mut self, example: &Example, correction: &Correction, model: &Model) {
        let decide = |logits| model.calibration().decide(softmax(logits));
        let before = decide(example.base) == example.label;
        let after = decide(correction.logits(example.base, &example.features)) == example.label;
        self.texts += 1;
        self.set_right += usize::from(after && !before);
        self.spoilt += usize::from(before && !after);
        if before != after {
            self.gain += if after { example.weight } else { -example.weight };
            self.standard_error = libm::hypot(self.standard_error, example.weight);
        }
    }
}

impl Example {
    fn read(model: &Model, text: &str, label: Polarity) -> Option<Example> {
        let mut glyphs = Vec::new();
        normalize(text, &mut glyphs);
        let base = model.calibrate(model.logits(&glyphs)?);
        Some(Example {
            features: features(&glyphs),
            base,
            label: label.index(),
            weight: 1.0,
        })
    }
}

/// Brings classes halfway to equal weight: a text weighs the square root of how rare its class is. Where no text is neutral, as with ratings of
/// one and five alone, neutral is no answer to learn against: its score is taken out.
fn weigh_by_class(examples: &mut [Example]) {
    let mut counts = [0_usize; CLASSES];
    for example in examples.iter() {
        counts[example.label] += 1;
    }
    let present = counts.iter().filter(|&&count| count > 0).count().max(1) as f64;
    let total = examples.len() as f64;
    for example in examples {
        example.weight = (total / (present * counts[example.label] as f64)).sqrt();
        if counts[Polarity::Neutral.index()] == 0 {
            example.base[Polarity::Neutral.index()] = RULED_OUT;
        }
    }
}

fn features(glyphs: &[Glyph]) -> Vec<(u32, f64)> {
    let mut found = Vec::new();
    let mut counts = [0_u32; BLOCKS];
    extract(glyphs, |block, feature| {
        counts[block] += 1;
        found.push((block, feature));
    });
    found
        .into_iter()
        .map(|(block, feature)| (feature, BLOCK_FACTORS[block] / f64::from(counts[block]).sqrt()))
        .collect()
}

/// The features that at least two texts hold: what one text holds teaches nothing about the next.
fn recurring_features(examples: &[&Example]) -> Vec<u32> {
    let mut texts_with: BTreeMap<u32, usize> = BTreeMap::new();
    for example in examples {
        let mut features: Vec<u32> = example.features.iter().map(|&(feature, _)| feature).collect();
        features.sort_unstable();
        features.dedup();
        for feature in features {
            *texts_with.entry(feature).or_default() += 1;
        }
    }
    let mut recurring: Vec<(usize, u32)> = texts_with
        .into_iter()
        .filter(|&(_, count)| count > 1)
        .map(|(feature, count)| (count, feature))
        .collect();
    recurring.sort_unstable_by(|left, right| right.cmp(left));
    recurring.truncate(MOST_FEATURES);
    recurring.into_iter().map(|(_, feature)| feature).collect()
}

fn step(weights: &mut [f64; WEIGHTS], squares: &mut [f64; WEIGHTS], gradients: [f64; WEIGHTS], value: f64) {
    for ((weight, square), gradient) in weights.iter_mut().zip(squares).zip(gradients) {
        let gradient = gradient * value;
        *square += gradient * gradient;
        *weight -= RATE * gradient / (*square + 1e-12).sqrt();
    }
}
