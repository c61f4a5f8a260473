//! Which way a share is to move, and how that is said.
//!
//! Everything is judged as a share that is to be lowered. A share that is to rise is judged by what falls short of it, one
//! less the share, and told as itself: here alone the one is turned into the other, and back.

use serde::{Deserialize, Serialize};

use super::fieller::{Measured, relative_change};
use super::plan::{PlanError, PlannedSample, SmallestEffect, plan};
use super::record::{Beside, Fading, Interval, Verdict};
use super::series::Bucket;

/// What a change that helps does to a share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// It lowers the share of all feedback that is about a matter: what it spares is not said any more, and what is said of
    /// other matters stays as much as it was.
    #[default]
    FewerMentions,
    /// It lowers a share of answers: it turns answers that count into others, or spares them.
    LowerShare,
    /// It raises a share of answers: it turns answers that do not count into such as do, or spares the former.
    HigherShare,
}

/// The words for a movement, as the share that is told moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// What is hoped for.
    pub(super) fall: &'static str,
    pub(super) fell: &'static str,
    pub(super) fallen: &'static str,
    pub(super) falling: &'static str,
    /// What an issue that passes by itself does.
    pub(super) fading: &'static str,
    /// What an issue does when it begins.
    pub(super) rose: &'static str,
    pub(super) rise: &'static str,
    /// What moves in proportion to a group's.
    pub(super) share: &'static str,
    /// The same of somebody's: `United's`.
    pub(super) of: &'static str,
}

const LOWERED: Words = Words {
    fall: "fall",
    fell: "fell",
    fallen: "fallen",
    falling: "falling",
    fading: "fading",
    rose: "rose",
    rise: "rise",
    share: "the share",
    of: "",
};

const RAISED: Words = Words {
    fall: "rise",
    fell: "rose",
    fallen: "risen",
    falling: "rising",
    fading: "recovering",
    rose: "fell",
    rise: "fall",
    share: "what the share falls short of 100 % by",
    of: "what falls short in ",
};

impl Aim {
    /// Whether the share is to rise.
    pub const fn rises(self) -> bool {
        matches!(self, Self::HigherShare)
    }

    /// The share that is judged, and to be lowered: itself, or what it falls short of one by. Applied twice it gives back
    /// what it was given.
    pub fn lowered(self, share: f64) -> f64 {
        if self.rises() { 1.0 - share } else { share }
    }

    /// The sample size of [`plan`] for a share that is to move this way: up by the smallest effect where it is to rise. Both
    /// shares are told as they are, not as they are judged.
    ///
    /// # Errors
    /// [`PlanError`] says which argument cannot be planned with: a share cannot fall below zero or rise above one.
    pub fn sample(
        self,
        baseline_share: f64,
        smallest_effect: SmallestEffect,
        power: f64,
        alpha: f64,
        overdispersion: f64,
    ) -> Result<PlannedSample, PlanError> {
        if !self.rises() {
            return plan(baseline_share, smallest_effect, power, alpha, overdispersion);
        }
        let rise = smallest_effect.absolute(baseline_share);
        let short = plan(
            1.0 - baseline_share,
            SmallestEffect::Absolute(rise),
            power,
            alpha,
            overdispersion,
        );
        let short = short.map_err(|error| match error {
            PlanError::BaselineShare(_) => PlanError::BaselineShare(baseline_share),
            PlanError::SmallestEffect(_) => PlanError::SmallestRise(rise),
            other => other,
        })?;
        Ok(PlannedSample {
            baseline_share,
            target_share: baseline_share + rise,
            ..short
        })
    }

    /// The series that is judged.
    pub(super) fn series(self, series: &[Bucket]) -> Vec<Bucket> {
        let lowered = |bucket: &Bucket| Bucket {
            successes: if self.rises() {
                bucket.n.saturating_sub(bucket.successes)
            } else {
                bucket.successes
            },
            ..*bucket
        };
        series.iter().map(lowered).collect()
    }

    /// The relative change of the share that is told and its interval at `critical` standard errors, turned so that what is
    /// hoped for is negative: a rise by a tenth is −0.1. Both measured shares are those that are judged.
    pub(super) fn relative(
        self,
        after: Measured,
        before: Measured,
        critical: f64,
    ) -> (Option<f64>, Option<Interval>) {
        let told = |measured: Measured| Measured {
            value: self.lowered(measured.value),
            ..measured
        };
        let (after, before) = (told(after), told(before));
        let change = (before.value > 0.0).then(|| after.value / before.value - 1.0);
        let interval = relative_change(after, before, critical);
        if self.rises() {
            (change.map(|change| -change), interval.map(opposite))
        } else {
            (change, interval)
        }
    }

