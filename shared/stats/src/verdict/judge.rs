//! The judgement of a rollout, at the planned looks only.

use chrono::{DateTime, TimeDelta, Utc};

use super::collection::{Collection, Stratum};
use super::counterfactual::{Counterfactual, Segments};
use super::fieller::{Measured, absolute_change, relative_change};
use super::look::{Look, looks};
use super::plan::{Plan, SmallestEffect};
use super::record::{Assumption, Decision, Fading, Finding, Interval, Verdict};
use super::series::{Bucket, Day, Total};
use super::timing::{self, Timing};
use crate::distribution::{normal_sf, student_critical};

/// A group that had the same event but not the change: another slice, or another topic of the same slice.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    /// What it is, in words for people.
    pub name: &'a str,
    /// Its series over the same time.
    pub series: &'a [Bucket],
}

/// Everything one judgement looks at.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation<'a> {
    /// The plan fixed before the start.
    pub plan: &'a Plan,
    /// The share's series, from well before the issue until now, hourly or daily.
    pub series: &'a [Bucket],
    /// A comparable group, where there is one.
    pub comparison: Option<Comparison<'a>>,
    /// The parts of the slice, such as its channels or its products, whose mix may have changed; empty where they are
    /// not known, which the verdict then says.
    pub strata: &'a [Stratum<'a>],
    /// The start of the window in which the issue was found.
    pub issue_window_start: DateTime<Utc>,
    /// The instant the issue was opened; between the two lies the peak, which is never part of the comparison.
    pub opened_at: DateTime<Utc>,
    /// The rollout of the iteration that is judged. For a later iteration everything since `opened_at` is before.
    pub rolled_out_at: DateTime<Utc>,
    /// The instant of the judgement.
    pub now: DateTime<Utc>,
}

/// Judges a rollout. The same data and the same plan give the same verdict however often one asks: only the
/// planned looks are evaluated, each on the data up to it, and the first decisive one stands.
pub fn judge(evaluation: &Evaluation<'_>) -> Verdict {
    let segments = Segments::of(evaluation);
    let counterfactual = Counterfactual::of(evaluation, &segments);
    let blank = blank(evaluation.plan, &segments, &counterfactual);
    if let Some(reason) = &counterfactual.impossible {
        return Verdict {
            decision: Decision::Inconclusive,
            reason: reason.clone(),
            ..blank
        };
    }
    let deadline_passed = evaluation.now >= evaluation.plan.deadline;
    let strata: Vec<(&str, Segments)> = evaluation
        .strata
        .iter()
        .map(|stratum| (stratum.name, Segments::cut(evaluation, stratum.series)))
        .collect();
    let mut verdict = None;
    for look in looks(evaluation.plan, &segments.after, deadline_passed) {
        let after = segments.after.get(..look.days).unwrap_or(&segments.after);
        let collection = Collection::of(&segments, after, evaluation.plan.minimum_days_before, &strata);
        let blank = collected(&blank, &collection, after, look);
        let seen = if collection.broken.is_some() {
            blank
        } else {
            at_look(evaluation.plan, &segments, &counterfactual, look, &blank)
        };
        let decided = matches!(seen.decision, Decision::Effective | Decision::Ineffective);
        verdict = Some(seen);
        if decided {
            break;
        }
    }
    close(evaluation, verdict.unwrap_or(blank), deadline_passed)
}

/// A verdict before any number has been looked at.
fn blank(plan: &Plan, segments: &Segments, counterfactual: &Counterfactual) -> Verdict {
    Verdict {
        decision: Decision::NotYet,
        effect: None,
        relative_effect: None,
        interval: None,
        relative_interval: None,
        level: 1.0 - plan.alpha,
        n_before: count(Total::of(&segments.plateau).n),
        n_after: count(Total::of(&segments.after).n),
        look: 0,
        looks: plan.looks.max(1),
        method: counterfactual.method,
        overdispersion: 1.0,
        fading: None,
        assumptions: counterfactual.assumptions.clone(),
        reason: String::new(),
    }
}

/// A verdict that says what is known of the collection, and no number yet.
fn collected(blank: &Verdict, collection: &Collection, after: &[Day], look: Look) -> Verdict {
    let mut verdict = blank.clone();
    verdict.assumptions.extend(collection.assumptions.iter().cloned());
    if let Some(reason) = &collection.broken {
        verdict.look = look.number;
        verdict.n_after = count(Total::of(after).n);
        verdict.reason.clone_from(reason);
    }
    verdict
}

