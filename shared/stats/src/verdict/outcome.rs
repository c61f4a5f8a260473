//! What the numbers of one look lead to.

use super::aim::Aim;
use super::counterfactual::{Counterfactual, Segments, stayed};
use super::fieller::{Measured, absolute_change};
use super::group::{Compared, Group};
use super::judge::smallest_in_words;
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
    /// The change that is judged, its interval, and the smallest one worth having; negative is what is hoped for.
    fn judged(&self, after: Measured, before: Measured) -> (Option<f64>, Option<Interval>, f64) {
        match self.plan.smallest_effect {
            SmallestEffect::Relative(fraction) => {
                let (change, interval) = self.plan.aim.relative(after, before, self.critical);
                (change, interval, -fraction)
            }
            SmallestEffect::Absolute(movement) => {
                let interval = absolute_change(after, before, self.critical);
                (Some(after.value - before.value), Some(interval), -movement)
            }
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
        let aim = self.plan.aim;
        let told = |measured: Measured| Measured {
            value: aim.lowered(measured.value),
            ..measured
        };
        let (then, now) = (told(before), told(after));
        let positive = now.value > 0.0 && then.value > 0.0;
        match self.plan.smallest_effect {
            SmallestEffect::Relative(fraction) if positive => {
                let relative = |measured: Measured| measured.variance / measured.value.powi(2);
                let half = self.critical * (relative(now) + relative(then)).sqrt();
                let ratio = (now.value / then.value).ln();
                if aim.rises() {
                    (ratio - half).exp() >= 1.0 + fraction
                } else {
                    (ratio + half).exp() <= 1.0 - fraction
                }
            }
            _ => self.lies(after, before) == Lies::Beyond,
        }
    }
}

