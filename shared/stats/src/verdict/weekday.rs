//! One group's share on either side of an instant, compared within the days of the week.

use std::collections::BTreeMap;

use super::fieller::Measured;
use super::series::{Day, Total};

/// Days of the week, counted from the rollout.
const WEEK: usize = 7;
/// The variance of the logarithm of a share without a mention: that of half a mention.
const NEVER_MENTIONED: f64 = 2.0;

/// Two shares of one group, each weekday weighing the same in both (Mantel and Haenszel's weights): a week that is cut
/// differently on the two sides does not look like a change, whatever the group's own week is like.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WithinWeekdays {
    /// The share before, with its binomial variance.
    pub(super) before: Measured,
    /// The share after, with its binomial variance.
    pub(super) after: Measured,
    /// The mentions before and after that have a weekday in common.
    pub(super) successes: (f64, f64),
    /// The feedback before and after that has a weekday in common.
    pub(super) n: (f64, f64),
    /// How many weekdays the two sides have in common.
    pub(super) weekdays: usize,
    /// What each day adds to the logarithm of `after ÷ before` beyond its expectation, and the binomial variance of it.
    days: BTreeMap<i64, Scored>,
}

/// What one day adds to a log ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    pub(super) deviation: f64,
    pub(super) variance: f64,
}

/// One side, by weekday.
struct Side<'a> {
    days: &'a [Day],
    n: [f64; WEEK],
    successes: [f64; WEEK],
    /// Zero for a weekday that the other side lacks.
    weights: [f64; WEEK],
}

/// Weighted sums of mentions and feedback, and the feedback by the squared weights.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    successes: f64,
    n: f64,
    squares: f64,
}

impl<'a> Side<'a> {
    fn of(days: &'a [Day]) -> Self {
        let mut side = Self {
            days,
            n: [0.0; WEEK],
            successes: [0.0; WEEK],
            weights: [0.0; WEEK],
        };
        for day in days {
            side.n[weekday(day)] += day.n;
            side.successes[weekday(day)] += day.successes;
        }
        side
    }

    /// The days that count, with their weights.
    fn counted(&self) -> impl Iterator<Item = (&'a Day, f64)> {
        let weighed = self.days.iter().map(|day| (day, self.weights[weekday(day)]));
        weighed.filter(|(_, weight)| *weight > 0.0)
    }

    fn total(&self) -> Total {
        let days: Vec<Day> = self.counted().map(|(day, _)| *day).collect();
        Total::of(&days)
    }

    /// The variance of one piece of feedback.
    fn unit(&self) -> f64 {
        let total = self.total();
        total.variance(1.0) * total.n.max(1.0)
    }

    fn sums(&self) -> Sums {
        self.counted().fold(Sums::default(), |sums, (day, weight)| Sums {
            successes: sums.successes + weight * day.successes,
            n: sums.n + weight * day.n,
            squares: sums.squares + weight * weight * day.n,
        })
    }

    /// What each day adds, beyond the expected shares by weekday, to the logarithm of a weighted sum of mentions.
    fn scores(&self, sign: f64, sum: f64, expected: &[f64; WEEK]) -> BTreeMap<i64, Scored> {
        let unit = self.unit();
        let score = |(day, weight): (&Day, f64)| {
            // A side without a mention is not certain of it.
            let weight = weight / sum.max(0.5);
            let scored = Scored {
                deviation: sign * weight * (day.successes - day.n * expected[weekday(day)]),
                variance: weight * weight * day.n * unit,
            };
            (day.index, scored)
        };
        self.counted().map(score).collect()
    }
}

/// Weighs each side with the other's part of the weekday; answers how many weekdays they have in common.
fn weigh(then: &mut Side<'_>, now: &mut Side<'_>) -> usize {
    let mut common = 0;
    for weekday in 0..WEEK {
        let (before, after) = (then.n[weekday], now.n[weekday]);
        if before > 0.0 && after > 0.0 {
            then.weights[weekday] = after / (before + after);
            now.weights[weekday] = before / (before + after);
            common += 1;
        }
    }
    common
}

/// The share of each weekday before, from both sides, where the one after is `ratio` times as large.
fn level(then: &Side<'_>, now: &Side<'_>, ratio: f64) -> [f64; WEEK] {
    std::array::from_fn(|weekday| {
        let exposed = then.n[weekday] + ratio * now.n[weekday];
        if exposed > 0.0 {
            (then.successes[weekday] + now.successes[weekday]) / exposed
        } else {
            0.0
        }
    })
}

fn weekday(day: &Day) -> usize {
    // The remainder is 0 to 6.
    usize::try_from(day.index.rem_euclid(7)).unwrap_or_default()
}

