//! What moves a score: the effect of each topic, touchpoint, agent, channel and product, and of the waiting time, on
//! the answers, corrected for all the others.
//!
//! An effect is what goes along with an answer in what was observed. It is no proof of cause: whatever is not among
//! the attributes is not corrected for.

mod columns;
mod regression;
mod waiting;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::metric::AnswerScale;
use crate::multiple::false_discovery_rates;
use columns::{Columns, Kind};
use regression::{Effect, Fit, regress};

pub use waiting::DOUBLING;

/// In how many answers something must be there, and from how many it must be missing, for its effect to be told.
pub const MINIMUM_N: u64 = 20;

/// The most drivers of one explanation.
pub const MOST: usize = 50;

/// How many answers there must be for each driver (Harrell, Regression Modeling Strategies, 2015, 4.4: 10 to 20).
pub const ANSWERS_A_DRIVER: usize = 10;

/// From this variance inflation on a driver can hardly be told apart from another one (James and others, An
/// Introduction to Statistical Learning, 2021, 3.3.3: 5 or 10).
pub const COLLINEAR: f64 = 5.0;

/// The most that a variance inflation is said to be: what cannot be told apart at all has no finite one.
const MOST_INFLATION: f64 = 1000.0;

const LEVEL: f64 = 0.95;

/// How effects and intervals are computed, for people.
pub const METHOD: &str = "least squares with heteroscedasticity-consistent errors (HC3, MacKinnon and White 1985); \
                          q-values by Benjamini and Hochberg";

/// What an attribute of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// A topic that the text mentions; an answer may have several.
    Topic,
    /// The touchpoint.
    Touchpoint,
    /// The agent.
    Agent,
    /// The channel.
    Channel,
    /// The product.
    Product,
    /// How long the customer had waited: a quantity, of which [`DOUBLING`] is the one value whose effect is told.
    WaitingTime,
}

impl Dimension {
    /// Those of which an answer has one value, or none.
    pub const EXCLUSIVE: [Self; 4] = [Self::Touchpoint, Self::Agent, Self::Channel, Self::Product];
}

/// One value of a dimension. An empty value of an exclusive dimension stands for answers that have none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribute {
    /// The dimension.
    pub dimension: Dimension,
    /// Its value.
    pub value: String,
}

/// One answer and what is on record about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The score given.
    pub score: i64,
    /// The topics, and a value of each of the exclusive dimensions; none twice.
    pub attributes: Vec<Attribute>,
    /// How long the customer had waited before; none where it is not known.
    pub waited: Option<Duration>,
}

/// What one thing goes along with, everything else alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Driver {
    /// What it is.
    pub attribute: Attribute,
    /// How many answers it concerns.
    pub n: u64,
    /// On the metric's scale.
    pub effect: f64,
    /// The lower end of the effect's interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The interval's confidence level, a probability.
    pub level: f64,
    /// The probability of an effect at least as large, either way, if there were none.
    pub p_value: f64,
    /// The same as a false-discovery rate over all drivers.
    pub q_value: f64,
    /// What it adds to the metric of all answers: the effect times the share of answers it concerns; of the waiting
    /// time, the effect times the mean doublings of a minute, not known ones counted as none.
    pub contribution: f64,
    /// How many times wider the effect's variance is than if no other driver went along with this one; 1 to 1000.
    pub variance_inflation: f64,
    /// Where that is above [`COLLINEAR`]: what goes along with it most.
    pub goes_along_with: Option<Attribute>,
}

/// Something whose effect is not known, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is.
    pub attribute: Attribute,
    /// How many answers it concerns.
    pub n: u64,
    /// Why, in words for people.
    pub reason: String,
}

/// What the effects of an exclusive dimension are measured against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The value that most answers have.
    pub attribute: Attribute,
    /// How many have it.
    pub n: u64,
}

/// What moves the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// How many answers it is made of.
    pub n: u64,
    /// The part of the answers' variance that all of it goes along with, corrected for the number of drivers; 0 to 1.
    pub r_squared: f64,
    /// The drivers, the one that contributes most first.
    pub drivers: Vec<Driver>,
    /// What could not be estimated, the one that concerns most answers first.
    pub left_out: Vec<LeftOut>,
    /// What effects are measured against.
    pub references: Vec<Reference>,
}