/// What one look says.
fn at_look(
    plan: &Plan,
    segments: &Segments,
    counterfactual: &Counterfactual,
    look: Look,
    blank: &Verdict,
) -> Verdict {
    let after_days = segments.after.get(..look.days).unwrap_or(&segments.after);
    let (phi, freedom) = segments.overdispersion(after_days);
    let total = Total::of(after_days);
    let after = Measured {
        value: total.share(),
        variance: total.variance(phi),
    };
    let before = counterfactual.share(segments, after_days, phi);
    let level = 1.0 - 2.0 * normal_sf(look.critical);
    if before.value > 1.0 {
        return out_of_range(blank, look, (count(total.n), level, phi), before.value);
    }
    let critical = student_critical(level, freedom);
    let relative = relative_change(after, before, critical);
    let absolute = absolute_change(after, before, critical);
    let mut verdict = Verdict {
        effect: Some(after.value - before.value),
        relative_effect: (before.value > 0.0).then(|| after.value / before.value - 1.0),
        interval: Some(absolute),
        relative_interval: relative,
        level,
        n_after: count(total.n),
        look: look.number,
        overdispersion: phi,
        ..blank.clone()
    };
    let (interval, bound) = match plan.smallest_effect {
        SmallestEffect::Relative(fraction) => (relative, -fraction),
        SmallestEffect::Absolute(reduction) => (Some(absolute), -reduction),
    };
    let shares = format!(
        "the share is {} where {} was to be expected",
        percent(after.value),
        percent(before.value)
    );
    match interval {
        Some(interval) if interval.high <= bound => {
            let fading = counterfactual.fading(segments, after_days, phi, plan.smallest_effect, critical);
            let timing = timing::date(segments.course_until(after_days), phi);
            improved(&mut verdict, fading, timing, (after, critical), &shares);
        }
        Some(interval) if interval.low > bound => not_improved(&mut verdict, counterfactual, &shares),
        _ => {
            verdict.reason = format!(
                "{shares}; this neither shows nor rules out a fall by {}",
                smallest_in_words(plan.smallest_effect)
            );
        }
    }
    verdict
}

/// A look at which the group's course, carried over to the share, leaves no room for it: shares do not multiply without
/// end, so the groups did not move in proportion, and a fall from a share that cannot be proves nothing.
fn out_of_range(
    blank: &Verdict,
    look: Look,
    (n_after, level, overdispersion): (u64, f64, f64),
    expected: f64,
) -> Verdict {
    let mut verdict = Verdict {
        level,
        n_after,
        look: look.number,
        overdispersion,
        reason: format!(
            "moved as the comparable group moved the share would be {}, which no share can be: the two do not move in \
             proportion, so nothing can be compared; take another group, or try the change in a pilot",
            percent(expected)
        ),
        ..blank.clone()
    };
    verdict.assumptions.push(Assumption {
        statement: "the share moves in proportion to the comparable group's".to_owned(),
        finding: Finding::Fails,
        detail: format!("it would have come to {}", percent(expected)),
    });
    verdict
}

/// The interval lies beyond the smallest effect: effective, unless the issue may have faded by itself.
fn improved(
    verdict: &mut Verdict,
    fading: Option<(Fading, Measured)>,
    timing: Timing,
    (after, critical): (Measured, f64),
    shares: &str,
) {
    let falling = verdict
        .assumptions
        .iter()
        .any(|a| a.statement == STAYED && a.finding == Finding::Fails);
    if let Some((fading, faded)) = fading {
        verdict.fading = Some(fading);
        let excluded = fading.distance >= fading.required;
        verdict.assumptions.push(Assumption {
            statement: "fading by itself does not explain the fall".to_owned(),
            finding: if excluded { Finding::Holds } else { Finding::Fails },
            detail: format!(
                "at the worst pace the level allows{} the share would have come to {}; distance {:.2}, required {:.2}",
                fading.half_life_days.map_or(String::new(), |days| format!(" (half-life {days:.1} days)")),
                percent(fading.counterfactual_share),
                fading.distance,
                fading.required
            ),
        });
        if !excluded || falling {
            widen(verdict, after, faded, critical);
            verdict.reason = format!(
                "{shares}, but it would have fallen anyway: {}, and at that pace it would have come to {} without \
                 the change",
                if falling {
                    "it was already falling before the rollout"
                } else {
                    "the level before the rollout was \
                 not held long enough to rule out that it was fading"
                },
                percent(fading.counterfactual_share)
            );
            return;
        }
        if let Some(reason) = dated(verdict, timing) {
            verdict.reason = format!("{shares}, but {reason}");
            return;
        }
    }
    verdict.decision = Decision::Effective;
    verdict.reason = format!("{shares}; the whole interval lies beyond the smallest effect worth having");
}

