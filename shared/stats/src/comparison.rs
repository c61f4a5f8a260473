//! Whether two numbers of one metric differ beyond chance, and by how much.
//!
//! The unit is an answer. People who answer several times make the answers of a group alike, and the interval of a
//! difference between other people's answers narrower than it ought to be; with the same people on both sides it is
//! wider than it need be.

use serde::{Deserialize, Serialize};
use statrs::function::factorial::ln_binomial;

use crate::distribution::{chi_squared_sf, normal_critical, student_two_sided};
use crate::metric::{ConfidenceLevel, Histogram, MetricError, Outcome, share};
use crate::multiple::family_wise;
use crate::pilot::{Sample, difference as interval_of};
use crate::registry::MetricId;
use crate::verdict::Interval;

/// What a number of a group is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// Answers on a scale.
    Answers(Histogram),
    /// A share: how many of `n` count.
    Share {
        /// Which share.
        metric: MetricId,
        /// Those that count.
        successes: u64,
        /// All of them.
        n: u64,
    },
}

impl Counts {
    /// Which metric these counts make.
    pub const fn metric(&self) -> MetricId {
        match self {
            Self::Answers(histogram) => histogram.scale().metric(),
            Self::Share { metric, .. } => *metric,
        }
    }

    /// The number, or the reason why there is none.
    ///
    /// # Errors
    /// [`MetricError::NotAShare`] and [`MetricError::SuccessesExceedN`] for counts that cannot be.
    pub fn outcome(&self, level: ConfidenceLevel) -> Result<Outcome, MetricError> {
        match self {
            Self::Answers(histogram) => Ok(histogram.outcome(level)),
            Self::Share { metric, successes, n } => share(*metric, *successes, *n, level),
        }
    }

    /// For a share, how many count; none for a mean.
    pub fn successes(&self) -> Option<u64> {
        match self {
            Self::Answers(histogram) if self.metric() == MetricId::Csat => Some(histogram.top_two()),
            Self::Answers(_) => None,
            Self::Share { successes, .. } => Some(*successes),
        }
    }

    fn sample(&self) -> Sample {
        match self {
            Self::Share { successes, n, .. } => Sample::Proportion {
                successes: *successes,
                n: *n,
            },
            Self::Answers(histogram) => {
                let n = histogram.n();
                if let Some(successes) = self.successes() {
                    return Sample::Proportion { successes, n };
                }
                let (mean, squares) = histogram.moments();
                let deviation = (squares / (n.saturating_sub(1)).max(1) as f64).sqrt();
                Sample::Mean { n, mean, deviation }
            }
        }
    }
}

/// How the interval and the p-value of a difference are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Two shares with enough of both outcomes.
    Shares,
    /// Two shares of which one outcome is expected less than once in a group.
    RareShares,
    /// Two means.
    Means,
    /// Two means of which one is over answers that are all alike.
    AlikeMeans,
}

impl Test {
    /// How the interval is computed: name and source, for people.
    pub const fn interval_name(self) -> &'static str {
        match self {
            Self::Shares | Self::RareShares => "hybrid score interval (Newcombe 1998, method 10)",
            Self::Means => "Welch's interval (Welch 1947)",
            Self::AlikeMeans => {
                "the intervals of both sides combined (MOVER, Zou and Donner 2008), since the answers of one side are \
                 all alike"
            }
        }
    }

    /// How the p-value is computed: name and source, for people.
    pub const fn test_name(self) -> &'static str {
        match self {
            Self::Shares => "N - 1 chi-squared test (Campbell 2007)",
            Self::RareShares => "Fisher's exact test by Irwin's rule (Campbell 2007)",
            Self::Means => "Welch's t test (Welch 1947)",
            Self::AlikeMeans => "test of the share of the answer that is alike (Campbell 2007)",
        }
    }
}

/// How far a number is from another one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The group's value less the reference's, on the metric's scale.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// The interval's confidence level, a probability.
    pub level: f64,
    /// The probability of a difference at least as large, either way, if there were none.
    pub p_value: f64,
    /// How interval and p-value are computed.
    pub test: Test,
}