impl WithinWeekdays {
    /// Compares the two sides (Mantel and Haenszel's pooled rate ratio; Greenland and Robins, Estimation of a common
    /// effect parameter from sparse follow-up data, Biometrics 41(1), 1985). None where they have no weekday in common
    /// or nothing is mentioned before.
    pub(super) fn of(before: &[Day], after: &[Day]) -> Option<Self> {
        let (mut then, mut now) = (Side::of(before), Side::of(after));
        let weekdays = weigh(&mut then, &mut now);
        let (sums_then, sums_now) = (then.sums(), now.sums());
        if sums_then.successes <= 0.0 || sums_then.n <= 0.0 {
            return None;
        }
        let share = |side: &Side<'_>, sums: Sums| Measured {
            value: sums.successes / sums_then.n,
            variance: side.unit() * sums.squares / (sums_then.n * sums_then.n),
        };
        let ratio = sums_now.successes / sums_then.successes;
        let level = level(&then, &now, ratio);
        let mut days = then.scores(-1.0, sums_then.successes, &level);
        let moved = level.map(|share| share * ratio);
        days.extend(now.scores(1.0, sums_now.successes, &moved));
        let (total_then, total_now) = (then.total(), now.total());
        Some(Self {
            before: share(&then, sums_then),
            after: share(&now, sums_now),
            successes: (total_then.successes, total_now.successes),
            n: (total_then.n, total_now.n),
            weekdays,
            days,
        })
    }

    /// `after ÷ before`.
    pub(super) fn ratio(&self) -> f64 {
        self.after.value / self.before.value
    }

    /// The binomial variance of the logarithm of the ratio.
    pub(super) fn log_variance(&self) -> f64 {
        let relative = |measured: Measured, successes: f64| {
            if successes > 0.0 {
                measured.variance / measured.value.powi(2)
            } else {
                NEVER_MENTIONED
            }
        };
        relative(self.before, self.successes.0) + relative(self.after, self.successes.1)
    }

    /// What each day adds to the difference of this log ratio to another group's, in binomial standard errors: a shock
    /// that both share cancels. Days that one of them lacks are left out.
    pub(super) fn beside(&self, other: &Self) -> BTreeMap<i64, f64> {
        self.days
            .iter()
            .filter_map(|(index, own)| {
                let beside = other.days.get(index)?;
                let deviation = own.deviation - beside.deviation;
                Some((*index, deviation / (own.variance + beside.variance).sqrt()))
            })
            .collect()
    }

    /// The same for this group alone.
    pub(super) fn alone(&self) -> BTreeMap<i64, f64> {
        self.days
            .iter()
            .map(|(index, own)| (*index, own.deviation / own.variance.sqrt()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days from `first` on, of so many mentions in so much feedback by weekday.
    fn days(first: i64, count: i64, of: impl Fn(i64) -> (f64, f64)) -> Vec<Day> {
        (first..first + count)
            .map(|index| Day {
                index,
                middle: index as f64 + 0.5,
                successes: of(index).0,
                n: of(index).1,
            })
            .collect()
    }

    #[test]
    fn a_week_that_is_cut_differently_is_no_change() {
        // Three times as much on two days of the week, of which the plateau saw two and the days after saw none or four.
        let weekly = |index: i64| {
            if index.rem_euclid(7) >= 5 {
                (30.0, 50.0)
            } else {
                (20.0, 100.0)
            }
        };
        for (plateau, after) in [(3, 12), (9, 5), (8, 8)] {
            let found =
                WithinWeekdays::of(&days(-plateau, plateau, weekly), &days(0, after, weekly)).unwrap();
            assert!((found.ratio() - 1.0).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn what_every_weekday_moves_by_is_the_ratio() {
        let before = days(-10, 10, |index| (10.0 + index.rem_euclid(7) as f64, 100.0));
        let after = days(0, 9, |index| ((10.0 + index.rem_euclid(7) as f64) * 0.6, 100.0));
        let found = WithinWeekdays::of(&before, &after).unwrap();
        assert!((found.ratio() - 0.6).abs() < 1e-12);
        assert_eq!(found.weekdays, 7);
        assert!(found.alone().values().all(|deviation| deviation.abs() < 1e-9));
    }

    #[test]
    fn sides_without_a_common_weekday_or_without_a_mention_before_are_not_compared() {
        let (early, late) = (days(-7, 2, |_| (5.0, 50.0)), days(2, 3, |_| (5.0, 50.0)));
        assert!(WithinWeekdays::of(&early, &late).is_none());
        let silent = days(-7, 7, |_| (0.0, 50.0));
        assert!(WithinWeekdays::of(&silent, &days(0, 7, |_| (5.0, 50.0))).is_none());
    }
}