/// Whether the fall dates to the rollout; the words for it where it does not.
fn dated(verdict: &mut Verdict, timing: Timing) -> Option<String> {
    let coincides = timing.distance <= timing.allowed;
    let (days, side) = (
        timing.days.abs(),
        if timing.days < 0.0 { "before" } else { "after" },
    );
    verdict.assumptions.push(Assumption {
        statement: "the fall dates to the rollout".to_owned(),
        finding: if coincides { Finding::Holds } else { Finding::Fails },
        detail: format!(
            "best dated {days:.1} days {side} the rollout; distance {:.2}, at most {} allowed",
            timing.distance, timing.allowed
        ),
    });
    (!coincides).then(|| {
        format!("it fell {days:.1} days {side} the rollout: an issue that ends by itself does so at any time")
    })
}

/// The interval lies short of the smallest effect: ineffective, unless the issue was still growing.
fn not_improved(verdict: &mut Verdict, counterfactual: &Counterfactual, shares: &str) {
    if counterfactual.rising {
        verdict.reason = format!(
            "{shares}, but the issue was still growing before the rollout: without the change it might have become \
             worse"
        );
        return;
    }
    verdict.decision = Decision::Ineffective;
    verdict.reason = format!("{shares}; the whole interval lies short of the smallest effect worth having");
}

/// Stretches the intervals to the counterfactual in which the issue fades.
fn widen(verdict: &mut Verdict, after: Measured, faded: Measured, critical: f64) {
    let absolute = absolute_change(after, faded, critical);
    verdict.interval = verdict.interval.map(|i| Interval {
        low: i.low,
        high: i.high.max(absolute.high),
    });
    let relative = relative_change(after, faded, critical);
    verdict.relative_interval = verdict.relative_interval.zip(relative).map(|(i, wide)| Interval {
        low: i.low,
        high: i.high.max(wide.high),
    });
}

/// Says what an undecided verdict waits for, or that it waits no longer.
fn close(evaluation: &Evaluation<'_>, mut verdict: Verdict, deadline_passed: bool) -> Verdict {
    if verdict.decision != Decision::NotYet {
        return verdict;
    }
    let plan = evaluation.plan;
    let gathered = format!("{} of {} planned", verdict.n_after, plan.planned_n);
    let separator = if verdict.reason.is_empty() { "" } else { "; " };
    let exhausted = verdict.look == verdict.looks;
    let earliest = evaluation.rolled_out_at + TimeDelta::days(i64::from(plan.minimum_days_after));
    let closing = if exhausted {
        format!("the planned looks are used up ({gathered})")
    } else if deadline_passed {
        format!("the deadline has passed ({gathered})")
    } else if evaluation.now < earliest {
        format!(
            "the first look is not before {} ({gathered})",
            earliest.format("%Y-%m-%d")
        )
    } else {
        format!("the next planned look has not been reached ({gathered})")
    };
    if exhausted || deadline_passed {
        verdict.decision = Decision::Inconclusive;
    }
    verdict.reason = format!("{}{separator}{closing}", verdict.reason);
    verdict
}

/// The statement of the assumption that the level before the rollout held.
pub(super) const STAYED: &str = "the level between detection and rollout did not fall";

pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn smallest_in_words(effect: SmallestEffect) -> String {
    match effect {
        SmallestEffect::Absolute(reduction) => format!("{:.1} percentage points", reduction * 100.0),
        SmallestEffect::Relative(fraction) => format!("{:.0} %", fraction * 100.0),
    }
}

/// A sum of counts as a count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sums of counts are whole, not negative"
)]
pub(super) fn count(n: f64) -> u64 {
    n.round() as u64
}
