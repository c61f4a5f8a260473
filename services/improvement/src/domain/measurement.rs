//! How a change will be judged, fixed at the rollout, and the judging itself.

use std::collections::BTreeSet;

use attune_stats::verdict as stats;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Comparison, Confounder, Issue, Rollout, Series, Slice, Target, Verdict, alone, assumption, undisturbed,
};

/// The probability to see the smallest effect worth having. Above the 0.8 that is promised, because the plan
/// takes the baseline for known and the judgement does not.
const POWER: f64 = 0.9;
/// The two-sided error rate over all looks together.
const ALPHA: f64 = 0.05;
/// How many looks the error rate is spent on.
const LOOKS: u32 = 2;
/// More time than the baseline's pace of feedback asks for: a look that comes a day late costs less than one that
/// comes before there is enough to see.
const MARGIN: f64 = 1.15;

/// How a change will be judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MeasurementPlan {
    /// The metric's level before.
    pub(crate) baseline: f64,
    pub(crate) baseline_n: i64,
    pub(crate) baseline_start: DateTime<Utc>,
    pub(crate) baseline_end: DateTime<Utc>,
    /// In units of the share, in the direction in which the metric is to move.
    pub(crate) smallest_effect: f64,
    /// 0 where no sample size can be computed: without feedback about the topic there is nothing to reduce.
    pub(crate) planned_n: i64,
    pub(crate) power: f64,
    pub(crate) alpha: f64,
    /// The instants of judgement, the last one being the deadline.
    pub(crate) looks: Vec<DateTime<Utc>>,
    /// The versions of the taxonomy since which the issue's topic was coded as in the baseline's series; none in plans
    /// from before this was kept.
    #[serde(default)]
    pub(crate) codings: Vec<i64>,
    /// What it is compared with.
    #[serde(default)]
    pub(crate) comparison: Option<PlannedComparison>,
}

/// A comparison as it was at the rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlannedComparison {
    /// Both slices in full.
    pub(crate) comparison: Comparison,
    /// The unchanged part's level in the baseline's window; none without feedback.
    pub(crate) baseline: Option<f64>,
    pub(crate) baseline_n: i64,
    /// As those of the plan, of the unchanged part.
    pub(crate) codings: Vec<i64>,
}

impl MeasurementPlan {
    /// The plan for a rollout at `at`, from what was measured before it. The baseline is what was measured after
    /// the issue was found: the window it was found in was extreme, and would have been followed by less anyway.
    pub(crate) fn fix(
        issue: &Issue,
        target: &Target,
        before: &Series,
        beside: Option<(Comparison, &Series)>,
        at: DateTime<Utc>,
    ) -> Self {
        let baseline_start = issue.opened_at.min(at);
        let (successes, n) = before.total(baseline_start, at);
        let baseline = if n == 0 { 0.0 } else { successes as f64 / n as f64 };
        let comparison = beside.map(|(comparison, series)| {
            let (successes, n) = series.total(baseline_start, at);
            PlannedComparison {
                comparison,
                baseline: (n > 0).then(|| successes as f64 / n as f64),
                baseline_n: i64::try_from(n).unwrap_or(i64::MAX),
                codings: series.1.clone(),
            }
        });
        let aim = target.metric.aim();
        let group = comparison
            .as_ref()
            .and_then(|planned| Some((aim.lowered(planned.baseline?), planned.baseline_n as f64)));
        let planned_n = planned_n(issue, target, before, (baseline, n as f64), group);
        let days = (at - baseline_start).num_seconds() as f64 / 86_400.0;
        let pace = if days > 0.0 { n as f64 / days } else { 0.0 };
        Self {
            baseline,
            baseline_n: i64::try_from(n).unwrap_or(i64::MAX),
            baseline_start,
            baseline_end: at,
            smallest_effect: target.smallest_effect(baseline).abs(),
            planned_n: i64::try_from(planned_n).unwrap_or(i64::MAX),
            power: POWER,
            alpha: ALPHA,
            looks: looks(
                at,
                at + TimeDelta::days(target.deadline_days.into()),
                planned_n,
                pace,
            ),
            codings: before.1.clone(),
            comparison,
        }
    }