    /// Tells a verdict on the judged share as one on the share itself.
    pub(super) fn tell(self, verdict: Verdict) -> Verdict {
        if !self.rises() {
            return verdict;
        }
        Verdict {
            effect: verdict.effect.map(|effect| -effect),
            relative_effect: verdict.relative_effect.map(|effect| -effect),
            interval: verdict.interval.map(opposite),
            relative_interval: verdict.relative_interval.map(opposite),
            beside: verdict.beside.map(|beside| Beside {
                share_before: beside.share_before.map(|share| self.lowered(share)),
                share_after: beside.share_after.map(|share| self.lowered(share)),
                ..beside
            }),
            fading: verdict.fading.map(|fading| Fading {
                counterfactual_share: self.lowered(fading.counterfactual_share),
                ..fading
            }),
            ..verdict
        }
    }

    /// A judged share, as the share is told.
    pub(super) fn percent(self, judged: f64) -> String {
        super::judge::percent(self.lowered(judged))
    }

    /// A distance of judged shares in the direction in which the share is told.
    pub(super) fn towards(self, distance: f64) -> f64 {
        if self.rises() { -distance } else { distance }
    }

    pub(super) const fn words(self) -> Words {
        if self.rises() { RAISED } else { LOWERED }
    }
}

/// The interval of the opposite number.
fn opposite(interval: Interval) -> Interval {
    Interval {
        low: -interval.high,
        high: -interval.low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURE: f64 = 1e-12;

    fn measured(value: f64) -> Measured {
        Measured {
            value,
            variance: 1e-4,
        }
    }

    #[test]
    fn a_rise_is_relative_to_the_share_itself_and_not_to_what_it_falls_short_by() {
        // Satisfaction from 60 % to 66 %: a tenth more satisfied, although 15 % fewer are dissatisfied.
        let (change, interval) = Aim::HigherShare.relative(measured(0.34), measured(0.40), 1.96);
        assert!((change.unwrap() + 0.1).abs() < SURE);
        let interval = interval.unwrap();
        assert!(interval.low < -0.1 && interval.high > -0.1);
        let (fall, _) = Aim::LowerShare.relative(measured(0.34), measured(0.40), 1.96);
        assert!((fall.unwrap() + 0.15).abs() < SURE);
    }

    #[test]
    fn a_rise_needs_as_much_feedback_as_the_fall_of_what_falls_short() {
        let rise = Aim::HigherShare
            .sample(0.6, SmallestEffect::Relative(0.1), 0.8, 0.05, 1.0)
            .unwrap();
        let fall = plan(0.4, SmallestEffect::Absolute(0.06), 0.8, 0.05, 1.0).unwrap();
        assert_eq!(rise.n, fall.n);
        assert!((rise.baseline_share - 0.6).abs() < SURE && (rise.target_share - 0.66).abs() < SURE);
    }

    #[test]
    fn a_share_cannot_be_planned_to_rise_above_one() {
        let refused = Aim::HigherShare.sample(0.95, SmallestEffect::Relative(0.1), 0.8, 0.05, 1.0);
        assert!(matches!(refused, Err(PlanError::SmallestRise(_))), "{refused:?}");
        let nobody = Aim::HigherShare.sample(0.0, SmallestEffect::Relative(0.1), 0.8, 0.05, 1.0);
        assert_eq!(nobody, Err(PlanError::BaselineShare(0.0)));
    }

    #[test]
    fn what_is_judged_of_a_share_that_is_to_rise_is_what_falls_short() {
        let bucket = |successes, n| Bucket {
            start: chrono::DateTime::UNIX_EPOCH,
            end: chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(1),
            successes,
            n,
        };
        let series = [bucket(3, 10), bucket(0, 4), bucket(5, 5)];
        let short: Vec<_> = Aim::HigherShare
            .series(&series)
            .iter()
            .map(|bucket| (bucket.successes, bucket.n))
            .collect();
        assert_eq!(short, [(7, 10), (4, 4), (0, 5)]);
        assert_eq!(Aim::LowerShare.series(&series), series);
    }
}