/// Enters the numbers of a look and what they decide.
pub(super) fn reach(verdict: &mut Verdict, counterfactual: &Counterfactual, against: &Against<'_>) {
    let Compared { after, before, .. } = against.compared;
    let aim = against.plan.aim;
    verdict.effect = Some(after.value - before.value);
    verdict.interval = Some(absolute_change(after, before, against.critical));
    (verdict.relative_effect, verdict.relative_interval) = aim.relative(after, before, against.critical);
    let shares = format!(
        "the share is {} where {} was to be expected",
        aim.percent(after.value),
        aim.percent(before.value)
    );
    match (against.lies(after, before), &counterfactual.group) {
        (Lies::Beyond, Some(group)) => improved_beside(verdict, group, against, &shares),
        (Lies::Beyond, None) => improved(verdict, against, &shares),
        (Lies::Short, _) => not_improved(verdict, counterfactual, against, &shares),
        (Lies::Across, _) => {
            verdict.reason = format!(
                "{shares}; this neither shows nor rules out a {} by {}",
                aim.words().fall,
                smallest_in_words(against.plan.smallest_effect)
            );
        }
    }
    if let Some(rejected) = &counterfactual.rejected {
        let nothing_else = rejected.nothing_else(against.after_days, against.plan);
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
    let (aim, stayed) = (against.plan.aim, stayed(against.plan.aim));
    let words = aim.words();
    let falling = verdict
        .assumptions
        .iter()
        .any(|a| a.statement == stayed && a.finding == Finding::Fails);
    let (fading, faded) = Counterfactual::fading(
        against.segments,
        against.after_days,
        overdispersion,
        against.plan,
        against.critical,
    );
    verdict.fading = Some(fading);
    let excluded = fading.distance >= fading.required;
    verdict.assumptions.push(not_faded(aim, fading, excluded));
    if !excluded || falling {
        widen(verdict, against, (after, faded));
        let why = if falling {
            format!("it was already {} before the rollout", words.falling)
        } else {
            format!(
                "the level before the rollout was not held long enough to rule out that it was {}",
                words.fading
            )
        };
        verdict.reason = format!(
            "{shares}, but it would have {} anyway: {why}, and at that pace it would have come to {} without the change",
            words.fallen,
            aim.percent(fading.counterfactual_share)
        );
        return;
    }
    let course = against.segments.course_until(against.after_days);
    let timing = timing::date(course, overdispersion, timing::ALLOWED_AFTER);
    if let Some(reason) = dated(verdict, aim, timing) {
        verdict.reason = format!("{shares}, but {reason}");
        return;
    }
    effective(verdict, shares);
}

fn not_faded(aim: Aim, fading: Fading, excluded: bool) -> Assumption {
    let words = aim.words();
    Assumption {
        statement: format!("{} by itself does not explain the {}", words.fading, words.fall),
        finding: if excluded { Finding::Holds } else { Finding::Fails },
        detail: format!(
            "at the worst pace the level allows{} the share would have come to {}; distance {:.2}, required {:.2}",
            fading
                .half_life_days
                .map_or(String::new(), |days| format!(" (half-life {days:.1} days)")),
            aim.percent(fading.counterfactual_share),
            fading.distance,
            fading.required
        ),
    }
}

/// The interval beside the group lies beyond the smallest effect. Effective where it does so also against the level before
/// the event, moved as the group moved since: what rose more than the group would have fallen more by itself (regression to
/// the mean). And where the fall beside the group dates to the rollout.
fn improved_beside(verdict: &mut Verdict, group: &Group, against: &Against<'_>, shares: &str) {
    let aim = against.plan.aim;
    let words = aim.words();
    let anchored = against.compared.anchored;
    let holds = anchored.is_some_and(|(after, before)| against.beyond(after, before));
    let detail = anchored.map_or_else(
        || "nothing is known of the time before the event".to_owned(),
        |(after, before)| {
            format!(
                "from the level before the event, moved as the group moved, {} was to be expected where {} is seen",
                aim.percent(before.value),
                aim.percent(after.value)
            )
        },
    );
    verdict.assumptions.push(Assumption {
        statement: format!(
            "the part of the event that the group did not share does not explain the {}",
            words.fall
        ),
        finding: if holds { Finding::Holds } else { Finding::Fails },
        detail: detail.clone(),
    });
    if !holds {
        if let Some(anchored) = anchored {
            widen(verdict, against, anchored);
        }
        verdict.reason = format!(
            "{shares}, but {} did not {} alike with the event, and what {} more may have {} more by itself: {detail}",
            group.name, words.rise, words.rose, words.fallen
        );
        return;
    }
    let course = group.course(against.segments, against.after_days);
    let overdispersion = against.compared.overdispersion;
    let timing = timing::date(&course, overdispersion, timing::ALLOWED_AFTER_BESIDE);
    if let Some(reason) = dated(verdict, aim, timing) {
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
fn dated(verdict: &mut Verdict, aim: Aim, timing: Timing) -> Option<String> {
    let words = aim.words();
    let coincides = timing.distance <= timing.allowed;
    let (days, side) = (
        timing.days.abs(),
        if timing.days < 0.0 { "before" } else { "after" },
    );
    verdict.assumptions.push(Assumption {
        statement: format!("the {} dates to the rollout", words.fall),
        finding: if coincides { Finding::Holds } else { Finding::Fails },
        detail: format!(
            "best dated {days:.1} days {side} the rollout; distance {:.2}, at most {} allowed",
            timing.distance, timing.allowed
        ),
    });
    (!coincides).then(|| {
        format!(
            "it {} {days:.1} days {side} the rollout: an issue that ends by itself does so at any time",
            words.fell
        )
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
        if change.is_some_and(|change| change <= bound) {
            verdict.reason = format!(
                "{shares}, but from the level before the event, moved as the group moved, {} was to be expected",
                against.plan.aim.percent(before.value)
            );
            return;
        }
    }
    verdict.decision = Decision::Ineffective;
    verdict.reason = format!("{shares}; the whole interval lies short of the smallest effect worth having");
}

/// Stretches the intervals to the counterfactual in which the issue fades.
fn widen(verdict: &mut Verdict, against: &Against<'_>, (after, faded): (Measured, Measured)) {
    let absolute = absolute_change(after, faded, against.critical);
    verdict.interval = verdict.interval.map(|i| Interval {
        low: i.low,
        high: i.high.max(absolute.high),
    });
    let (_, relative) = against.plan.aim.relative(after, faded, against.critical);
    verdict.relative_interval = verdict.relative_interval.zip(relative).map(|(i, wide)| Interval {
        low: i.low,
        high: i.high.max(wide.high),
    });
}
