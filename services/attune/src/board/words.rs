//! What stands on a board, in words.

use attune_api::improvement::v1::{
    BlockerKind, BoardItem, BoardStage, FeedbackSlice, Goal, GoalTrack, InitiativeState, ProjectedVerdict,
    Recognition, Severity, Verdict, VerdictDecision,
};
use attune_rpc::instant;
use chrono::{DateTime, Utc};
use prost_types::Timestamp;

/// Metrics that are shares, told in percentage points.
const SHARES: [&str; 6] = [
    "csat",
    "first_contact_resolution",
    "response_rate",
    "topic_share",
    "topic_negative_share",
    "sentiment_negative_share",
];

/// Of them those that are better when they are lower.
const BETTER_LOWER: [&str; 3] = ["topic_share", "topic_negative_share", "sentiment_negative_share"];

/// The sign of a movement for the better.
pub(super) fn towards_better(metric: &str) -> f64 {
    if BETTER_LOWER.contains(&metric) { -1.0 } else { 1.0 }
}

/// What a problem is called: its title, and its product where the title does not say it.
pub(super) fn name(item: &BoardItem) -> String {
    if item.product.is_empty() || item.title.to_lowercase().contains(&item.product.to_lowercase()) {
        item.title.clone()
    } else {
        format!("{} ({})", item.title, item.product)
    }
}

/// How bad it is for one customer; empty where that is not assessed.
fn severity(item: &BoardItem) -> &'static str {
    match item.severity() {
        Severity::Unspecified => "",
        Severity::Minor => "severity: minor",
        Severity::Moderate => "severity: moderate",
        Severity::Major => "severity: major",
        Severity::Critical => "severity: critical",
    }
}

/// What it has to do with a split; empty where it has nothing.
pub(super) fn split(item: &BoardItem) -> String {
    let from = (!item.split_from_issue_id.is_empty()).then(|| "split from another issue".to_owned());
    let to = (item.gone_on > 0).then(|| {
        format!(
            "{} of its {} customers went on to issues split from it",
            item.gone_on, item.cohort_size
        )
    });
    let parts: Vec<String> = from.into_iter().chain(to).collect();
    parts.join("; ")
}

/// What was said of it since its cohort was fixed; empty where nothing was.
pub(super) fn later(item: &BoardItem) -> String {
    match &item.later {
        Some(later) if later.feedback > 0 => format!(
            "{} more pieces of feedback since, {} customers among them who were not counted",
            later.feedback, later.new_persons
        ),
        _ => String::new(),
    }
}

/// How far it has come; where the stage leaves it open, where its initiative stands.
pub(super) fn stage(item: &BoardItem) -> String {
    let stage = match (item.stage(), item.initiative_state()) {
        (BoardStage::Unspecified, _) => "unknown",
        (BoardStage::Untouched, _) => "untouched",
        (BoardStage::Preparing, InitiativeState::Proposed) => "proposed",
        (BoardStage::Preparing, InitiativeState::InProgress) => "in progress",
        (BoardStage::Preparing, _) => "preparing",
        (BoardStage::Ready, _) => "ready",
        (BoardStage::Piloting, _) => "piloting",
        (BoardStage::Measuring, InitiativeState::RolledOut) => "rolled out",
        (BoardStage::Measuring, _) => "measuring",
        (BoardStage::Closed, _) => "closed",
    };
    if item.iteration > 1 {
        format!("{stage}, try {}", item.iteration)
    } else {
        stage.to_owned()
    }
}

/// How bad it is, which team works on it, and how much of its budget is spent; empty where nobody said.
pub(super) fn work(item: &BoardItem) -> String {
    let severity = Some(severity(item).to_owned()).filter(|severity| !severity.is_empty());
    let team = (!item.team.is_empty()).then(|| format!("team: {}", item.team));
    let budget = item.budget.as_ref().filter(|budget| budget.minor_units > 0);
    let spent = budget.map(|budget| {
        let percent = i128::from(budget.spent_minor_units) * 100 / i128::from(budget.minor_units);
        format!("{percent} % of its budget is spent")
    });
    let parts: Vec<String> = severity.into_iter().chain(team).chain(spent).collect();
    parts.join("; ")
}

