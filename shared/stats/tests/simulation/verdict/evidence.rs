//! What a verdict rests on: planned looks, comparable groups and planned samples.

use attune_stats::verdict::{Bucket, Comparison, Decision, Evaluation, Method, SmallestEffect, judge, plan};

use super::world::{EVENT, ISSUE, PLAIN, USUAL, World, day, judged, sized, step};
use crate::random::Random;

#[test]
fn the_verdict_does_not_depend_on_how_often_one_asks() {
    let (opened, rollout) = (EVENT + 1.5, EVENT + 15.5);
    let series = PLAIN.hourly(step(rollout, 0.035), rollout + 14.0, &mut Random::seeded(7));
    let plan = sized(rollout + 30.0, 1.0);
    let early = judged(&plan, &series, opened, rollout, rollout + 5.0);
    assert_eq!((early.decision, early.effect), (Decision::NotYet, None));
    let on_the_day = judged(&plan, &series, opened, rollout, rollout + 8.0);
    let later = judged(&plan, &series, opened, rollout, rollout + 13.0);
    assert_eq!(on_the_day.decision, Decision::Effective);
    assert_eq!(
        (on_the_day.effect, on_the_day.n_after),
        (later.effect, later.n_after)
    );
}

#[test]
fn a_comparable_group_that_falls_alike_takes_the_credit_away() {
    let (opened, rollout) = (EVENT + 1.5, EVENT + 4.5);
    let end = rollout + 12.0;
    let plan = sized(end, 1.0);
    let world = World {
        per_day: 300.0,
        ..PLAIN
    };
    let fading = |seed| world.hourly(step(rollout, 0.05), end, &mut Random::seeded(seed));
    let (treated, group) = (fading(1), fading(2));
    let steady = world.hourly(step(rollout, ISSUE), end, &mut Random::seeded(3));
    let with = |series: &[Bucket], name: &str| {
        judge(&Evaluation {
            plan: &plan,
            series: &treated,
            comparison: Some(Comparison { name, series }),
            issue_window_start: day(EVENT - 0.5),
            opened_at: day(opened),
            rolled_out_at: day(rollout),
            now: day(end),
        })
    };
    let alike = with(&group, "the other region");
    assert_eq!(alike.method, Method::DifferenceInDifferences);
    assert_ne!(alike.decision, Decision::Effective);
    assert_eq!(with(&steady, "the other region").decision, Decision::Effective);
    let never_hit = world.hourly(|_| USUAL, end, &mut Random::seeded(4));
    let unlike = with(&never_hit, "a region without the event");
    assert_eq!(
        (unlike.method, unlike.decision),
        (Method::PlateauForecast, Decision::Inconclusive)
    );
}

#[test]
fn the_planned_sample_is_the_one_of_the_textbook() {
    // Fleiss, Levin, Paik: (1.96 + 0.8416)² (0.15 · 0.85 + 0.105 · 0.895) / 0.045² = 858.5.
    assert_eq!(
        plan(0.15, SmallestEffect::Relative(0.3), 0.8, 0.05, 1.0)
            .unwrap()
            .n,
        859
    );
    assert!(plan(0.15, SmallestEffect::Absolute(0.2), 0.8, 0.05, 1.0).is_err());
}
