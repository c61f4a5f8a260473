//! Why a text was judged as it was: what each of its words pushed the scores by.

use std::ops::Range;

use crate::features::{BLOCK_FACTORS, BLOCKS, extract, extract_placed};
use crate::normalize::{Class, Glyph, normalize_placed};
use crate::sentiment::Model;
use crate::{Correction, Language, Sentiment, words};

/// Why a text's sentiment was judged as it was.
///
/// The scores are logarithms of odds against neutral: `exp(negative)` is how many times likelier negative is than
/// neutral. They are sums: the baseline, which no word can be blamed for, and what each word brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The language most of the text is in.
    pub language: Option<Language>,
    /// The judgement explained.
    pub sentiment: Sentiment,
    /// Why no class was named, if none was.
    pub abstained: Option<Abstained>,
    /// The probability under which no class is named, 0 to 1.
    pub threshold: f64,
    /// The model's name and number.
    pub model: String,
    /// Whether a correction learnt from the company's own customers took part.
    pub corrected: bool,
    /// What speaks for each class apart from the words: the model's bias, and how a correction shifts a text of
    /// which it knows this much.
    pub baseline: Push,
    /// What each word and sign brought, in the order of the text.
    pub contributions: Vec<Contribution>,
    /// Whether the text was longer than is read.
    pub truncated: bool,
}

/// How much something speaks for a class, in logarithms of odds against neutral.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Push {
    /// For negative.
    pub negative: f64,
    /// For positive.
    pub positive: f64,
}

impl Push {
    /// For positive rather than negative: the change in the logarithm of the odds of positive against negative.
    pub fn toward_positive(self) -> f64 {
        self.positive - self.negative
    }
}

/// What a word or sign of the text brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    /// First byte in the text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it brought: its own n-grams, and half of those it shares with the word before or after it.
    pub push: Push,
}

/// Why no class was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abstained {
    /// The text has no word or sign that could be judged.
    NothingToRead,
    /// No class was as probable as the threshold.
    Unsure,
}

/// What a text is explained with.
pub(crate) struct Explained<'a> {
    pub(crate) model: &'a Model,
    pub(crate) correction: Option<&'a Correction>,
    pub(crate) text: &'a str,
}

impl Explained<'_> {
    /// The scores before any word is read, and what each word and sign of the text adds to them.
    pub(crate) fn contributions(&self) -> (Push, Vec<Contribution>) {
        let mut glyphs = Vec::new();
        let mut places = Vec::new();
        normalize_placed(self.text, &mut glyphs, |byte, glyphs| places.push((byte, glyphs)));
        let mut units = units(self.text, &glyphs, &places);
        let mut counts = [0_u32; BLOCKS];
        extract(&glyphs, |block, _| counts[block] += 1);
        extract_placed(&glyphs, |block, feature, place| {
            let factor = BLOCK_FACTORS[block] / f64::from(counts[block]).sqrt();
            share(&mut units, &glyphs, place, self.push(feature, factor));
        });
        let contributions = units
            .into_iter()
            .filter(|unit| unit.contribution.start < unit.contribution.end);
        (
            self.baseline(&glyphs),
            contributions.map(|unit| unit.contribution).collect(),
        )
    }

    fn baseline(&self, glyphs: &[Glyph]) -> Push {
        let [negative, neutral, positive] = self.model.calibrate(self.model.bias());
        let [more_negative, more_positive] = self
            .correction
            .map(|correction| correction.offsets(glyphs))
            .unwrap_or_default();
        Push {
            negative: negative - neutral + more_negative,
            positive: positive - neutral + more_positive,
        }
    }

    /// What one feature adds.
    fn push(&self, feature: u32, factor: f64) -> Push {
        let scale = self.model.slope() * self.model.scale();
        let [negative, positive] = self
            .model
            .weights(feature)
            .map(|weight| f64::from(weight) * scale);
        let learnt = self.correction.map(|correction| correction.weights(feature));
        let [more_negative, more_positive] = learnt.unwrap_or_default();
        Push {
            negative: (negative + more_negative) * factor,
            positive: (positive + more_positive) * factor,
        }
    }
}

/// A word, Han word or run of signs: what explanations speak of.
struct Unit {
    glyphs: Range<usize>,
    contribution: Contribution,
}

/// The units of a normalised text with their places in the original. `places` says, for bytes of the text in order,
/// how many glyphs stand before each.
fn units(text: &str, glyphs: &[Glyph], places: &[(usize, usize)]) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut at = 0;
    while let Some(first) = glyphs.get(at) {
        let run = glyphs[at..].iter().take_while(|glyph| glyph.class == first.class);
        let lengths = match first.class {
            Class::Ideograph => words::cut_ideographs(&run.map(|glyph| glyph.character).collect::<String>()),
            _ => vec![run.count()],
        };
        for length in lengths {
            if first.class != Class::Space {
                units.push(Unit {
                    glyphs: at..at + length,
                    contribution: Contribution {
                        start: byte_of(text, places, at),
                        end: end_of(text, places, at + length),
                        push: Push::default(),
                    },
                });
            }
            at += length;
        }
    }
    units
}

/// The byte of the text that a glyph was read from: the last step before which no more glyphs stood.
fn byte_of(text: &str, places: &[(usize, usize)], glyph: usize) -> usize {
    let after = places.partition_point(|&(_, before)| before <= glyph);
    after.checked_sub(1).map_or(text.len(), |step| places[step].0)
}

/// The byte after what the glyphs before `glyph` were read from.
fn end_of(text: &str, places: &[(usize, usize)], glyph: usize) -> usize {
    let ends = places.partition_point(|&(_, before)| before < glyph);
    places.get(ends).map_or(text.len(), |&(byte, _)| byte)
}

/// Gives a feature's push evenly to the units that it was read from and that are of the kind of the first of them.
fn share(units: &mut [Unit], glyphs: &[Glyph], place: Range<usize>, push: Push) {
    let mut classes = glyphs[place.clone()].iter().map(|glyph| glyph.class);
    let kind = classes.find(|&class| class != Class::Space);
    let first = units.partition_point(|unit| unit.glyphs.end <= place.start);
    let beyond = units.partition_point(|unit| unit.glyphs.start < place.end);
    let of_kind = |unit: &&mut Unit| glyphs.get(unit.glyphs.start).map(|glyph| glyph.class) == kind;
    let overlap = |unit: &Unit| unit.glyphs.end.min(place.end) - unit.glyphs.start.max(place.start);
    let weigh = |unit: &Unit| {
        if kind == Some(Class::Ideograph) {
            overlap(unit) as f64
        } else {
            1.0
        }
    };
    let range = &mut units[first..beyond];
    let total: f64 = range.iter_mut().filter(of_kind).map(|unit| weigh(unit)).sum();
    for unit in range.iter_mut().filter(of_kind) {
        let part = weigh(unit) / total;
        unit.contribution.push.negative += push.negative * part;
        unit.contribution.push.positive += push.positive * part;
    }
}