/// A group beside the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The group's number.
    pub outcome: Outcome,
    /// How far it is from the reference's; the reason where either has no number.
    pub difference: Result<Difference, String>,
    /// The p-value corrected for the number of differences (Holm); 1 where there is none.
    pub adjusted_p_value: f64,
}

/// Compares each group with the reference. The intervals hold together: with k differences each is at the level
/// 1 − 0.05 / k (Bonferroni), and the p-values are corrected by Holm's procedure. Groups should share no answers with
/// the reference: what they share makes interval and p-value larger than they need be.
///
/// # Errors
/// As [`Counts::outcome`], and [`MetricError::DifferentMetrics`].
pub fn compare(reference: &Counts, groups: &[Counts]) -> Result<(Outcome, Vec<Comparison>), MetricError> {
    groups
        .iter()
        .try_for_each(|group| alike_metrics(group, reference))?;
    let base = reference.outcome(ConfidenceLevel::P95)?;
    let outcomes: Vec<Outcome> = groups
        .iter()
        .map(|group| group.outcome(ConfidenceLevel::P95))
        .collect::<Result<_, _>>()?;
    let known = outcomes
        .iter()
        .filter(|outcome| outcome.estimate().is_some())
        .count();
    let level = ConfidenceLevel::try_from(1.0 - 0.05 / known.max(1) as f64)?;
    let mut comparisons = Vec::with_capacity(groups.len());
    for (group, outcome) in groups.iter().zip(outcomes) {
        let difference = match (&base, &outcome) {
            (Outcome::Suppressed { reason, .. }, _) => Err(format!("the reference has no number: {reason}")),
            (_, Outcome::Suppressed { reason, .. }) => Err(format!("the group has no number: {reason}")),
            (Outcome::Known(_), Outcome::Known(_)) => Ok(difference(group, reference, level)?),
        };
        comparisons.push(Comparison {
            outcome,
            difference,
            adjusted_p_value: 1.0,
        });
    }
    let tested = || comparisons.iter().filter_map(|one| one.difference.as_ref().ok());
    let adjusted = family_wise(&tested().map(|difference| difference.p_value).collect::<Vec<_>>());
    let found = comparisons.iter_mut().filter(|one| one.difference.is_ok());
    for (comparison, adjusted) in found.zip(adjusted) {
        comparison.adjusted_p_value = adjusted;
    }
    Ok((base, comparisons))
}

/// The difference of two groups of at least two answers each, whether or not they are enough to be shown.
///
/// Shares: Newcombe's hybrid score interval, and the N − 1 χ² test or Fisher's, as Campbell recommends (Chi-squared
/// and Fisher–Irwin tests of two-by-two tables with small sample recommendations, Statistics in Medicine 26(19),
/// 2007). Means, NPS among them: Welch's. Where all answers of a side are alike their variance says "certain", and
/// the intervals of both sides are combined instead (Zou and Donner, Construction of confidence limits about effect
/// measures, Statistics in Medicine 27(10), 2008).
///
/// # Errors
/// As [`Counts::outcome`], and [`MetricError::DifferentMetrics`].
pub fn difference(
    group: &Counts,
    reference: &Counts,
    level: ConfidenceLevel,
) -> Result<Difference, MetricError> {
    alike_metrics(group, reference)?;
    let metric = group.metric();
    let (one, other) = (group.sample(), reference.sample());
    let alike = |sample: &Sample| matches!(sample, Sample::Mean { deviation, .. } if *deviation <= 0.0);
    if let (Counts::Answers(group), Counts::Answers(reference)) = (group, reference)
        && (alike(&one) || alike(&other))
    {
        return Ok(alike_difference(group, reference, level));
    }
    let value = one.value() - other.value();
    let scale = metric.definition().scale;
    let widest = scale.maximum - scale.minimum;
    let interval = interval_of(&one, &other, normal_critical(level.get())).unwrap_or(Interval {
        low: -widest,
        high: widest,
    });
    let (p_value, test) = match (one, other) {
        (Sample::Proportion { successes, n }, Sample::Proportion { successes: s, n: m }) => {
            two_shares((successes, n), (s, m))
        }
        (one, other) => (welch(&one, &other), Test::Means),
    };
    Ok(Difference {
        value,
        low: interval.low.max(-widest),
        high: interval.high.min(widest),
        level: level.get(),
        p_value,
        test,
    })
}

