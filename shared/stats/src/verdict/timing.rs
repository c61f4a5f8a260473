//! When the share fell: an issue that ends by itself ends at any time, a change acts from its rollout on.

/// How much worse a fall at the rollout may explain the data than a fall at the best-fitting later instant, as twice
/// the difference in log likelihood. An issue that was still standing at the rollout ends in any later hour with the
/// same probability, so every hour that is let pass for the rollout is paid with false successes: at this distance
/// an issue that lasts a week on average is credited to the change in about four of a hundred cases, while of the
/// falls that do date to the rollout one in nine is lost (`docs/measurements.md`, Verdicts).
pub(super) const ALLOWED_AFTER: f64 = 2.4;

/// The same beside a comparable group. An issue that both share ends for both, or for the other one first, so that letting
/// hours pass costs less: the falls that date to the rollout and are lost are one in seven where days are many (the
/// supremum on one side, e^(−x⁄2)), and far fewer where the fall is large.
pub(super) const ALLOWED_AFTER_BESIDE: f64 = 4.0;

/// The same for an earlier instant: a change is rarely rolled out when the issue is over, so little is paid for
/// letting pass 99 % of the falls that date to the rollout (the supremum on one side of a break's log likelihood
/// ratio, 1 − e^(−x⁄2); Hansen, Sample splitting and threshold estimation, Econometrica 68(3), 2000, theorem 1).
const ALLOWED_BEFORE: f64 = 9.2;

/// A fall is dated with at least this many days of data on either side.
const MARGIN: f64 = 1.0;

/// One bucket of the course from detection on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// The end of the bucket, in days from the rollout.
    pub(super) end: f64,
    pub(super) successes: f64,
    pub(super) n: f64,
}

/// The date of the fall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timing {
    /// The best-fitting instant, in days from the rollout.
    pub(super) days: f64,
    /// Twice the difference in log likelihood to a fall at the rollout, over the overdispersion.
    pub(super) distance: f64,
    /// The distance up to which the fall may date to the rollout.
    pub(super) allowed: f64,
}

/// Dates the fall of a course that is ordered in time: two shares, one before and one after a break at the end of
/// any bucket. A fall may be dated so much after the rollout as `allowed_after` says.
pub(super) fn date(course: &[Step], overdispersion: f64, allowed_after: f64) -> Timing {
    let (all, all_n) = course.iter().fold((0.0, 0.0), |(successes, n), step| {
        (successes + step.successes, n + step.n)
    });
    let first = course.first().map_or(0.0, |step| step.end);
    let last = course.last().map_or(0.0, |step| step.end);
    let mut rollout = f64::NEG_INFINITY;
    let none = (0.0, f64::NEG_INFINITY);
    let (mut before, mut after) = (none, none);
    let (mut successes, mut n) = (0.0, 0.0);
    for step in course {
        successes += step.successes;
        n += step.n;
        let fit = likelihood(successes, n) + likelihood(all - successes, all_n - n);
        if step.end <= 0.0 {
            rollout = fit;
        }
        let falls = successes * (all_n - n) > (all - successes) * n;
        let inside = step.end >= first + MARGIN && step.end <= last - MARGIN;
        let side = if step.end <= 0.0 { &mut before } else { &mut after };
        if falls && inside && fit > side.1 {
            *side = (step.end, fit);
        }
    }
    let timing = |(days, fit): (f64, f64), allowed: f64| Timing {
        days,
        distance: 2.0 * (fit - rollout) / overdispersion,
        allowed,
    };
    let (before, after) = (timing(before, ALLOWED_BEFORE), timing(after, allowed_after));
    let by_itself = |timing: &Timing| timing.distance > timing.allowed;
    // The side that speaks against the rollout, or else the one that explains the data better.
    let chosen = if (by_itself(&before), before.distance) > (by_itself(&after), after.distance) {
        before
    } else {
        after
    };
    Timing {
        distance: chosen.distance.max(0.0),
        ..chosen
    }
}

/// The binomial log likelihood at its maximum.
fn likelihood(successes: f64, n: f64) -> f64 {
    let part = |count: f64| {
        if count > 0.0 {
            count * (count / n).ln()
        } else {
            0.0
        }
    };
    part(successes) + part(n - successes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn falling_at(change: f64) -> Vec<Step> {
        (-7 * 24..7 * 24)
            .map(|hour| f64::from(hour + 1) / 24.0)
            .map(|end| Step {
                end,
                successes: if end <= change { 0.6 } else { 0.12 },
                n: 4.0,
            })
            .collect()
    }

    #[test]
    fn a_fall_is_dated_where_it_happened() {
        for change in [-3.0, -1.0, 0.0, 0.25, 1.5] {
            let timing = date(&falling_at(change), 1.0, ALLOWED_AFTER);
            assert!((timing.days - change).abs() < 1e-9, "{timing:?}");
            assert_eq!(timing.distance > timing.allowed, change.abs() > 0.0, "{timing:?}");
        }
    }

    #[test]
    fn days_that_differ_more_date_a_fall_less_surely() {
        let course = falling_at(0.5);
        let (even, uneven) = (
            date(&course, 1.0, ALLOWED_AFTER),
            date(&course, 2.0, ALLOWED_AFTER),
        );
        assert!((even.distance - 2.0 * uneven.distance).abs() < 1e-9);
    }
}
