//! Topics by example: one linear support vector machine for each topic, over hashed n-grams, trained when the
//! taxonomy is compiled.
//!
//! The machine has squared hinge loss and is found by dual coordinate descent (Hsieh, Chang, Lin, Keerthi and
//! Sundararajan, 2008): a few passes over the examples, most of which soon are at rest and are left out.

use std::collections::{BTreeMap, HashMap};

use super::TopicDefinition;
use crate::features::{BLOCKS, extract};
use crate::normalize::normalize;
use crate::random::SplitMix64;

/// How heavy each kind of feature weighs: inside words much is said several times over.
const BLOCK_FACTORS: [f32; BLOCKS] = [1.0, 0.7, 1.0, 1.0];
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
/// Turns the distance from the border into a probability: at the margin, one, it is 0.95.
const STEEPNESS: f32 = 3.0;
const SEED: u64 = 1;
/// From so many examples on, what a single example holds is left out: it teaches little and costs most.
const MANY_EXAMPLES: usize = 20_000;

/// A classifier of texts by the examples of topics.
#[derive(Debug)]
pub(super) struct Classifier {
    /// The topics that have examples, as positions in the taxonomy.
    pub(super) topics: Vec<usize>,
    /// The row of each feature that the examples hold.
    rows: HashMap<u32, usize>,
    /// Inverse document frequency of each row.
    idf: Vec<f32>,
    /// Score of each topic for a text of which nothing is known.
    biases: Vec<f32>,
    /// One weight for each row and topic.
    weights: Vec<f32>,
    /// The examples of each topic in its own order: to say which of them a text is most like. The weights take far
    /// more room.
    examples: Vec<Vec<Sparse>>,
}

/// A text as rows with their values, of length one in all.
pub(super) type Features = Vec<(usize, f32)>;

/// Features as they are kept: half as large.
type Sparse = Box<[(u32, f32)]>;

struct Example {
    features: Features,
    /// Which of the classifier's topics it speaks of.
    labels: Vec<usize>,
}

impl Classifier {
    /// Learns from the topics' examples; `None` when there are none.
    pub(super) fn train(definitions: &[TopicDefinition]) -> Option<Classifier> {
        let topics: Vec<usize> = (0..definitions.len())
            .filter(|&index| !definitions[index].examples.is_empty())
            .collect();
        if topics.is_empty() {
            return None;
        }
        let mut texts: BTreeMap<&str, Vec<usize>> = include_str!("../../data/background.txt")
            .lines()
            .map(|line| (line, Vec::new()))
            .collect();
        for (class, &topic) in topics.iter().enumerate() {
            for example in &definitions[topic].examples {
                texts.entry(example).or_default().push(class);
            }
        }
        let mut classifier = Classifier::with_rows_of(topics, texts.keys().copied());
        let examples: Vec<Example> = texts
            .into_iter()
            .map(|(text, labels)| Example {
                features: classifier.features(text),
                labels,
            })
            .collect();
        classifier.learn(&examples);
        let own = |&topic: &usize| {
            let texts = definitions[topic].examples.iter();
            texts.map(|text| sparse(&classifier.features(text))).collect()
        };
        classifier.examples = classifier.topics.iter().map(own).collect();
        Some(classifier)
    }