/// Explains the answers to one question, or says why nothing can be said of them.
///
/// # Errors
/// The reason, in words for people: too few answers, answers all alike, or nothing on record that enough of them
/// have and enough of them lack.
pub fn explain(scale: AnswerScale, answers: &[Answered]) -> Result<Explanation, String> {
    let definition = scale.metric().definition();
    let n = answers.len();
    if (n as u64) < definition.minimum_n {
        return Err(format!(
            "{n} of at least {} needed: not enough data",
            definition.minimum_n
        ));
    }
    let first = answers.first().map_or(0.0, |answer| scale.value_of(answer.score));
    if answers
        .iter()
        .all(|answer| (scale.value_of(answer.score) - first).abs() < 1e-9)
    {
        return Err(format!(
            "all {n} answers are alike for {}: there is nothing to explain",
            definition.name
        ));
    }
    let columns = Columns::of(answers);
    if columns.drivers() == 0 {
        return Err(format!(
            "nothing on record concerns {MINIMUM_N} of the {n} answers and is missing from as many: not enough data"
        ));
    }
    let fit = regress(columns.len(), &columns.rows(scale, answers), LEVEL);
    Ok(explanation(columns, &fit, n as u64))
}

fn explanation(columns: Columns, fit: &Fit, n: u64) -> Explanation {
    let mut explanation = Explanation {
        n,
        r_squared: fit.r_squared,
        drivers: Vec::new(),
        left_out: Vec::new(),
        references: Vec::new(),
    };
    for (place, column) in columns.list.iter().enumerate() {
        if column.kind != Kind::Driver {
            continue;
        }
        match fit.effects.get(place).copied().flatten() {
            Some(effect) => explanation.drivers.push(driver(&columns, fit, place, effect, n)),
            None => explanation.left_out.push(LeftOut {
                attribute: column.attribute.clone(),
                n: column.n,
                reason: inseparable(companion(&columns, fit, place)),
            }),
        }
    }
    let p_values: Vec<f64> = explanation.drivers.iter().map(|driver| driver.p_value).collect();
    for (driver, q_value) in explanation
        .drivers
        .iter_mut()
        .zip(false_discovery_rates(&p_values))
    {
        driver.q_value = q_value;
    }
    let by_contribution = |a: &Driver, b: &Driver| b.contribution.abs().total_cmp(&a.contribution.abs());
    explanation.drivers.sort_by(by_contribution);
    explanation.left_out.extend(columns.left_out);
    explanation.left_out.sort_by_key(|left| std::cmp::Reverse(left.n));
    let told = |dimension| {
        explanation
            .drivers
            .iter()
            .any(|driver| driver.attribute.dimension == dimension)
    };
    let mut references = columns.references;
    references.retain(|reference| told(reference.attribute.dimension));
    explanation.references = references;
    explanation
}

fn driver(columns: &Columns, fit: &Fit, place: usize, effect: Effect, n: u64) -> Driver {
    let column = &columns.list[place];
    let twin = companion(columns, fit, place)
        .filter(|&(other, _)| fit.effects.get(other).copied().flatten().is_none());
    let inflation = match twin {
        // Its like was left out for its sake: the effect is of either of them, or of both.
        Some((_, correlation)) if correlation.abs() > 0.999 => MOST_INFLATION,
        _ => effect.variance_inflation.clamp(1.0, MOST_INFLATION),
    };
    Driver {
        attribute: column.attribute.clone(),
        n: column.n,
        effect: effect.value,
        low: effect.low,
        high: effect.high,
        level: LEVEL,
        p_value: effect.p_value,
        q_value: effect.p_value,
        contribution: effect.value * column.sum / n.max(1) as f64,
        variance_inflation: inflation,
        goes_along_with: companion(columns, fit, place)
            .filter(|_| inflation > COLLINEAR)
            .map(|(other, _)| columns.list[other].attribute.clone()),
    }
}

/// The column that goes along most with one, and their correlation.
fn companion(columns: &Columns, fit: &Fit, place: usize) -> Option<(usize, f64)> {
    (0..columns.len())
        .filter(|&other| other != place)
        .map(|other| (other, fit.correlation.at(place, other)))
        .max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))
        .filter(|(_, correlation)| correlation.is_finite())
}

fn inseparable(companion: Option<(usize, f64)>) -> String {
    let always =
        "the other drivers say completely whether it is there: its effect cannot be told apart from theirs";
    match companion {
        Some((_, correlation)) if correlation.abs() > 0.999 => {
            "it is there exactly where another driver is, or is not: their effects cannot be told apart"
                .to_owned()
        }
        _ => always.to_owned(),
    }
}
