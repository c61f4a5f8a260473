//! A comparable group: whether it is one, and what it says would have happened without the change.

use super::aim::Aim;
use super::counterfactual::{NOTHING_ELSE, Segments};
use super::fieller::Measured;
use super::judge::percent;
use super::plan::Plan;
use super::record::{Assumption, Finding};
use super::serial::{Deviations, Dispersion};
use super::series::Day;
use super::timing::Step;
use super::weekday::WithinWeekdays;
use crate::distribution::{normal_quantile, student_critical};

/// Fewer mentions on either side say nothing about a ratio.
const MENTIONS: f64 = 5.0;
/// The group's rise with the event is at least this part of the measured slice's, and at most its inverse.
const RISE: f64 = 0.5;
/// A rise beyond this many standard errors is an event.
const EVENT: f64 = 1.96;
/// The error rate of all tests of parallel courses together.
const PARALLEL: f64 = 0.05;
/// The probability with which a departure is found that is called detectable.
const DETECTED: f64 = 0.8;
/// A group that moved by this part of the smallest effect at the rollout moved materially.
const MATERIAL: f64 = 0.5;

/// The measured slice beside a group in which nothing was changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) segments: Segments,
    /// What was found before the rollout; nothing after it has a say in whether the group is compared with.
    pub(super) assumptions: Vec<Assumption>,
    /// Deviations of the quiet days, which tell how days hang together.
    quiet: Option<Deviations>,
}

/// What the shares of one look are compared as.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compared {
    pub(super) after: Measured,
    /// What was to be expected, from the level before the rollout.
    pub(super) before: Measured,
    /// What was to be expected from the level before the event.
    pub(super) anchored: Option<(Measured, Measured)>,
    pub(super) overdispersion: f64,
    pub(super) freedom: f64,
}

impl Group {
    /// Cuts the group and looks, before the rollout only, at whether it is comparable.
    pub(super) fn of((name, aim): (&str, Aim), own: &Segments, segments: Segments) -> Self {
        let halves = |days: &[Day]| days.len() / 2;
        let quiet = Placebo::of(
            "while nothing was going on",
            (&own.before_event, &segments.before_event),
            halves(&own.before_event),
        );
        let plateau = Placebo::of(
            "between detection and rollout",
            (&own.plateau, &segments.plateau),
            halves(&own.plateau),
        );
        let mut assumptions = vec![same_event((name, aim), own, &segments)];
        assumptions.push(parallel((name, aim), &[&quiet, &plateau]));
        let quiet = quiet.pair.map(|(own, group)| Deviations {
            days: own.beside(&group),
            fitted: own.weekdays + 1,
        });
        Self {
            name: name.to_owned(),
            segments,
            assumptions,
            quiet,
        }
    }

    /// Whether everything that was looked at before the rollout holds.
    pub(super) fn comparable(&self) -> bool {
        self.assumptions
            .iter()
            .all(|assumption| assumption.finding == Finding::Holds)
    }

    /// The group's part of these days.
    pub(super) fn after(&self, days: &[Day]) -> &[Day] {
        let last = days.last().map_or(i64::MIN, |day| day.index);
        let seen = self.segments.after.partition_point(|day| day.index <= last);
        self.segments.after.get(..seen).unwrap_or(&self.segments.after)
    }

    /// The shares of these days against what was to be expected: the level before the rollout moved as the group moved.
    /// None where too little of the group is there.
    pub(super) fn compare(&self, own: &Segments, after: &[Day]) -> Option<Compared> {
        let beside = self.after(after);
        let moved = WithinWeekdays::of(&own.plateau, after)?;
        let group = WithinWeekdays::of(&self.segments.plateau, beside)?;
        if group.successes.0 < MENTIONS || group.successes.1 < MENTIONS {
            return None;
        }
        let deviations = Deviations {
            days: moved.beside(&group),
            fitted: moved.weekdays + 1,
        };
        let others: Vec<Deviations> = self.quiet.iter().cloned().collect();
        let Dispersion { factor, freedom } = Dispersion::of(&deviations, &others);
        let (after_share, before) = expected(&moved, &group, factor);
        let anchored = WithinWeekdays::of(&own.before_event, after)
            .zip(WithinWeekdays::of(&self.segments.before_event, beside))
            .map(|(own, group)| expected(&own, &group, factor));
        Some(Compared {
            after: after_share,
            before,
            anchored,
            overdispersion: factor,
            freedom,
        })
    }

