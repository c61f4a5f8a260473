//! The waiting time as a column of the regression.
//!
//! Waiting times spread over orders of magnitude, and a minute more is felt after two minutes and not after two days.
//! So the effect is that of a doubling: the column holds the logarithm to base 2 of the minutes and one, which is 0 for
//! nobody waiting at all. Answers whose wait is not known get the mean of the known ones, beside a column of their own
//! that says so: the effect rests on the known ones, and the others are corrected for it only as far as it is known
//! (Jones, Indicator and stratification methods for missing explanatory variables in multiple linear regression,
//! Journal of the American Statistical Association 91(433), 1996).

use std::collections::HashMap;
use std::time::Duration;

use super::{Answered, Attribute, Dimension, LeftOut, MINIMUM_N};

/// The value of the dimension whose effect is told: a wait, and a minute, twice as long.
pub const DOUBLING: &str = "doubling";

/// The waiting times of some answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Waiting {
    /// How many answers have one.
    pub(super) known: u64,
    /// How many have none.
    pub(super) unknown: u64,
    /// The sum of the known ones, in doublings of a minute.
    pub(super) sum: f64,
}

/// How often a minute doubles until it is the wait and a minute.
pub(super) fn doublings(waited: Duration) -> f64 {
    (1.0 + waited.as_secs_f64() / 60.0).log2()
}

/// What the column is called.
pub(super) fn attribute() -> Attribute {
    Attribute {
        dimension: Dimension::WaitingTime,
        value: DOUBLING.to_owned(),
    }
}

/// What the column beside it is called, of answers that have none.
pub(super) fn none_on_record() -> Attribute {
    Attribute {
        dimension: Dimension::WaitingTime,
        value: String::new(),
    }
}

impl Waiting {
    /// The waiting times of `answers`; none where no answer has one. `Err` where there are some and not enough to tell
    /// an effect.
    pub(super) fn of(answers: &[Answered]) -> Option<Result<Self, LeftOut>> {
        let waits = || answers.iter().filter_map(|answer| answer.waited);
        let known = waits().count() as u64;
        if known == 0 {
            return None;
        }
        let mut alike: HashMap<Duration, u64> = HashMap::new();
        for waited in waits() {
            *alike.entry(waited).or_default() += 1;
        }
        let others = known - alike.into_values().max().unwrap_or_default();
        let reason = if known < MINIMUM_N {
            format!("it is known of {known} of at least {MINIMUM_N} answers needed")
        } else if others < MINIMUM_N {
            format!("all known ones but {others} are alike; {MINIMUM_N} others are needed")
        } else {
            return Some(Ok(Self {
                known,
                unknown: answers.len() as u64 - known,
                sum: waits().map(doublings).sum(),
            }));
        };
        Some(Err(LeftOut {
            attribute: attribute(),
            n: known,
            reason,
        }))
    }

    /// What an answer's column holds.
    pub(super) fn cell(&self, answer: &Answered) -> f64 {
        answer.waited.map_or(self.sum / self.known as f64, doublings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(waits: &[(Option<u64>, usize)]) -> Vec<Answered> {
        let answer = |minutes: Option<u64>| Answered {
            score: 3,
            attributes: Vec::new(),
            waited: minutes.map(|minutes| Duration::from_secs(60 * minutes)),
        };
        waits
            .iter()
            .flat_map(|&(minutes, n)| (0..n).map(move |_| answer(minutes)))
            .collect()
    }

    #[test]
    fn a_wait_counts_by_its_doublings_and_one_that_is_not_known_by_their_mean() {
        let some = answers(&[(Some(0), 20), (Some(15), 20), (None, 7)]);
        let waiting = Waiting::of(&some).unwrap().unwrap();
        assert_eq!((waiting.known, waiting.unknown), (40, 7));
        // log₂(1 + 15) = 4: on average 2.
        assert!((waiting.sum - 80.0).abs() < 1e-9);
        let cells: Vec<f64> = [0, 20, 40].map(|place| waiting.cell(&some[place])).to_vec();
        assert!((cells[0]).abs() < 1e-9 && (cells[1] - 4.0).abs() < 1e-9 && (cells[2] - 2.0).abs() < 1e-9);
    }

    #[test]
    fn too_few_waits_and_waits_all_alike_are_left_out_with_the_reason() {
        assert!(Waiting::of(&answers(&[(None, 50)])).is_none());
        let few = Waiting::of(&answers(&[(Some(1), 10), (Some(2), 9), (None, 50)]));
        assert!(few.unwrap().unwrap_err().reason.contains("19 of at least 20"));
        let alike = Waiting::of(&answers(&[(Some(5), 400), (Some(6), 19)]));
        assert!(
            alike
                .unwrap()
                .unwrap_err()
                .reason
                .contains("all known ones but 19 are alike")
        );
    }
}
