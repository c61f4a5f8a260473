//! What the numbers of one look lead to.

use super::counterfactual::{Counterfactual, Segments};
use super::fieller::{Measured, absolute_change, relative_change};
use super::group::{Compared, Group};
use super::judge::{STAYED, percent, smallest_in_words};
use super::plan::{Plan, SmallestEffect};
use super::record::{Assumption, Decision, Fading, Finding, Interval, Verdict};
use super::series::Day;
use super::timing::{self, Timing};

/// The numbers of one look, and what they are held against.
#[derive(Debug, Clone)]
pub(super) struct Against<'a> {
    pub(super) plan: &'a Plan,
    /// The critical value of this look, in standard errors.
    pub(super) critical: f64,
    pub(super) segments: &'a Segments,
    pub(super) after_days: &'a [Day],
    pub(super) compared: Compared,
}

/// Where an interval lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lies {
    /// Wholly beyond the smallest effect worth having.
    Beyond,
    /// Wholly short of it.
    Short,
    Across,
}

impl Against<'_> {
    fn intervals(&self, after: Measured, before: Measured) -> (Option<Interval>, Interval) {
        (
            relative_change(after, before, self.critical),
            absolute_change(after, before, self.critical),
        )
    }

    /// The change that is judged, its interval, and the smallest one worth having.
    fn judged(&self, after: Measured, before: Measured) -> (f64, Option<Interval>, f64) {
        let (relative, absolute) = self.intervals(after, before);
        match self.plan.smallest_effect {
            SmallestEffect::Relative(fraction) => (after.value / before.value - 1.0, relative, -fraction),
            SmallestEffect::Absolute(reduction) => (after.value - before.value, Some(absolute), -reduction),
        }
    }

    fn lies(&self, after: Measured, before: Measured) -> Lies {
        match self.judged(after, before) {
            (_, Some(interval), bound) if interval.high <= bound => Lies::Beyond,
            (_, Some(interval), bound) if interval.low > bound => Lies::Short,
            _ => Lies::Across,
        }
    }

    /// Whether the interval from the level before the event lies wholly beyond the smallest effect. Where little was said
    /// then, a ratio's interval is that of its logarithm (Katz, Baptista, Azen, Pike, Biometrics 34(3), 1978): Fieller's has
    /// no end before the level can be told from zero.
    fn beyond(&self, after: Measured, before: Measured) -> bool {
        let positive = after.value > 0.0 && before.value > 0.0;
        match self.plan.smallest_effect {
            SmallestEffect::Relative(fraction) if positive => {
                let relative = |measured: Measured| measured.variance / measured.value.powi(2);
                let half = self.critical * (relative(after) + relative(before)).sqrt();
                ((after.value / before.value).ln() + half).exp() <= 1.0 - fraction
            }
            _ => self.lies(after, before) == Lies::Beyond,
        }
    }
}

/// Enters the numbers of a look and what they decide.
pub(super) fn reach(verdict: &mut Verdict, counterfactual: &Counterfactual, against: &Against<'_>) {
    let Compared { after, before, .. } = against.compared;
    let (relative, absolute) = against.intervals(after, before);
    verdict.effect = Some(after.value - before.value);
    verdict.relative_effect = (before.value > 0.0).then(|| after.value / before.value - 1.0);
    verdict.interval = Some(absolute);
    verdict.relative_interval = relative;
    let shares = format!(
        "the share is {} where {} was to be expected",
        percent(after.value),
        percent(before.value)
    );
    match (against.lies(after, before), &counterfactual.group) {
        (Lies::Beyond, Some(group)) => improved_beside(verdict, group, against, &shares),
        (Lies::Beyond, None) => improved(verdict, against, &shares),
        (Lies::Short, _) => not_improved(verdict, counterfactual, against, &shares),
        (Lies::Across, _) => {
            verdict.reason = format!(
                "{shares}; this neither shows nor rules out a fall by {}",
                smallest_in_words(against.plan.smallest_effect)
            );
        }
    }
    if let Some(rejected) = &counterfactual.rejected {
        let nothing_else = rejected.nothing_else(against.after_days, against.plan.smallest_effect);
        if nothing_else.finding == Finding::Fails && verdict.decision != Decision::NotYet {
            verdict.decision = Decision::NotYet;
            verdict.reason = format!(
                "{shares}, but something else happened at the same time: {}",
                nothing_else.detail
            );
        }
        verdict.assumptions.push(nothing_else);
    }
}

