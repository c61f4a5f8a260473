//! Topics by example: one logistic regression for each topic, over hashed n-grams, trained when the
//! taxonomy is compiled.

use std::collections::{BTreeMap, HashMap};

use super::TopicDefinition;
use crate::features::{BLOCK_FACTORS, BLOCKS, extract};
use crate::normalize::normalize;
use crate::training::SplitMix64;

/// Score of a topic of which a text holds nothing: a probability of 0.12.
const BIAS: f32 = -2.0;
/// Examples read in training, each several times: few examples need more passes until they are told apart.
const READINGS: usize = 30_000;
const PASSES: std::ops::RangeInclusive<usize> = 12..=100;
const RATE: f32 = 0.1;
const SEED: u64 = 1;
/// From so many examples on, what a single example holds is left out: it teaches little and costs most.
const MANY_EXAMPLES: usize = 1_000;

/// A classifier of texts by the examples of topics.
#[derive(Debug)]
pub(super) struct Classifier {
    /// The topics that have examples, as positions in the taxonomy.
    pub(super) topics: Vec<usize>,
    /// The row of each bucket that the examples hold.
    rows: HashMap<u32, usize>,
    /// Inverse document frequency of each row.
    idf: Vec<f32>,
    /// One weight for each row and topic.
    weights: Vec<f32>,
}

/// A text as rows with their values.
type Features = Vec<(usize, f32)>;

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
        Some(classifier)
    }

    /// A classifier that knows which buckets the texts hold, and has learnt nothing.
    fn with_rows_of<'a>(topics: Vec<usize>, texts: impl ExactSizeIterator<Item = &'a str>) -> Classifier {
        let total = texts.len();
        let mut texts_with: BTreeMap<u32, usize> = BTreeMap::new();
        for text in texts {
            let mut buckets: Vec<u32> = raw_features(text).into_iter().flatten().collect();
            buckets.sort_unstable();
            buckets.dedup();
            for bucket in buckets {
                *texts_with.entry(bucket).or_default() += 1;
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
            .map(|(row, bucket)| (bucket, row))
            .collect();
        Classifier {
            topics,
            rows,
            idf,
            weights,
        }
    }

    fn features(&self, text: &str) -> Features {
        let mut features = Features::new();
        for (block, factor) in raw_features(text).into_iter().zip(BLOCK_FACTORS) {
            let scale = narrow(factor) / (block.len().max(1) as f32).sqrt();
            let known = block.iter().filter_map(|bucket| self.rows.get(bucket));
            features.extend(known.map(|&row| (row, self.idf[row] * scale)));
        }
        features
    }

    fn learn(&mut self, examples: &[Example]) {
        let classes = self.topics.len();
        let mut squares = vec![0.0; self.weights.len()];
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut random = SplitMix64(SEED);
        let mut gradients = vec![0.0; classes];
        let passes = (READINGS / examples.len().max(1)).clamp(*PASSES.start(), *PASSES.end());
        for _ in 0..passes {
            random.shuffle(&mut order);
            for &index in &order {
                let Example { features, labels } = &examples[index];
                self.score(features, &mut gradients);
                for gradient in &mut gradients {
                    *gradient = logistic(*gradient);
                }
                for &label in labels {
                    gradients[label] -= 1.0;
                }
                for &(row, value) in features {
                    let cells = row * classes..(row + 1) * classes;
                    let cells = self.weights[cells.clone()].iter_mut().zip(&mut squares[cells]);
                    for ((weight, square), gradient) in cells.zip(&gradients) {
                        let gradient = gradient * value;
                        *square += gradient * gradient;
                        *weight -= RATE * gradient / (*square + 1e-8_f32).sqrt();
                    }
                }
            }
        }
    }

    /// The scores of all topics, into `scores`.
    fn score(&self, features: &Features, scores: &mut [f32]) {
        scores.fill(BIAS);
        for &(row, value) in features {
            let weights = &self.weights[row * scores.len()..(row + 1) * scores.len()];
            for (score, weight) in scores.iter_mut().zip(weights) {
                *score += weight * value;
            }
        }
    }

    /// The probability of each of [`Classifier::topics`], independent of the others.
    pub(super) fn probabilities(&self, text: &str) -> Vec<f32> {
        let mut scores = vec![0.0; self.topics.len()];
        self.score(&self.features(text), &mut scores);
        scores.into_iter().map(logistic).collect()
    }
}

fn raw_features(text: &str) -> [Vec<u32>; BLOCKS] {
    let mut glyphs = Vec::new();
    normalize(text, &mut glyphs);
    let mut blocks: [Vec<u32>; BLOCKS] = Default::default();
    extract(&glyphs, |block, bucket| blocks[block].push(bucket));
    blocks
}

/// Between 0 (in every text) and 1 (in one text).
fn inverse_frequency(count: usize, total: usize) -> f32 {
    narrow((1.0 - libm::log(count as f64) / libm::log(1.0 + total as f64)).max(0.0))
}

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}

fn logistic(score: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-score))
}