    /// A classifier that knows which features the texts hold, and has learnt nothing.
    fn with_rows_of<'a>(topics: Vec<usize>, texts: impl ExactSizeIterator<Item = &'a str>) -> Classifier {
        let total = texts.len();
        let mut texts_with: BTreeMap<u32, usize> = BTreeMap::new();
        for text in texts {
            let mut features: Vec<u32> = raw_features(text).into_iter().flatten().collect();
            features.sort_unstable();
            features.dedup();
            for feature in features {
                *texts_with.entry(feature).or_default() += 1;
            }
        }
        if total >= MANY_EXAMPLES {
            texts_with.retain(|_, count| *count > 1);
        }
        let idf = texts_with
            .values()
            .map(|&count| inverse_frequency(count, total))
            .collect();
        let weights = vec![0.0; texts_with.len() * topics.len()];
        let rows = texts_with
            .into_keys()
            .enumerate()
            .map(|(row, feature)| (feature, row))
            .collect();
        Classifier {
            biases: vec![0.0; topics.len()],
            topics,
            rows,
            idf,
            weights,
            examples: Vec::new(),
        }
    }

    /// A text as the classifier sees it.
    pub(super) fn features(&self, text: &str) -> Features {
        let mut features = Features::new();
        for (mut block, factor) in raw_features(text).into_iter().zip(BLOCK_FACTORS) {
            block.sort_unstable();
            for repeats in block.chunk_by(|left, right| left == right) {
                if let Some(&row) = self.rows.get(&repeats[0]) {
                    let frequency = 1.0 + libm::logf(repeats.len() as f32);
                    features.push((row, frequency * self.idf[row] * factor));
                }
            }
        }
        let squares: f32 = features.iter().map(|(_, value)| value * value).sum();
        let length = squares.sqrt().max(f32::MIN_POSITIVE);
        for (_, value) in &mut features {
            *value /= length;
        }
        features
    }

    fn learn(&mut self, examples: &[Example]) {
        let classes = self.topics.len();
        for class in 0..classes {
            let machine = Machine::train(examples, class, self.idf.len());
            self.biases[class] = machine.bias;
            for (row, weight) in machine.weights.into_iter().enumerate() {
                self.weights[row * classes + class] = weight;
            }
        }
    }

    /// The probability of each of [`Classifier::topics`], independent of the others.
    pub(super) fn probabilities(&self, features: &Features) -> Vec<f32> {
        let mut scores = self.biases.clone();
        for &(row, value) in features {
            let weights = &self.weights[row * scores.len()..(row + 1) * scores.len()];
            for (score, weight) in scores.iter_mut().zip(weights) {
                *score += weight * value;
            }
        }
        scores
            .into_iter()
            .map(|score| logistic(STEEPNESS * score))
            .collect()
    }

    /// The position of the example of a class that a text is most like, by the cosine of their features; the first
    /// of several alike.
    pub(super) fn nearest(&self, class: usize, features: &Features) -> usize {
        let rows: HashMap<usize, f32> = features.iter().copied().collect();
        let likeness = |example: &Sparse| -> f32 {
            let shared = example
                .iter()
                .filter_map(|&(row, value)| Some(value * rows.get(&(row as usize))?));
            shared.sum()
        };
        let mut best = (0, f32::MIN);
        for (position, example) in self.examples[class].iter().enumerate() {
            let likeness = likeness(example);
            if likeness > best.1 {
                best = (position, likeness);
            }
        }
        best.0
    }
}

fn sparse(features: &Features) -> Sparse {
    // Rows are at most as many as there are features, which 32 bits number.
    let narrow = |&(row, value): &(usize, f32)| Some((u32::try_from(row).ok()?, value));
    features.iter().filter_map(narrow).collect()
}

/// The border between one topic and all others.
struct Machine {
    weights: Vec<f32>,
    bias: f32,
}

impl Machine {
    fn train(examples: &[Example], class: usize, rows: usize) -> Machine {
        let mut machine = Machine {
            weights: vec![0.0; rows],
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
                // The features have length one and the bias counts as one more of value one.
                let moved = (*multiplier - gradient / (2.0 + softness)).max(0.0);
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
        features.iter().fold(self.bias, |score, &(row, value)| {
            score + self.weights[row] * value
        })
    }

    fn shift(&mut self, features: &Features, by: f32) {
        if by != 0.0 {
            self.bias += by;
            for &(row, value) in features {
                self.weights[row] += by * value;
            }
        }
    }
}

fn raw_features(text: &str) -> [Vec<u32>; BLOCKS] {
    let mut glyphs = Vec::new();
    normalize(text, &mut glyphs);
    let mut blocks: [Vec<u32>; BLOCKS] = Default::default();
    extract(&glyphs, |block, feature| blocks[block].push(feature));
    blocks
}

/// At least one, for what every text holds (smoothed idf; Salton and Buckley, 1988).
fn inverse_frequency(count: usize, total: usize) -> f32 {
    narrow(libm::log((1.0 + total as f64) / (1.0 + count as f64)) + 1.0)
}

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}

fn logistic(score: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-score))
}