    /// The course of both, in which what both share cancels: of all mentions of a step, those of the measured slice.
    pub(super) fn course(&self, own: &Segments, after: &[Day]) -> Vec<Step> {
        let other = self.segments.course_until(after);
        let mut place = 0;
        own.course_until(after)
            .iter()
            .filter_map(|step| {
                while other
                    .get(place)
                    .is_some_and(|beside| beside.end < step.end - 1e-9)
                {
                    place += 1;
                }
                let beside = other.get(place).filter(|beside| beside.end <= step.end + 1e-9)?;
                Some(Step {
                    end: step.end,
                    successes: step.successes,
                    n: step.successes + beside.successes,
                })
            })
            .collect()
    }

    /// Whether something else happened at the rollout, as a group shows that is not comparable but was not changed either.
    pub(super) fn nothing_else(&self, after: &[Day], plan: &Plan) -> Assumption {
        let statement = NOTHING_ELSE.to_owned();
        let beside = self.after(after);
        let found = WithinWeekdays::of(&self.segments.plateau, beside)
            .filter(|found| found.successes.0 >= MENTIONS && found.successes.1 >= MENTIONS);
        let Some(found) = found else {
            return Assumption {
                statement,
                finding: Finding::Untestable,
                detail: format!("too little feedback in {} to tell", self.name),
            };
        };
        let deviations = Deviations {
            days: found.alone(),
            fitted: found.weekdays + 1,
        };
        let Dispersion { factor, freedom } = Dispersion::of(&deviations, &[]);
        let distance = found.ratio().ln() / (factor * found.log_variance()).sqrt();
        let least = MATERIAL * plan.change(1.0).reduction(found.before.value) / found.before.value;
        let moved = distance.abs() > student_critical(1.0 - PARALLEL, freedom)
            && (found.ratio() - 1.0).abs() >= least;
        Assumption {
            statement,
            finding: if moved { Finding::Fails } else { Finding::Holds },
            detail: format!(
                "{}, where nothing was changed, went from {} to {} ({:.2} standard errors)",
                self.name,
                plan.aim.percent(found.before.value),
                plan.aim.percent(found.after.value),
                plan.aim.towards(distance)
            ),
        }
    }
}

/// The share after, and what was to be expected of it: the share before times the ratio by which the group moved. The
/// binomial variances are multiplied by `factor`.
fn expected(own: &WithinWeekdays, group: &WithinWeekdays, factor: f64) -> (Measured, Measured) {
    let value = own.before.value * group.ratio();
    let relative = own.before.variance / own.before.value.powi(2) + group.log_variance();
    let after = Measured {
        value: own.after.value,
        variance: factor * own.after.variance,
    };
    let before = Measured {
        value,
        variance: factor * value * value * relative,
    };
    (after, before)
}

/// A comparison of two halves of a time in which nothing was changed.
struct Placebo {
    when: &'static str,
    pair: Option<(WithinWeekdays, WithinWeekdays)>,
}

