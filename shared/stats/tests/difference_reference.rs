//! Differences in differences held against statsmodels. The values are printed by `shared/stats/reference/difference.py`,
//! whose first lines say how to run it (statsmodels 0.15.0); `-- --nocapture` prints what was compared.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails says so, and its figures are printed"
)]

use attune_stats::verdict::{
    Bucket, Comparison, Evaluation, Method, Plan, SmallestEffect, Verdict, judge, long_run_sum,
};
use chrono::{DateTime, TimeDelta, Utc};

const ROLLOUT: i64 = 42;
const END: i64 = 56;

fn compared(what: &str, computed: f64, reference: f64) {
    println!("{what}: computed {computed}, reference {reference}");
    assert!(
        (computed - reference).abs() <= 1e-9 * reference.abs().max(1.0),
        "{what}: {computed} instead of {reference}"
    );
}

fn at(day: i64) -> DateTime<Utc> {
    "2026-03-02T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(day)
}

/// Days of the measured slice (0) or of the group (1), with as much feedback every day or not.
fn series(group: i64, opened: i64, even: bool) -> Vec<Bucket> {
    let one = |day: i64| {
        let more = if even { 0 } else { day * (37 + 16 * group) % 60 };
        let n = 400 + 100 * group + more;
        let share = match (day < opened, day < ROLLOUT, group) {
            (true, ..) => 0.03,
            (_, true, _) => 0.15,
            (_, _, 0) => 0.06,
            _ => 0.14,
        };
        #[expect(clippy::cast_possible_truncation, reason = "less than a thousand")]
        let mentions = (n as f64 * share).floor() as i64 + (day * day * 7 + 3 * day + 11 * group) % 9;
        Bucket {
            start: at(day),
            end: at(day + 1),
            successes: u64::try_from(mentions).unwrap(),
            n: u64::try_from(n).unwrap(),
        }
    };
    (0..END).map(one).collect()
}

fn verdict(opened: i64, even: bool) -> Verdict {
    let plan = Plan {
        looks: 1,
        ..Plan::new(SmallestEffect::DEFAULT, 1_000_000, at(END))
    };
    judge(&Evaluation {
        plan: &plan,
        series: &series(0, opened, even),
        comparison: Some(Comparison {
            name: "the other region",
            series: &series(1, opened, even),
        }),
        strata: &[],
        issue_window_start: at(opened),
        opened_at: at(opened),
        rolled_out_at: at(ROLLOUT),
        now: at(END),
    })
}

#[test]
fn the_change_beside_a_group_is_mantel_and_haenszels() {
    for (opened, even, reference) in [
        (31, false, -0.558_528_746_457),
        (28, true, -0.556_498_267_129),
        (37, false, -0.569_463_036_432),
    ] {
        let found = verdict(opened, even);
        assert_eq!(
            found.method,
            Method::DifferenceInDifferences,
            "{:?}",
            found.assumptions
        );
        compared(
            &format!("relative effect, opened {opened}, even {even}"),
            found.relative_effect.unwrap(),
            reference,
        );
    }
}

#[test]
fn where_days_are_even_it_is_the_interaction_of_a_poisson_regression() {
    compared(
        "relative effect by regression",
        verdict(28, true).relative_effect.unwrap(),
        -0.556_498_267_129,
    );
}

#[test]
fn the_variance_of_days_that_hang_together_is_newey_and_wests() {
    let series: Vec<f64> = (0..40_i64)
        .map(|day| ((day * day * 7 + 3 * day) % 11 - 5) as f64)
        .collect();
    for (lags, reference) in [(0, 505.0), (1, 192.0), (3, 210.0), (6, 289.571_428_571_429)] {
        compared(
            &format!("long-run sum at {lags} lags"),
            long_run_sum(&series, lags),
            reference,
        );
    }
}