/// Hours, and days from two days on.
pub(super) fn age(hours: i64) -> String {
    if hours < 48 {
        format!("{hours} h")
    } else {
        format!("{} d", hours / 24)
    }
}

/// Whom it waits for, and what they have to do.
pub(super) fn waits_for(item: &BoardItem) -> String {
    let Some(blocker) = &item.blocked_on else {
        return "nobody".to_owned();
    };
    match (blocker.kind(), blocker.who.as_str()) {
        (BlockerKind::Measurement, _) => blocker.what.clone(),
        (_, "") => format!("anybody: {}", blocker.what),
        (_, who) => format!("{who}: {}", blocker.what),
    }
}

/// When what it waits for is due.
pub(super) fn due(item: &BoardItem) -> String {
    let due_at = item.blocked_on.as_ref().and_then(|blocker| blocker.due_at);
    due_at.map_or_else(|| "–".to_owned(), |due_at| day(Some(due_at)))
}

/// When its verdict is due and what the numbers say so far; empty where nothing is measured.
pub(super) fn verdict(item: &BoardItem) -> String {
    let Some(projected) = &item.projected_verdict else {
        return String::new();
    };
    let said = so_far(projected);
    if item.stage() == BoardStage::Closed || projected.next_look_at.is_none() {
        return said;
    }
    format!(
        "verdict by {} (look {} of {} on {}); {said}",
        day(projected.due_at),
        projected.looks_taken + 1,
        projected.looks_planned,
        day(projected.next_look_at)
    )
}

fn so_far(projected: &ProjectedVerdict) -> String {
    let metric = projected.metric.as_str();
    let wanted = format!("{} is wanted", amount(metric, projected.smallest_effect));
    match (projected.effect, projected.low, projected.high) {
        (Some(effect), Some(low), Some(high)) => format!(
            "{}: {} ({} to {}), {wanted}{}",
            decision(projected.decision()),
            amount(metric, effect),
            amount(metric, low),
            amount(metric, high),
            if projected.method == BESIDE {
                ", beside what was not changed"
            } else {
                ""
            }
        ),
        _ if projected.looked_at.is_some() => format!("{}, {wanted}", decision(projected.decision())),
        _ => format!("no look was taken yet, {wanted}"),
    }
}

/// The method of a verdict that compares with feedback about which nothing was changed.
const BESIDE: &str = "difference_in_differences";

/// What a verdict was compared with, where somebody had named something; empty where nobody had.
pub(super) fn comparison(verdict: &Verdict) -> String {
    let Some(seen) = &verdict.comparison else {
        return String::new();
    };
    let FeedbackSlice {
        product,
        channel,
        touchpoint,
        topic_id: _,
    } = seen.slice.clone().unwrap_or_default();
    let named: Vec<&str> = [&product, &channel, &touchpoint]
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    let named = named.join(", ");
    if !seen.compared_with {
        return format!("{named} was named to compare with and is not comparable");
    }
    let percent =
        |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0));
    format!(
        "compared with {named}, which went from {} (n = {}) to {} (n = {})",
        percent(seen.share_before),
        seen.n_before,
        percent(seen.share_after),
        seen.n_after
    )
}

pub(super) fn decision(decision: VerdictDecision) -> &'static str {
    match decision {
        VerdictDecision::Effective => "it helped",
        VerdictDecision::Ineffective => "did not help enough",
        VerdictDecision::Inconclusive => "cannot be told",
        VerdictDecision::NotYet | VerdictDecision::Unspecified => "not decided yet",
    }
}

/// A change of a metric: points of a share, or its own units.
pub(super) fn amount(metric: &str, change: f64) -> String {
    if SHARES.contains(&metric) {
        format!("{:+.1} points", change * 100.0)
    } else {
        format!("{change:+.2}")
    }
}

pub(super) fn track(goal: &Goal) -> &'static str {
    match goal.track() {
        GoalTrack::OffTrack => "off track",
        GoalTrack::OnTrack => "on track",
        GoalTrack::TooEarly | GoalTrack::Unspecified => "too early to tell",
    }
}

