//! The judgement of a rollout, at the planned looks only.

use chrono::{DateTime, TimeDelta, Utc};

use super::aim::Aim;
use super::collection::{Collection, Stratum};
use super::counterfactual::{Counterfactual, Segments};
use super::look::{Look, looks};
use super::outcome::{self, Against};
use super::plan::{Plan, SmallestEffect};
use super::record::{Assumption, Decision, Finding, Verdict};
use super::series::{Bucket, Day, Total, count};
use crate::distribution::{normal_sf, student_critical};

/// A group that had the same event but not the change: another slice of the same metric, apart from the measured one.
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
    /// The share's series, from well before the issue until now, hourly or daily: of a share that is to rise what it says
    /// itself, not what falls short.
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
///
/// A share that is to rise is judged by what it falls short of one by, and the verdict is told of the share itself.
pub fn judge(evaluation: &Evaluation<'_>) -> Verdict {
    let aim = evaluation.plan.aim;
    if !aim.rises() {
        return lowered(evaluation);
    }
    let series = aim.series(evaluation.series);
    let beside = evaluation
        .comparison
        .map(|comparison| (comparison.name, aim.series(comparison.series)));
    let parts: Vec<(&str, Vec<Bucket>)> = evaluation
        .strata
        .iter()
        .map(|part| (part.name, aim.series(part.series)))
        .collect();
    let strata: Vec<Stratum<'_>> = parts
        .iter()
        .map(|(name, series)| Stratum { name, series })
        .collect();
    let verdict = lowered(&Evaluation {
        series: &series,
        comparison: beside.as_ref().map(|(name, series)| Comparison { name, series }),
        strata: &strata,
        ..*evaluation
    });
    aim.tell(verdict)
}

/// Judges a rollout by a share that is to be lowered.
fn lowered(evaluation: &Evaluation<'_>) -> Verdict {
    let segments = Segments::of(evaluation);
    let counterfactual = Counterfactual::of(evaluation, &segments);
    let blank = blank(evaluation.plan, &segments, &counterfactual);
    if let Some(reason) = &counterfactual.impossible {
        return Verdict {
            decision: Decision::Inconclusive,
            reason: alone(&counterfactual, reason.clone()),
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
        let collection = counterfactual.collection(&segments, after, evaluation.plan, &strata);
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
    let mut verdict = close(evaluation, verdict.unwrap_or(blank), deadline_passed);
    verdict.reason = alone(&counterfactual, verdict.reason);
    verdict
}

/// A reason that also says that the group that was given is not compared with.
fn alone(counterfactual: &Counterfactual, reason: String) -> String {
    match &counterfactual.rejected {
        Some(rejected) => format!(
            "{reason}; {} is not comparable, so the level before the rollout is all there is to compare with",
            rejected.name
        ),
        None => reason,
    }
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
        beside: counterfactual.seen(&segments.after),
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
    let level = 1.0 - 2.0 * normal_sf(look.critical);
    let mut verdict = Verdict {
        level,
        n_after: count(Total::of(after_days).n),
        look: look.number,
        beside: counterfactual.seen(after_days),
        ..blank.clone()
    };
    let Some(compared) = counterfactual.compare(segments, after_days) else {
        "too little was said in the comparable group to compare with".clone_into(&mut verdict.reason);
        return verdict;
    };
    verdict.overdispersion = compared.overdispersion;
    if compared.before.value > 1.0 {
        return out_of_range(verdict, plan.aim, compared.before.value);
    }
    let against = Against {
        plan,
        critical: student_critical(level, compared.freedom),
        segments,
        after_days,
        compared,
    };
    outcome::reach(&mut verdict, counterfactual, &against);
    verdict
}

/// A look at which the group's course, carried over to the share, leaves no room for it: shares do not multiply without
/// end, so the groups did not move in proportion, and a fall from a share that cannot be proves nothing.
fn out_of_range(mut verdict: Verdict, aim: Aim, expected: f64) -> Verdict {
    let share = aim.words().share;
    verdict.reason = format!(
        "moved as the comparable group moved the share would be {}, which no share can be: the two do not move in \
         proportion, so nothing can be compared; take another group, or try the change in a pilot",
        aim.percent(expected)
    );
    verdict.assumptions.push(Assumption {
        statement: format!("{share} moves in proportion to the comparable group's"),
        finding: Finding::Fails,
        detail: format!("the share would have come to {}", aim.percent(expected)),
    });
    verdict
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

pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

pub(super) fn smallest_in_words(effect: SmallestEffect) -> String {
    match effect {
        SmallestEffect::Absolute(movement) => format!("{:.1} percentage points", movement * 100.0),
        SmallestEffect::Relative(fraction) => format!("{:.0} %", fraction * 100.0),
    }
}
