//! What the share after the rollout is compared with, and whether that comparison is sound.

use chrono::{DateTime, TimeDelta, Utc};

use super::aim::Aim;
use super::collection::Collection;
use super::fieller::Measured;
use super::forecast::Forecast;
use super::group::{Compared, Group};
use super::judge::Evaluation;
use super::plan::Plan;
use super::record::{Assumption, Beside, Fading, Finding, Method};
use super::series::{Bucket, Day, Total, count, days, dispersion};
use super::timing::Step;

/// Slopes beyond this many standard errors count as a trend (2.5 % on either side where there is none).
const TREND: f64 = 1.96;

/// A series cut at the instants of the initiative.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Segments {
    /// Before the window in which the issue was found.
    pub(super) before_event: Vec<Day>,
    /// From detection to rollout.
    pub(super) plateau: Vec<Day>,
    /// Whole days after the rollout.
    pub(super) after: Vec<Day>,
    /// The buckets from detection on, in the order of time.
    course: Vec<Step>,
}

impl Segments {
    pub(super) fn of(evaluation: &Evaluation<'_>) -> Self {
        Self::cut(evaluation, evaluation.series)
    }

    pub(super) fn cut(evaluation: &Evaluation<'_>, series: &[Bucket]) -> Self {
        let rollout = evaluation.rolled_out_at;
        let end = evaluation.now.min(evaluation.plan.deadline);
        let opened = evaluation.opened_at.min(rollout);
        let mut after = days(series, Some(rollout), end, rollout);
        after.retain(|day| TimeDelta::days(day.index + 1) <= end - rollout);
        Self {
            before_event: days(series, None, evaluation.issue_window_start.min(opened), rollout),
            plateau: days(series, Some(opened), rollout, rollout),
            after,
            course: course(series, opened, end, rollout),
        }
    }

    /// The buckets from detection to the end of these days.
    pub(super) fn course_until(&self, after: &[Day]) -> &[Step] {
        let end = after.last().map_or(0.0, |day| day.index as f64 + 1.0);
        let seen = self.course.partition_point(|step| step.end <= end + 1e-9);
        self.course.get(..seen).unwrap_or(&self.course)
    }

    /// The quasi-binomial overdispersion between days, not below one, and its degrees of freedom.
    pub(super) fn overdispersion(&self, after: &[Day]) -> (f64, f64) {
        let (chi2, freedom) = dispersion(&[&self.before_event, &self.plateau, after]);
        if freedom > 0.0 {
            ((chi2 / freedom).max(1.0), freedom)
        } else {
            (1.0, 1.0)
        }
    }
}

fn course(series: &[Bucket], from: DateTime<Utc>, to: DateTime<Utc>, rollout: DateTime<Utc>) -> Vec<Step> {
    let mut course: Vec<Step> = series
        .iter()
        .filter(|bucket| bucket.n > 0 && bucket.start >= from && bucket.end <= to)
        .map(|bucket| Step {
            end: (bucket.end - rollout).num_seconds() as f64 / 86_400.0,
            successes: bucket.successes.min(bucket.n) as f64,
            n: bucket.n as f64,
        })
        .collect();
    course.sort_by(|a, b| a.end.total_cmp(&b.end));
    course
}

/// The comparison chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counterfactual {
    pub(super) method: Method,
    pub(super) assumptions: Vec<Assumption>,
    /// Why no comparison can be had.
    pub(super) impossible: Option<String>,
    /// Whether the issue was still growing before the rollout.
    pub(super) rising: bool,
    /// The group that is compared with.
    pub(super) group: Option<Group>,
    /// A group that was given and is not comparable.
    pub(super) rejected: Option<Group>,
}

impl Counterfactual {
    pub(super) fn of(evaluation: &Evaluation<'_>, segments: &Segments) -> Self {
        let aim = evaluation.plan.aim;
        let mut assumptions = Vec::new();
        let given = evaluation
            .comparison
            .map(|c| Group::of((c.name, aim), segments, Segments::cut(evaluation, c.series)));
        if let Some(group) = &given {
            assumptions.extend(group.assumptions.iter().cloned());
        }
        let (group, rejected) = match given {
            Some(group) if group.comparable() => (Some(group), None),
            other => (None, other),
        };
        if group.is_some() {
            return Self {
                method: Method::DifferenceInDifferences,
                assumptions,
                impossible: None,
                rising: false,
                group,
                rejected: None,
            };
        }
        let slope = forecast(segments, &[], 1.0_f64.max(segments.overdispersion(&[]).0)).slope_in_errors();
        let (long_enough, impossible) = plateau_length(evaluation, segments);
        assumptions.push(long_enough);
        assumptions.push(Assumption {
            statement: stayed(aim),
            finding: match (slope < -TREND, impossible.is_some()) {
                (true, _) => Finding::Fails,
                (false, true) => Finding::Untestable,
                (false, false) => Finding::Holds,
            },
            detail: format!(
                "slope {:.2} standard errors; a {} beyond {}{TREND} counts",
                aim.towards(slope),
                aim.words().fall,
                if aim.rises() { "" } else { "−" }
            ),
        });
        if rejected.is_none() {
            assumptions.push(Assumption {
                statement: NOTHING_ELSE.to_owned(),
                finding: Finding::Untestable,
                detail: "without a comparable group the data cannot tell".to_owned(),
            });
        }
        Self {
            method: Method::PlateauForecast,
            assumptions,
            impossible,
            rising: slope > TREND,
            group: None,
            rejected,
        }
    }