/// A goal's latest number on the way to its target.
pub(super) fn progress(goal: &Goal) -> String {
    let shown = |value: f64| {
        if SHARES.contains(&goal.metric.as_str()) {
            format!("{:.1} %", value * 100.0)
        } else {
            format!("{value:.2}")
        }
    };
    let latest = goal.latest.as_ref().and_then(|latest| latest.value);
    let latest = latest.map_or_else(|| "no number".to_owned(), shown);
    format!("{latest}, to be {} by {}", shown(goal.target), day(goal.deadline))
}

/// Who is thanked for what.
pub(super) fn thanks(recognition: &Recognition) -> String {
    let mut to: Vec<String> = recognition
        .members
        .iter()
        .map(|member| member.display_name.clone())
        .collect();
    if recognition.employees > 0 {
        to.push(format!("{} employees who reported it", recognition.employees));
    }
    let helped = format!("\"{}\" helped", recognition.initiative_title);
    let restated = recognition.restated_verdict.as_ref();
    let since = restated.map_or_else(String::new, |verdict| {
        let on = day(verdict.decided_at);
        format!("; restated on {on}: {}", decision(verdict.decision()))
    });
    format!("{}: {helped}{since}", to.join(", "))
}

pub(super) fn day(at: Option<Timestamp>) -> String {
    moment(at).map_or_else(|| "no date".to_owned(), |at| at.format("%Y-%m-%d").to_string())
}

pub(super) fn moment(at: Option<Timestamp>) -> Option<DateTime<Utc>> {
    at.and_then(instant)
}

/// `no_consent` as `no consent`.
pub(super) fn reason(reason: &str) -> String {
    reason.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use attune_api::improvement::v1::Budget;

    use super::*;

    #[test]
    fn a_stage_says_where_its_initiative_stands() {
        for (at, state, said) in [
            (BoardStage::Preparing, InitiativeState::Proposed, "proposed"),
            (BoardStage::Preparing, InitiativeState::Planned, "preparing"),
            (BoardStage::Preparing, InitiativeState::InProgress, "in progress"),
            (BoardStage::Ready, InitiativeState::InProgress, "ready"),
            (BoardStage::Piloting, InitiativeState::InProgress, "piloting"),
            (BoardStage::Measuring, InitiativeState::RolledOut, "rolled out"),
            (BoardStage::Measuring, InitiativeState::Measuring, "measuring"),
            (BoardStage::Closed, InitiativeState::Effective, "closed"),
        ] {
            let item = BoardItem {
                stage: at.into(),
                initiative_state: state.into(),
                iteration: 1,
                ..Default::default()
            };
            assert_eq!(stage(&item), said);
        }
    }

    #[test]
    fn a_verdict_on_satisfaction_wants_more_of_it() {
        let projected = |metric: &str, smallest_effect, effect: f64| BoardItem {
            stage: BoardStage::Closed.into(),
            projected_verdict: Some(ProjectedVerdict {
                metric: metric.to_owned(),
                smallest_effect,
                decision: VerdictDecision::Effective.into(),
                effect: Some(effect),
                low: Some(effect - 0.04),
                high: Some(effect + 0.04),
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(
            verdict(&projected("csat", 0.06, 0.12)),
            "it helped: +12.0 points (+8.0 points to +16.0 points), +6.0 points is wanted"
        );
        assert!(verdict(&projected("topic_share", -0.045, -0.09)).ends_with("-4.5 points is wanted"));
        assert!(towards_better("csat") > 0.0 && towards_better("topic_share") < 0.0);
    }

    #[test]
    fn who_works_on_it_and_what_of_the_budget_is_spent_is_said_where_it_is_known() {
        let item = |team: &str, budget| BoardItem {
            team: team.to_owned(),
            budget,
            ..Default::default()
        };
        let budget = |minor_units, spent_minor_units| {
            Some(Budget {
                currency: "EUR".to_owned(),
                minor_units,
                spent_minor_units,
            })
        };
        assert_eq!(work(&item("", None)), "");
        assert_eq!(work(&item("Crews", None)), "team: Crews");
        assert_eq!(
            work(&item("Crews", budget(500_000, 570_000))),
            "team: Crews; 114 % of its budget is spent"
        );
        assert_eq!(
            work(&item("", budget(i64::MAX, i64::MAX))),
            "100 % of its budget is spent"
        );
    }
}
