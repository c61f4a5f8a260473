use super::*;
use crate::domain::{Decision, Metric, issue_for_tests};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The issue of these tests was opened on 2 March at 6 o'clock; this is ten days later.
const ROLLOUT: &str = "2026-03-12T06:00:00Z";

fn target(deadline_days: i32) -> Target {
    Target {
        metric: Metric::TopicShare,
        smallest_relative_effect: 0.3,
        deadline_days,
    }
}

/// Forty pieces of feedback an hour, of which so many are about the topic.
fn hours(from: &str, to: &str, successes: u64) -> Vec<stats::Bucket> {
    let (mut start, end) = (at(from), at(to));
    let mut buckets = Vec::new();
    while start < end {
        let next = start + TimeDelta::hours(1);
        // Every third hour one more, so that days are not all alike.
        let more = u64::from(start.timestamp() / 3600 % 3 == 0);
        buckets.push(stats::Bucket {
            start,
            end: next,
            successes: successes + more,
            n: 40,
        });
        start = next;
    }
    buckets
}

/// Four quiet weeks, the window in which the issue was found, and the level it has held since.
fn before() -> Series {
    let quiet = hours("2026-02-01T00:00:00Z", "2026-03-01T06:00:00Z", 1);
    let peak = hours("2026-03-01T06:00:00Z", "2026-03-02T06:00:00Z", 20);
    let level = hours("2026-03-02T06:00:00Z", ROLLOUT, 6);
    Series::of(quiet.into_iter().chain(peak).chain(level))
}

fn plan(deadline_days: i32) -> MeasurementPlan {
    MeasurementPlan::fix(
        &issue_for_tests(),
        &target(deadline_days),
        &before(),
        None,
        at(ROLLOUT),
    )
}

fn look(number: i32) -> Look {
    let plan = plan(28);
    let looked_at = plan.looks[usize::try_from(number - 1).unwrap()];
    Look {
        initiative_id: Uuid::now_v7(),
        iteration: 1,
        number,
        at: looked_at,
        issue: issue_for_tests(),
        target: target(28),
        rollout: Rollout {
            at: at(ROLLOUT),
            plan,
            template_id: None,
            looks_done: number - 1,
            pilot_override: None,
        },
        baseline: before(),
        comparison_baseline: None,
        confounders: Vec::new(),
        comparison_confounders: Vec::new(),
    }
}

#[test]
fn the_baseline_is_the_level_after_the_issue_was_found_and_not_its_peak() {
    let plan = plan(28);
    assert!((plan.baseline - 19.0 / 120.0).abs() < 1e-9, "{}", plan.baseline);
    assert_eq!(
        (plan.baseline_start, plan.baseline_end),
        (at("2026-03-02T06:00:00Z"), at(ROLLOUT))
    );
    assert_eq!(plan.baseline_n, 240 * 40);
    assert!((plan.smallest_effect - 0.3 * plan.baseline).abs() < 1e-12);
    assert!(plan.planned_n > 500, "{}", plan.planned_n);
}

#[test]
fn looks_come_when_there_is_enough_to_see_and_end_at_the_deadline() {
    let plan = plan(28);
    assert_eq!(
        plan.looks.first(),
        Some(&at("2026-03-19T06:00:00Z")),
        "not before a week has been seen"
    );
    assert_eq!(plan.looks.last(), Some(&at("2026-04-09T06:00:00Z")));
    assert!(plan.looks.is_sorted_by(|a, b| a < b));
}

#[test]
fn a_deadline_within_a_week_is_the_only_look() {
    assert_eq!(plan(3).looks, [at("2026-03-15T06:00:00Z")]);
}

#[test]
fn without_feedback_before_there_is_a_deadline_and_no_sample_size() {
    let plan = MeasurementPlan::fix(
        &issue_for_tests(),
        &target(28),
        &Series::default(),
        None,
        at(ROLLOUT),
    );
    assert_eq!((plan.baseline_n, plan.planned_n, plan.looks.len()), (0, 0, 1));
}

