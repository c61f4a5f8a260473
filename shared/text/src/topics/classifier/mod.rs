//! Topics by example: one linear support vector machine for each topic, over hashed n-grams and what the words mean
//! together, trained when the taxonomy is compiled.

mod features;
mod machine;

use std::collections::{BTreeMap, HashMap};

use super::TopicDefinition;
use crate::words::dot;
pub(super) use features::Features;
use features::Vocabulary;
use machine::{Example, Machine};

/// Turns the distance from the border into a probability: at the margin, one, it is 0.95.
const STEEPNESS: f32 = 3.0;

/// A classifier of texts by the examples of topics.
#[derive(Debug)]
pub(super) struct Classifier {
    /// The topics that have examples, as positions in the taxonomy.
    pub(super) topics: Vec<usize>,
    vocabulary: Vocabulary,
    /// Score of each topic for a text of which nothing is known.
    biases: Vec<f32>,
    /// One weight for each row and topic.
    weights: Vec<f32>,
    /// One weight for each topic and direction of meaning.
    directions: Vec<Vec<f32>>,
    /// The examples of each topic in its own order: to say which of them a text is most like. The weights take far
    /// more room.
    examples: Vec<Vec<Features>>,
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
        let mut texts: BTreeMap<&str, Vec<usize>> = include_str!("../../../data/background.txt")
            .lines()
            .map(|line| (line, Vec::new()))
            .collect();
        for (class, &topic) in topics.iter().enumerate() {
            for example in &definitions[topic].examples {
                texts.entry(example).or_default().push(class);
            }
        }
        let vocabulary = Vocabulary::of(texts.keys().copied());
        let mut classifier = Classifier {
            biases: vec![0.0; topics.len()],
            weights: vec![0.0; vocabulary.rows() * topics.len()],
            directions: Vec::with_capacity(topics.len()),
            examples: Vec::with_capacity(topics.len()),
            topics,
            vocabulary,
        };
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
            texts.map(|text| classifier.features(text)).collect()
        };
        classifier.examples = classifier.topics.iter().map(own).collect();
        Some(classifier)
    }

    /// A text as the classifier sees it.
    pub(super) fn features(&self, text: &str) -> Features {
        self.vocabulary.features(text)
    }

    fn learn(&mut self, examples: &[Example]) {
        let classes = self.topics.len();
        for class in 0..classes {
            let machine = Machine::train(examples, class, self.vocabulary.rows());
            self.biases[class] = machine.bias;
            self.directions.push(machine.directions);
            for (row, weight) in machine.weights.into_iter().enumerate() {
                self.weights[row * classes + class] = weight;
            }
        }
    }

    /// The probability of each of [`Classifier::topics`], independent of the others.
    pub(super) fn probabilities(&self, features: &Features) -> Vec<f32> {
        let mut scores = self.biases.clone();
        for (score, directions) in scores.iter_mut().zip(&self.directions) {
            *score += dot(directions, &features.meaning);
        }
        for &(row, value) in &features.grams {
            let row = row as usize * scores.len();
            let weights = &self.weights[row..row + scores.len()];
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
        let rows: HashMap<u32, f32> = features.grams.iter().copied().collect();
        let likeness = |example: &Features| -> f32 {
            let shared = example.grams.iter();
            let shared = shared.filter_map(|&(row, value)| Some(value * rows.get(&row)?));
            shared.sum::<f32>() + dot(&example.meaning, &features.meaning)
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

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}

fn logistic(score: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-score))
}