    fn deadline(&self) -> DateTime<Utc> {
        self.looks.last().copied().unwrap_or(self.baseline_end)
    }

    fn statistical(&self, target: &Target) -> stats::Plan {
        let smallest = stats::SmallestEffect::Relative(target.smallest_relative_effect);
        let planned_n = u64::try_from(self.planned_n).unwrap_or_default();
        stats::Plan {
            aim: target.metric.aim(),
            alpha: self.alpha,
            looks: LOOKS,
            ..stats::Plan::new(smallest, planned_n, self.deadline())
        }
    }
}

/// The overdispersion is that of the days before the issue, on which nothing was going on.
fn planned_n(
    issue: &Issue,
    target: &Target,
    before: &Series,
    (baseline, n): (f64, f64),
    group: Option<(f64, f64)>,
) -> u64 {
    let quiet_until = issue.window_start.unwrap_or(issue.opened_at);
    let quiet: Vec<_> = before.within(DateTime::UNIX_EPOCH, quiet_until).collect();
    // A share cannot be planned to vanish without a trace.
    let smallest = stats::SmallestEffect::Relative(target.smallest_relative_effect.min(0.999));
    let aim = target.metric.aim();
    let own = (aim.lowered(baseline), n);
    aim.sample(baseline, smallest, POWER, ALPHA, stats::overdispersion(&quiet))
        .map(|planned| group.map_or(planned, |group| planned.beside(own, group)))
        .map_or(0, |planned| planned.n)
}

/// The instants at which, at the baseline's pace, each look has the feedback it needs; the deadline closes.
fn looks(at: DateTime<Utc>, deadline: DateTime<Utc>, planned_n: u64, pace: f64) -> Vec<DateTime<Utc>> {
    let soonest = stats::Plan::new(stats::SmallestEffect::DEFAULT, planned_n, deadline).minimum_days_after;
    let mut looks: Vec<_> = (1..=LOOKS)
        .filter(|_| planned_n > 0 && pace > 0.0)
        .filter_map(|look| {
            let needed = planned_n as f64 * f64::from(look) / f64::from(LOOKS);
            let days = (needed / pace * MARGIN).ceil().max(f64::from(soonest));
            TimeDelta::try_seconds(whole_days_in_seconds(days)?).map(|delay| at + delay)
        })
        .filter(|look| *look < deadline)
        .collect();
    looks.dedup();
    looks.push(deadline);
    looks
}

/// `None` beyond a year, where every deadline has passed.
#[expect(clippy::cast_possible_truncation, reason = "at most 366 whole days")]
fn whole_days_in_seconds(days: f64) -> Option<i64> {
    (days <= 366.0).then_some(days as i64 * 86_400)
}

/// A look that is due, with everything it looks at but what came after the rollout.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) initiative_id: Uuid,
    pub(crate) iteration: i32,
    /// Which of the plan's looks it is, from 1.
    pub(crate) number: i32,
    pub(crate) at: DateTime<Utc>,
    pub(crate) issue: Issue,
    pub(crate) target: Target,
    pub(crate) rollout: Rollout,
    /// What was measured before the rollout, frozen then.
    pub(crate) baseline: Series,
    /// The same of the unchanged part, where there is a comparison.
    pub(crate) comparison_baseline: Option<Series>,
    /// What else was done for the same customers since the baseline began.
    pub(crate) confounders: Vec<Confounder>,
    /// What was done for those of the unchanged part.
    pub(crate) comparison_confounders: Vec<Confounder>,
}

/// What came after a rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Seen {
    pub(crate) after: Series,
    /// The same of the unchanged part, where there is a comparison.
    pub(crate) comparison_after: Option<Series>,
}

impl From<Series> for Seen {
    fn from(after: Series) -> Self {
        Self {
            after,
            comparison_after: None,
        }
    }
}

impl Look {
    /// The feedback that is judged.
    pub(crate) fn slice(&self) -> Slice {
        self.rollout.plan.comparison.as_ref().map_or_else(
            || Slice::from(&self.issue),
            |planned| planned.comparison.changed.clone(),
        )
    }