#[test]
fn a_fall_that_holds_is_effective() {
    let look = look(1);
    let after = Series::of(hours(ROLLOUT, "2026-03-19T06:00:00Z", 1));
    let judgement = judge(&look, after, look.at);
    let Verdict {
        decision,
        effect,
        low,
        high,
        look,
        ..
    } = judgement.verdict;
    assert_eq!(
        (decision, look),
        (Decision::Effective, 1),
        "{}",
        judgement.statistics.reason
    );
    assert!(low.unwrap() < effect.unwrap() && effect.unwrap() < high.unwrap() && high.unwrap() < 0.0);
}

#[test]
fn no_fall_is_ineffective_and_not_merely_untold() {
    let look = look(1);
    let after = Series::of(hours(ROLLOUT, "2026-03-19T06:00:00Z", 6));
    assert_eq!(
        judge(&look, after, look.at).verdict.decision,
        Decision::Ineffective
    );
}

#[test]
fn silence_after_the_rollout_is_inconclusive_at_the_deadline_only() {
    let early = look(1);
    assert_eq!(
        judge(&early, Series::default(), early.at).verdict.decision,
        Decision::NotYet
    );
    let last = look(2);
    assert_eq!(
        judge(&last, Series::default(), last.at).verdict.decision,
        Decision::Inconclusive
    );
}

#[test]
fn a_rollout_a_day_after_the_peak_proves_nothing() {
    let rolled_out = "2026-03-03T06:00:00Z";
    let baseline = Series::of(before().within(DateTime::UNIX_EPOCH, at(rolled_out)));
    let plan = MeasurementPlan::fix(&issue_for_tests(), &target(28), &baseline, None, at(rolled_out));
    let looked_at = plan.looks[plan.looks.len() - 1];
    let rollout = Rollout {
        at: at(rolled_out),
        plan,
        template_id: None,
        looks_done: 0,
        pilot_override: None,
    };
    let look = Look {
        at: looked_at,
        rollout,
        baseline,
        ..look(1)
    };
    let after = Series::of(hours(rolled_out, "2026-03-31T06:00:00Z", 1));
    let verdict = judge(&look, after, looked_at).verdict;
    assert_eq!(verdict.decision, Decision::Inconclusive);
    assert!(
        verdict.reason.contains("may have fallen anyway"),
        "{}",
        verdict.reason
    );
}

#[test]
fn what_arrives_late_for_the_time_before_does_not_move_the_baseline() {
    let look = look(1);
    let after = hours(ROLLOUT, "2026-03-19T06:00:00Z", 6);
    let late = hours("2026-03-05T00:00:00Z", "2026-03-12T00:00:00Z", 0);
    let verdict = |after: Vec<_>| judge(&look, Series::of(after), look.at).verdict;
    assert_eq!(
        verdict(late.into_iter().chain(after.clone()).collect()),
        verdict(after)
    );
}

#[test]
fn a_record_holds_what_the_verdict_was_made_from() {
    let look = look(1);
    let after = Series::of(hours(ROLLOUT, "2026-03-19T06:00:00Z", 1));
    let record = serde_json::to_value(judge(&look, after, look.at)).unwrap();
    for part in [
        "statistics",
        "plan",
        "window_start",
        "opened_at",
        "rolled_out_at",
        "looked_at",
        "after",
    ] {
        assert!(!record[part].is_null(), "{part} is missing");
    }
}

#[test]
fn nothing_is_decided_where_the_topic_was_coded_otherwise_before() {
    let look = look(2);
    let after =
        |versions: &[i64]| Series::of(hours(ROLLOUT, "2026-04-09T06:00:00Z", 1)).coded(versions.to_vec());
    let mut coded = look;
    coded.rollout.plan.codings = vec![3];
    let alike = judge(&coded, after(&[3]), coded.at).verdict;
    assert_eq!(alike.decision, Decision::Effective, "{}", alike.reason);
    let otherwise = judge(&coded, after(&[5]), coded.at).verdict;
    assert_eq!(otherwise.decision, Decision::Inconclusive);
    assert!(
        otherwise.reason.contains("versions 3 and 5"),
        "{}",
        otherwise.reason
    );
    assert!(otherwise.effect.is_some(), "the numbers stay to be seen");
    assert!(
        otherwise
            .assumptions
            .iter()
            .any(|assumed| assumed.contains("coded alike") && assumed.contains("fails"))
    );
}