    /// The share of these days and the one to be expected without the change; none where the group says too little.
    pub(super) fn compare(&self, segments: &Segments, after: &[Day]) -> Option<Compared> {
        if let Some(group) = &self.group {
            return group.compare(segments, after);
        }
        let (overdispersion, freedom) = segments.overdispersion(after);
        let measured = |total: Total| Measured {
            value: total.share(),
            variance: total.variance(overdispersion),
        };
        Some(Compared {
            after: measured(Total::of(after)),
            before: measured(Total::of(&segments.plateau)),
            anchored: None,
            overdispersion,
            freedom,
        })
    }

    /// What is found of the collection of the measured slice up to these days, and of the group's where one is compared
    /// with.
    pub(super) fn collection(
        &self,
        segments: &Segments,
        after: &[Day],
        plan: &Plan,
        strata: &[(&str, Segments)],
    ) -> Collection {
        let own = Collection::of(segments, after, plan, strata);
        match &self.group {
            Some(group) => {
                let beside = Collection::of(&group.segments, group.after(after), plan, &[]);
                own.beside(&group.name, beside)
            }
            None => own,
        }
    }

    /// What was seen of the group that was given, up to these days.
    pub(super) fn seen(&self, after: &[Day]) -> Option<Beside> {
        let group = self.group.as_ref().or(self.rejected.as_ref())?;
        let (then, now) = (Total::of(&group.segments.plateau), Total::of(group.after(after)));
        Some(Beside {
            name: group.name.clone(),
            compared_with: self.group.is_some(),
            n_before: count(then.n),
            n_after: count(now.n),
            share_before: (then.n > 0.0).then(|| then.share()),
            share_after: (now.n > 0.0).then(|| now.share()),
        })
    }

    /// The fading check; a comparable group carries the fading itself.
    pub(super) fn fading(
        segments: &Segments,
        after_days: &[Day],
        overdispersion: f64,
        plan: &Plan,
        required: f64,
    ) -> (Fading, Measured) {
        forecast(segments, after_days, overdispersion).fading(plan, required)
    }
}

/// The statement of the assumption that the level before the rollout held.
pub(super) fn stayed(aim: Aim) -> String {
    format!(
        "the level between detection and rollout did not {}",
        aim.words().fall
    )
}

/// The statement of the assumption that only the change was new at the rollout.
pub(super) const NOTHING_ELSE: &str = "nothing else changed at the time of the rollout";

fn forecast<'a>(segments: &'a Segments, after: &'a [Day], overdispersion: f64) -> Forecast<'a> {
    let before = Total::of(&segments.before_event);
    // Without a past the lowest level an issue can fade to is none at all.
    let before_event = if before.n > 0.0 {
        Measured {
            value: before.share(),
            variance: before.variance(overdispersion),
        }
    } else {
        Measured {
            value: 0.0,
            variance: 0.0,
        }
    };
    Forecast {
        plateau: &segments.plateau,
        before_event,
        after,
        overdispersion,
    }
}

/// Whether the level was held long enough to be forecast, and the words for where it was not.
fn plateau_length(evaluation: &Evaluation<'_>, segments: &Segments) -> (Assumption, Option<String>) {
    let needed = evaluation.plan.minimum_days_before;
    let held = (evaluation.rolled_out_at - evaluation.opened_at).num_hours() as f64 / 24.0;
    let observed = segments.plateau.len();
    let enough = held >= f64::from(needed) && observed + 1 >= needed as usize && !segments.plateau.is_empty();
    let assumption = Assumption {
        statement: "the level between detection and rollout is established".to_owned(),
        finding: if enough { Finding::Holds } else { Finding::Fails },
        detail: format!(
            "{held:.1} days from detection to rollout, {observed} with feedback; {needed} needed"
        ),
    };
    let aim = evaluation.plan.aim;
    let words = aim.words();
    let impossible = (!enough).then(|| {
        let measured = if segments.after.is_empty() {
            String::new()
        } else {
            format!(
                " (the share went from {} to {})",
                aim.percent(Total::of(&segments.plateau).share()),
                aim.percent(Total::of(&segments.after).share())
            )
        };
        format!(
            "only {held:.1} days lie between detection and rollout where {needed} are needed: the issue was found \
             because it was extreme and may have {} anyway, so a {} proves nothing{measured}; give a comparable \
             group, or try the change in a pilot",
            words.fallen, words.fall
        )
    });
    (assumption, impossible)
}
