//! What the share after the rollout is compared with, and whether that comparison is sound.

use chrono::{DateTime, TimeDelta, Utc};

use super::fieller::Measured;
use super::forecast::Forecast;
use super::judge::{Evaluation, STAYED, percent};
use super::plan::SmallestEffect;
use super::record::{Assumption, Fading, Finding, Method};
use super::series::{Bucket, Day, Total, days, dispersion};
use super::timing::Step;

/// Slopes beyond this many standard errors count as a trend (2.5 % on either side where there is none).
const TREND: f64 = 1.96;
/// A comparable group had at least this part of the treated group's relative rise.
const COMPARABLE_RISE: f64 = 0.5;

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
    group: Option<Segments>,
}

impl Counterfactual {
    pub(super) fn of(evaluation: &Evaluation<'_>, segments: &Segments) -> Self {
        let mut assumptions = Vec::new();
        let group = evaluation
            .comparison
            .map(|c| (c.name, Segments::cut(evaluation, c.series)));
        if let Some((name, group)) = group {
            let assumption = comparable(name, segments, &group);
            let accepted = assumption.finding == Finding::Holds;
            assumptions.push(assumption);
            if accepted {
                let method = Method::DifferenceInDifferences;
                return Self {
                    method,
                    assumptions,
                    impossible: None,
                    rising: false,
                    group: Some(group),
                };
            }
        }
        let slope = forecast(segments, &[], 1.0_f64.max(segments.overdispersion(&[]).0)).slope_in_errors();
        let (long_enough, impossible) = plateau_length(evaluation, segments);
        assumptions.push(long_enough);
        assumptions.push(Assumption {
            statement: STAYED.to_owned(),
            finding: match (slope < -TREND, impossible.is_some()) {
                (true, _) => Finding::Fails,
                (false, true) => Finding::Untestable,
                (false, false) => Finding::Holds,
            },
            detail: format!("slope {slope:.2} standard errors; a fall beyond −{TREND} counts"),
        });
        assumptions.push(Assumption {
            statement: "nothing else changed at the time of the rollout".to_owned(),
            finding: Finding::Untestable,
            detail: "without a comparable group the data cannot tell".to_owned(),
        });
        Self {
            method: Method::PlateauForecast,
            assumptions,
            impossible,
            rising: slope > TREND,
            group: None,
        }
    }

    /// The share to be expected without the change, on average over these days.
    pub(super) fn share(&self, segments: &Segments, after: &[Day], overdispersion: f64) -> Measured {
        let plateau = Total::of(&segments.plateau);
        let own = Measured {
            value: plateau.share(),
            variance: plateau.variance(overdispersion),
        };
        let Some(group) = &self.group else { return own };
        let last = after.last().map_or(i64::MIN, |day| day.index);
        let seen: Vec<Day> = group
            .after
            .iter()
            .copied()
            .filter(|day| day.index <= last)
            .collect();
        let phi = group.overdispersion(&seen).0;
        let (then, now) = (Total::of(&group.plateau), Total::of(&seen));
        let value = own.value * now.share() / then.share().max(1e-9);
        let relative = |total: &Total, phi: f64| total.variance(phi) / total.share().max(1e-9).powi(2);
        let variance =
            value * value * (relative(&plateau, overdispersion) + relative(&then, phi) + relative(&now, phi));
        Measured { value, variance }
    }

    /// The fading check; a comparable group carries the fading itself.
    pub(super) fn fading(
        &self,
        segments: &Segments,
        after_days: &[Day],
        overdispersion: f64,
        smallest: SmallestEffect,
        required: f64,
    ) -> Option<(Fading, Measured)> {
        self.group
            .is_none()
            .then(|| forecast(segments, after_days, overdispersion).fading(smallest, required))
    }
}

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
    let impossible = (!enough).then(|| {
        let measured = if segments.after.is_empty() {
            String::new()
        } else {
            format!(
                " (the share went from {} to {})",
                percent(Total::of(&segments.plateau).share()),
                percent(Total::of(&segments.after).share())
            )
        };
        format!(
            "only {held:.1} days lie between detection and rollout where {needed} are needed: the issue was found \
             because it was extreme and may have fallen anyway, so a fall proves nothing{measured}; give a comparable \
             group, or try the change in a pilot"
        )
    });
    (assumption, impossible)
}

/// Whether a group had the same event, so that it shows what would have happened.
fn comparable(name: &str, treated: &Segments, group: &Segments) -> Assumption {
    let rise = |segments: &Segments| {
        let (before, plateau) = (Total::of(&segments.before_event), Total::of(&segments.plateau));
        (before.successes >= 5.0 && plateau.successes >= 5.0).then(|| plateau.share() / before.share() - 1.0)
    };
    let (finding, detail) = match (rise(treated), rise(group)) {
        (Some(own), Some(other)) => (
            if other >= COMPARABLE_RISE * own {
                Finding::Holds
            } else {
                Finding::Fails
            },
            format!(
                "{name} rose by {} with the event, the treated group by {}",
                percent(other),
                percent(own)
            ),
        ),
        _ => (
            Finding::Untestable,
            format!("too little feedback before or after the event in {name}"),
        ),
    };
    Assumption {
        statement: format!("{name} had the same event and is comparable"),
        finding,
        detail,
    }
}
