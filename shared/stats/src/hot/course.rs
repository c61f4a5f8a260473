//! How the days of a topic's volume compare with what they were before.

use chrono::{Datelike, NaiveDate};

use crate::distribution::count_quantile;

/// The fewest days that anything can be expected from.
const FEWEST_DAYS: usize = 3;
/// The days from which on a factor for the day of week is estimated, as in a run of the detection.
const WEEKS_KNOWN: usize = 21;
/// A day above this multiple of the median is an outbreak of its own and no baseline, as in a run.
const PAST_OUTBREAK: f64 = 3.0;
/// Below so many mentions a day is no outbreak, whatever the median.
const SUPPORT: f64 = 20.0;

/// One day of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The date in UTC.
    pub date: NaiveDate,
    /// Mentions of the topic that are not positive.
    pub mentions: u64,
    /// All feedback of the slice.
    pub feedback: u64,
}

/// The range of mentions of a day on which nothing changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The mean.
    pub expected: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What a topic's days are usually like.
#[derive(Debug, Clone, PartialEq)]
pub struct Usual {
    /// Mentions on a day whose factor is one.
    level: f64,
    /// By day of week, from Monday; all one where too few weeks are known.
    factors: [f64; 7],
    /// Variance = mean + κ · mean².
    overdispersion: f64,
    /// The variance of the level's estimate over the level's square.
    uncertainty: f64,
}

impl Usual {
    /// What the days `before` say, with the overdispersion that a run estimated from all topics. Days without any feedback
    /// are missing, days that were an outbreak already are left out. `None` where fewer than three days remain.
    pub fn of(before: &[Day], overdispersion: f64) -> Option<Self> {
        let lived: Vec<&Day> = before.iter().filter(|day| day.feedback > 0).collect();
        let factors = day_of_week(&lived);
        let rate = |day: &Day| day.mentions as f64 / factor(&factors, day.date);
        let mut rates: Vec<f64> = lived.iter().map(|day| rate(day)).collect();
        rates.sort_by(f64::total_cmp);
        let median = rates.get(rates.len() / 2).copied()?;
        let ordinary: Vec<&Day> = lived
            .into_iter()
            .filter(|day| rate(day) < SUPPORT || rate(day) <= PAST_OUTBREAK * median)
            .collect();
        if ordinary.len() < FEWEST_DAYS {
            return None;
        }
        let exposure: f64 = ordinary.iter().map(|day| factor(&factors, day.date)).sum();
        let squares: f64 = ordinary
            .iter()
            .map(|day| (factor(&factors, day.date) / exposure).powi(2))
            .sum();
        // Half a mention stands for a past without any, as in a run.
        let total = ordinary.iter().map(|day| day.mentions as f64).sum::<f64>() + 0.5;
        Some(Self {
            level: total / exposure,
            factors,
            overdispersion,
            uncertainty: 1.0 / total + overdispersion * squares,
        })
    }

    /// The central interval at `level` (such as 0.95) of a day's mentions: of a negative binomial count whose variance
    /// carries the uncertainty of its mean, as in the tail that a run tests with.
    pub fn range(&self, date: NaiveDate, level: f64) -> Range {
        let expected = self.level * factor(&self.factors, date);
        let variance = expected + (self.overdispersion + self.uncertainty) * expected * expected;
        let outside = (1.0 - level) / 2.0;
        Range {
            expected,
            low: count_quantile(outside, expected, variance) as f64,
            high: count_quantile(1.0 - outside, expected, variance) as f64,
        }
    }
}

fn factor(factors: &[f64; 7], date: NaiveDate) -> f64 {
    let place = date.weekday().num_days_from_monday() as usize;
    factors.get(place).copied().unwrap_or(1.0)
}

/// The part of the mean volume that each day of week has.
fn day_of_week(days: &[&Day]) -> [f64; 7] {
    let (mut sums, mut counts) = ([0.0; 7], [0.0_f64; 7]);
    for day in days {
        let place = day.date.weekday().num_days_from_monday() as usize;
        sums[place] += day.feedback as f64;
        counts[place] += 1.0;
    }
    if days.len() < WEEKS_KNOWN || counts.iter().any(|count| *count < 2.0) {
        return [1.0; 7];
    }
    let mut means = [0.0; 7];
    for ((mean, sum), count) in means.iter_mut().zip(sums).zip(counts) {
        *mean = sum / count;
    }
    let overall = means.iter().sum::<f64>() / 7.0;
    means.map(|mean| mean / overall)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(count: u64, of: impl Fn(u64) -> (u64, u64)) -> Vec<Day> {
        let monday: NaiveDate = "2026-02-02".parse().unwrap();
        (0..count)
            .map(|place| {
                let (mentions, feedback) = of(place);
                Day {
                    date: monday + chrono::Days::new(place),
                    mentions,
                    feedback,
                }
            })
            .collect()
    }

    #[test]
    fn a_day_is_expected_to_be_as_the_days_before_were() {
        let usual = Usual::of(&days(14, |place| (10 + place % 2, 100)), 0.0).unwrap();
        let range = usual.range("2026-02-20".parse().unwrap(), 0.95);
        assert!((range.expected - 10.5).abs() < 0.1, "{range:?}");
        // Poisson with mean 10.5: 5 to 17, and a little more for a mean that is only estimated.
        assert!(
            (3.0..=5.0).contains(&range.low) && (17.0..=19.0).contains(&range.high),
            "{range:?}"
        );
        let wilder = Usual::of(&days(14, |place| (10 + place % 2, 100)), 0.3).unwrap();
        assert!(wilder.range("2026-02-20".parse().unwrap(), 0.95).high > range.high + 4.0);
    }

    #[test]
    fn a_quiet_weekend_is_expected_from_three_weeks_on() {
        let weekend = |place: u64| if place % 7 > 4 { (2, 20) } else { (20, 200) };
        let saturday: NaiveDate = "2026-03-07".parse().unwrap();
        let monday: NaiveDate = "2026-03-09".parse().unwrap();
        let known = Usual::of(&days(28, weekend), 0.01).unwrap();
        assert!((known.range(saturday, 0.95).expected - 2.0).abs() < 0.1);
        assert!((known.range(monday, 0.95).expected - 20.0).abs() < 0.3);
        let unknown = Usual::of(&days(20, weekend), 0.01).unwrap();
        let (one, other) = (unknown.range(saturday, 0.95), unknown.range(monday, 0.95));
        assert_eq!(one, other);
    }

    #[test]
    fn neither_an_outbreak_nor_a_day_without_feedback_is_usual() {
        let spiked = days(15, |place| match place {
            4 => (400, 900),
            7 => (0, 0),
            _ => (10, 100),
        });
        let usual = Usual::of(&spiked, 0.02).unwrap();
        assert!((usual.range("2026-02-20".parse().unwrap(), 0.95).expected - 10.0).abs() < 0.1);
        assert!(Usual::of(&spiked[7..9], 0.02).is_none());
        assert!(Usual::of(&[], 0.02).is_none());
    }
}