    /// The feedback that it is compared with.
    pub(crate) fn unchanged(&self) -> Option<&Slice> {
        self.rollout
            .plan
            .comparison
            .as_ref()
            .map(|planned| &planned.comparison.unchanged)
    }

    /// A series from before the rollout together with one from after it.
    fn whole(&self, before: &Series, after: &Series) -> Vec<stats::Bucket> {
        before
            .within(DateTime::UNIX_EPOCH, self.rollout.at)
            .chain(after.within(self.rollout.at, self.at))
            .collect()
    }
}

/// A verdict together with everything it was made from.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Judgement {
    #[serde(skip)]
    pub(crate) verdict: Verdict,
    /// The statement of the statistics.
    statistics: stats::Verdict,
    plan: stats::Plan,
    window_start: DateTime<Utc>,
    opened_at: DateTime<Utc>,
    rolled_out_at: DateTime<Utc>,
    looked_at: DateTime<Utc>,
    /// The series after the rollout; those before it are the iteration's baselines.
    #[serde(flatten)]
    seen: Seen,
    confounders: Vec<Confounder>,
    comparison_confounders: Vec<Confounder>,
}

/// Judges a rollout at one of its looks. The baselines are the frozen ones; only what came after is new.
pub(crate) fn judge(look: &Look, seen: impl Into<Seen>, decided_at: DateTime<Utc>) -> Judgement {
    let seen: Seen = seen.into();
    let planned = look.rollout.plan.comparison.as_ref();
    let plan = look.rollout.plan.statistical(&look.target);
    let window_start = look.issue.window_start.unwrap_or(look.issue.opened_at);
    let beside = planned
        .zip(look.comparison_baseline.as_ref())
        .zip(seen.comparison_after.as_ref())
        .map(|((planned, before), after)| (planned.comparison.in_words(), look.whole(before, after)));
    let statistics = stats::judge(&stats::Evaluation {
        plan: &plan,
        series: &look.whole(&look.baseline, &seen.after),
        comparison: beside
            .as_ref()
            .map(|(name, series)| stats::Comparison { name, series }),
        strata: &[],
        issue_window_start: window_start,
        opened_at: look.issue.opened_at,
        rolled_out_at: look.rollout.at,
        now: look.at,
    });
    let mut verdict = Verdict::of(&statistics, look.unchanged(), look.number, decided_at);
    verdict.assumptions.push(assumption(&alone(&look.confounders)));
    if beside.is_some() {
        let undisturbed = undisturbed(&look.comparison_confounders);
        verdict.assumptions.push(assumption(&undisturbed));
    }
    if let Some(coding) = coded_otherwise(&look.rollout.plan, &seen) {
        verdict.withhold(&coding.detail);
        verdict.assumptions.push(assumption(&coding));
    }
    Judgement {
        verdict,
        statistics,
        plan,
        window_start,
        opened_at: look.issue.opened_at,
        rolled_out_at: look.rollout.at,
        looked_at: look.at,
        seen,
        confounders: look.confounders.clone(),
        comparison_confounders: look.comparison_confounders.clone(),
    }
}

/// That the issue's topic was coded in more than one way in what is compared: then a rise or fall may be the taxonomy's
/// doing, and nothing can be said of the change. None where it was coded alike, as far as that is known.
fn coded_otherwise(plan: &MeasurementPlan, seen: &Seen) -> Option<stats::Assumption> {
    let before = plan.comparison.iter().flat_map(|planned| &planned.codings);
    let after = seen.comparison_after.iter().flat_map(|series| &series.1);
    let versions: BTreeSet<i64> = plan
        .codings
        .iter()
        .chain(&seen.after.1)
        .chain(before)
        .chain(after)
        .copied()
        .collect();
    if versions.len() < 2 {
        return None;
    }
    let versions: Vec<String> = versions.iter().map(i64::to_string).collect();
    Some(stats::Assumption {
        statement: "the issue's topic was coded alike before and after".to_owned(),
        finding: stats::Finding::Fails,
        detail: format!(
            "it was coded as since versions {} of the taxonomy, which count differently",
            versions.join(" and ")
        ),
    })
}

#[cfg(test)]
mod tests;