fn alike_metrics(group: &Counts, reference: &Counts) -> Result<(), MetricError> {
    let (left, right) = (group.metric(), reference.metric());
    if left == right {
        Ok(())
    } else {
        Err(MetricError::DifferentMetrics { left, right })
    }
}

/// The p-value of Welch's t test.
fn welch(one: &Sample, other: &Sample) -> f64 {
    let parts = |sample: &Sample| match *sample {
        Sample::Mean { n, deviation, .. } if n > 1 => (deviation.powi(2) / n as f64, (n - 1) as f64),
        _ => (f64::INFINITY, 1.0),
    };
    let ((a, a_freedom), (b, b_freedom)) = (parts(one), parts(other));
    let error = (a + b).sqrt();
    if !error.is_finite() {
        return 1.0;
    }
    let freedom = (a + b).powi(2) / (a * a / a_freedom + b * b / b_freedom);
    student_two_sided((one.value() - other.value()) / error, freedom)
}

/// Two means of which one is over answers all alike.
fn alike_difference(group: &Histogram, reference: &Histogram, level: ConfidenceLevel) -> Difference {
    let side = |histogram: &Histogram| match histogram.outcome_from(2, level) {
        Outcome::Known(estimate) => (estimate.value, estimate.low, estimate.high),
        Outcome::Suppressed { .. } => {
            let scale = histogram.scale().metric().definition().scale;
            (histogram.moments().0, scale.minimum, scale.maximum)
        }
    };
    let ((a, a_low, a_high), (b, b_low, b_high)) = (side(group), side(reference));
    let common = [group, reference]
        .into_iter()
        .find(|side| side.moments().1 <= 0.0);
    let value = common.map_or(a, |side| side.moments().0);
    let having = |histogram: &Histogram| {
        let same = histogram.values().filter(|(v, _)| (v - value).abs() < 1e-9);
        (same.map(|(_, count)| count).sum(), histogram.n())
    };
    Difference {
        value: a - b,
        low: a - b - (a - a_low).hypot(b_high - b),
        high: a - b + (a_high - a).hypot(b - b_low),
        level: level.get(),
        p_value: two_shares(having(group), having(reference)).0,
        test: Test::AlikeMeans,
    }
}

/// The p-value of two shares, each as successes of n.
fn two_shares((a, n): (u64, u64), (b, m): (u64, u64)) -> (f64, Test) {
    let (successes, all) = (a + b, n + m);
    let rarer = successes.min(all - successes);
    if rarer == 0 {
        return (1.0, Test::Shares);
    }
    let expected = n.min(m) as f64 * rarer as f64 / all as f64;
    if expected < 1.0 {
        return (fisher((a, n), (b, m)), Test::RareShares);
    }
    let pooled = successes as f64 / all as f64;
    let variance = pooled * (1.0 - pooled) * (1.0 / n as f64 + 1.0 / m as f64);
    let distance = a as f64 / n as f64 - b as f64 / m as f64;
    let statistic = distance.powi(2) / variance * (all - 1) as f64 / all as f64;
    (chi_squared_sf(statistic, 1.0), Test::Shares)
}

/// Fisher's exact test by Irwin's rule: the probability, with all sums fixed, of tables no likelier than this one.
///
/// Called only where a cell is expected less than once, so that there are at most about √N tables.
fn fisher((a, n): (u64, u64), (b, m): (u64, u64)) -> f64 {
    let successes = a + b;
    let whole = ln_binomial(n + m, successes);
    let probability = |k: u64| (ln_binomial(n, k) + ln_binomial(m, successes - k) - whole).exp();
    let observed = probability(a) * (1.0 + 1e-7);
    (successes.saturating_sub(m)..=successes.min(n))
        .map(probability)
        .filter(|&probability| probability <= observed)
        .sum::<f64>()
        .min(1.0)
}