/// The interval lies beyond the smallest effect: effective, unless the issue may have faded by itself.
fn improved(verdict: &mut Verdict, against: &Against<'_>, shares: &str) {
    let Compared {
        after,
        overdispersion,
        ..
    } = against.compared;
    let falling = verdict
        .assumptions
        .iter()
        .any(|a| a.statement == STAYED && a.finding == Finding::Fails);
    let (fading, faded) = Counterfactual::fading(
        against.segments,
        against.after_days,
        overdispersion,
        against.plan.smallest_effect,
        against.critical,
    );
    verdict.fading = Some(fading);
    let excluded = fading.distance >= fading.required;
    verdict.assumptions.push(not_faded(fading, excluded));
    if !excluded || falling {
        widen(verdict, after, faded, against.critical);
        verdict.reason = format!(
            "{shares}, but it would have fallen anyway: {}, and at that pace it would have come to {} without the change",
            if falling {
                "it was already falling before the rollout"
            } else {
                "the level before the rollout was not held long enough to rule out that it was fading"
            },
            percent(fading.counterfactual_share)
        );
        return;
    }
    let course = against.segments.course_until(against.after_days);
    let timing = timing::date(course, overdispersion, timing::ALLOWED_AFTER);
    if let Some(reason) = dated(verdict, timing) {
        verdict.reason = format!("{shares}, but {reason}");
        return;
    }
    effective(verdict, shares);
}

fn not_faded(fading: Fading, excluded: bool) -> Assumption {
    Assumption {
        statement: "fading by itself does not explain the fall".to_owned(),
        finding: if excluded { Finding::Holds } else { Finding::Fails },
        detail: format!(
            "at the worst pace the level allows{} the share would have come to {}; distance {:.2}, required {:.2}",
            fading
                .half_life_days
                .map_or(String::new(), |days| format!(" (half-life {days:.1} days)")),
            percent(fading.counterfactual_share),
            fading.distance,
            fading.required
        ),
    }
}

/// The interval beside the group lies beyond the smallest effect. Effective where it does so also against the level before
/// the event, moved as the group moved since: what rose more than the group would have fallen more by itself (regression to
/// the mean). And where the fall beside the group dates to the rollout.
fn improved_beside(verdict: &mut Verdict, group: &Group, against: &Against<'_>, shares: &str) {
    let anchored = against.compared.anchored;
    let holds = anchored.is_some_and(|(after, before)| against.beyond(after, before));
    let detail = anchored.map_or_else(
        || "nothing is known of the time before the event".to_owned(),
        |(after, before)| {
            format!(
                "from the level before the event, moved as the group moved, {} was to be expected where {} is seen",
                percent(before.value),
                percent(after.value)
            )
        },
    );
    verdict.assumptions.push(Assumption {
        statement: "the part of the event that the group did not share does not explain the fall".to_owned(),
        finding: if holds { Finding::Holds } else { Finding::Fails },
        detail: detail.clone(),
    });
    if !holds {
        if let Some((after, before)) = anchored {
            widen(verdict, after, before, against.critical);
        }
        verdict.reason = format!(
            "{shares}, but {} did not rise alike with the event, and what rose more may have fallen more by itself: \
             {detail}",
            group.name
        );
        return;
    }
    let course = group.course(against.segments, against.after_days);
    let overdispersion = against.compared.overdispersion;
    let timing = timing::date(&course, overdispersion, timing::ALLOWED_AFTER_BESIDE);
    if let Some(reason) = dated(verdict, timing) {
        verdict.reason = format!("{shares}, but beside {} {reason}", group.name);
        return;
    }
    effective(verdict, shares);
}

fn effective(verdict: &mut Verdict, shares: &str) {
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

/// The interval lies short of the smallest effect: ineffective, unless the issue was still growing, or a group that rose
/// more than the measured slice fell more by itself.
fn not_improved(verdict: &mut Verdict, counterfactual: &Counterfactual, against: &Against<'_>, shares: &str) {
    if counterfactual.rising {
        verdict.reason = format!(
            "{shares}, but the issue was still growing before the rollout: without the change it might have become \
             worse"
        );
        return;
    }
    if let Some((after, before)) = against.compared.anchored {
        let (change, _, bound) = against.judged(after, before);
        if change <= bound {
            verdict.reason = format!(
                "{shares}, but from the level before the event, moved as the group moved, {} was to be expected",
                percent(before.value)
            );
            return;
        }
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