impl Placebo {
    /// Both groups before and after the day at `place` of the measured slice, where either half says enough.
    fn of(when: &'static str, (own, group): (&[Day], &[Day]), place: usize) -> Self {
        let border = own.get(place).map_or(i64::MAX, |day| day.index);
        let cut = |days: &[Day]| {
            let place = days.partition_point(|day| day.index < border);
            let (early, late) = days.split_at_checked(place)?;
            let found = WithinWeekdays::of(early, late)?;
            let all: f64 = days.iter().map(|day| day.n).sum();
            // Halves of less than a week may have hardly a weekday in common.
            let most = 2.0 * (found.n.0 + found.n.1) > all;
            let enough = found.successes.0 >= MENTIONS && found.successes.1 >= MENTIONS;
            (most && enough).then_some(found)
        };
        Self {
            when,
            pair: cut(own).zip(cut(group)),
        }
    }
}

/// Whether the two moved in parallel while nothing was changed: in each time that can be tested, the change from its
/// first to its second half is the same (a difference in differences of a rollout that never was).
fn parallel((name, aim): (&str, Aim), placebos: &[&Placebo]) -> Assumption {
    let of = aim.words().of;
    let statement = format!("{of}{name} moved in proportion before the rollout");
    let tested: Vec<_> = placebos
        .iter()
        .filter_map(|placebo| placebo.pair.as_ref().map(|pair| (placebo.when, pair)))
        .collect();
    if tested.is_empty() {
        return Assumption {
            statement,
            finding: Finding::Untestable,
            detail: "too little feedback before the rollout to test it".to_owned(),
        };
    }
    let mut holds = true;
    let details: Vec<String> = tested
        .iter()
        .map(|(when, (own, group))| {
            let deviations = Deviations {
                days: own.beside(group),
                fitted: own.weekdays + 1,
            };
            let Dispersion { factor, freedom } = Dispersion::of(&deviations, &[]);
            let error = (factor * (own.log_variance() + group.log_variance())).sqrt();
            let apart = (own.ratio() / group.ratio()).ln();
            let critical = student_critical(1.0 - PARALLEL / tested.len() as f64, freedom);
            holds &= apart.abs() <= critical * error;
            let detectable = ((critical + normal_quantile(DETECTED)) * error).exp_m1();
            format!(
                "{when} the two came apart by {} ({:.2} standard errors, {critical:.2} allowed; {} would have been found \
                 four times in five)",
                percent(apart.exp_m1()),
                apart / error,
                percent(detectable)
            )
        })
        .collect();
    Assumption {
        statement,
        finding: if holds { Finding::Holds } else { Finding::Fails },
        detail: details.join("; "),
    }
}

/// Whether a group had the same event, so that it shows what would have happened: what was not hit does not fade.
fn same_event((name, aim): (&str, Aim), own: &Segments, group: &Segments) -> Assumption {
    let of = aim.words().of;
    let rise = |segments: &Segments| {
        WithinWeekdays::of(&segments.before_event, &segments.plateau)
            .filter(|rise| rise.successes.0 >= MENTIONS && rise.successes.1 >= MENTIONS)
    };
    let statement = format!("{name} had the same event and is comparable");
    let Some((own, group)) = rise(own).zip(rise(group)) else {
        return Assumption {
            statement,
            finding: Finding::Untestable,
            detail: format!("too little feedback before or after the event in {name}"),
        };
    };
    let deviations = Deviations {
        days: own.beside(&group),
        fitted: own.weekdays + 1,
    };
    let factor = Dispersion::of(&deviations, &[]).factor;
    let event = own.ratio().ln() / (factor * own.log_variance()).sqrt();
    let apart =
        (own.ratio() / group.ratio()).ln() / (factor * (own.log_variance() + group.log_variance())).sqrt();
    let (higher, beside) = (own.ratio() - 1.0, group.ratio() - 1.0);
    let holds = if event > EVENT {
        beside >= RISE * higher && beside <= higher / RISE
    } else {
        apart.abs() <= EVENT
    };
    Assumption {
        statement,
        finding: if holds { Finding::Holds } else { Finding::Fails },
        detail: format!(
            "{of}{name} rose by {} with the event, {of}the measured slice by {}",
            percent(beside),
            percent(higher)
        ),
    }
}
