//! What a verdict rests on: planned looks, comparable groups and planned samples.

use attune_stats::verdict::{
    Bucket, Comparison, Decision, Evaluation, Finding, Method, SmallestEffect, Stratum, Verdict, judge, plan,
};

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
            strata: &[],
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

/// Half of what is said is about it from the event on and half as much from `rollout` on; another group goes from a tenth
/// to `later` at that instant.
fn beside_a_group_that_went_to(later: f64) -> Verdict {
    let (opened, rollout) = (EVENT + 1.5, EVENT + 4.5);
    let end = rollout + 12.0;
    let series = |before: f64, event: f64, after: f64, seed| {
        let share = move |t: f64| {
            if t < EVENT {
                before
            } else if t < rollout {
                event
            } else {
                after
            }
        };
        let busy = World {
            per_day: 2_000.0,
            ..PLAIN
        };
        busy.hourly(share, end, &mut Random::seeded(seed))
    };
    let (treated, group) = (series(0.3, 0.5, 0.25, 1), series(0.06, 0.1, later, 2));
    judge(&Evaluation {
        plan: &sized(end, 1.0),
        series: &treated,
        comparison: Some(Comparison {
            name: "the other region",
            series: &group,
        }),
        strata: &[],
        issue_window_start: day(EVENT - 0.5),
        opened_at: day(opened),
        rolled_out_at: day(rollout),
        now: day(end),
    })
}

#[test]
fn a_group_that_leaves_no_room_for_the_share_gives_no_verdict() {
    let sound = beside_a_group_that_went_to(0.1);
    assert_eq!(
        (sound.method, sound.decision),
        (Method::DifferenceInDifferences, Decision::Effective),
        "{}: {:?}",
        sound.reason,
        sound.assumptions
    );
    // From a tenth to three tenths: one and a half times all of it would have been about the topic.
    let impossible = beside_a_group_that_went_to(0.3);
    assert_eq!(
        (impossible.method, impossible.decision),
        (Method::DifferenceInDifferences, Decision::Inconclusive)
    );
    assert_eq!((impossible.effect, impossible.interval), (None, None));
    assert!(
        impossible.reason.contains("which no share can be"),
        "{}",
        impossible.reason
    );
    let failed = impossible
        .assumptions
        .iter()
        .find(|assumption| assumption.statement.contains("the share moves in proportion"))
        .unwrap();
    assert_eq!(failed.finding, Finding::Fails);
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

/// The verdict on a cure after two weeks of plateau, of a series changed by `change` (day of the data, bucket).
fn collected(change: impl Fn(f64, &mut Bucket), strata: &[Stratum<'_>]) -> Verdict {
    let (opened, rollout) = (EVENT + 1.0, EVENT + 15.0);
    let end = rollout + 14.0;
    let mut series = PLAIN.hourly(step(rollout, 0.035), end, &mut Random::seeded(11));
    for (hour, bucket) in series.iter_mut().enumerate() {
        change((hour as f64 + 0.5) / 24.0 - rollout, bucket);
    }
    judge(&Evaluation {
        plan: &sized(end, 1.0),
        series: &series,
        comparison: None,
        strata,
        issue_window_start: day(EVENT - 0.5),
        opened_at: day(opened),
        rolled_out_at: day(rollout),
        now: day(end),
    })
}

fn silence(bucket: &mut Bucket) {
    (bucket.n, bucket.successes) = (0, 0);
}

#[test]
fn what_was_not_collected_throughout_is_not_compared() {
    assert_eq!(collected(|_, _| {}, &[]).decision, Decision::Effective);
    let one_day_long_before = collected(
        |t, bucket| {
            if (-9.0..-8.0).contains(&t) {
                silence(bucket);
            }
        },
        &[],
    );
    assert_eq!(one_day_long_before.decision, Decision::Effective);
    for (from, to) in [(-1.0, 1.0), (-2.0, 0.0), (0.0, 1.0), (-12.0, -6.0), (3.0, 8.0)] {
        let verdict = collected(
            |t, bucket| {
                if (from..to).contains(&t) {
                    silence(bucket);
                }
            },
            &[],
        );
        assert_eq!(
            verdict.decision,
            Decision::Inconclusive,
            "off from {from} to {to}"
        );
        assert_eq!(verdict.effect, None);
        assert!(
            verdict.reason.contains("not collected throughout"),
            "{}",
            verdict.reason
        );
    }
}

#[test]
fn a_share_of_another_volume_is_not_compared() {
    let verdict = collected(
        |t, bucket| {
            if t > 0.0 {
                bucket.n += 2 * (bucket.n - bucket.successes);
            }
        },
        &[],
    );
    assert_eq!((verdict.decision, verdict.effect), (Decision::Inconclusive, None));
    assert!(
        verdict.reason.contains("volume of other feedback"),
        "{}",
        verdict.reason
    );
}

#[test]
fn a_change_of_the_mix_is_not_taken_for_an_effect() {
    // Two channels that never change their own shares: one complains at 25 %, one at 2 %; the mix turns over.
    let (rollout, end) = (EVENT + 15.0, EVENT + 29.0);
    let channel = |complaining: f64, before: f64, after: f64, seed: u64| {
        let world = |per_day: f64| World { per_day, ..PLAIN };
        let usual = world(before).hourly(move |_| complaining, end, &mut Random::seeded(seed));
        let then = world(after).hourly(move |_| complaining, end, &mut Random::seeded(seed + 1));
        let turned = (rollout * 24.0) as usize;
        let mut series = usual[..turned].to_vec();
        series.extend_from_slice(&then[turned..]);
        series
    };
    let (phone, app) = (channel(0.25, 120.0, 10.0, 1), channel(0.02, 60.0, 170.0, 3));
    let whole: Vec<Bucket> = phone
        .iter()
        .zip(&app)
        .map(|(a, b)| Bucket {
            successes: a.successes + b.successes,
            n: a.n + b.n,
            ..*a
        })
        .collect();
    let strata = [
        Stratum {
            name: "phone",
            series: &phone,
        },
        Stratum {
            name: "app",
            series: &app,
        },
    ];
    let verdict = |strata: &[Stratum<'_>]| {
        judge(&Evaluation {
            plan: &sized(end, 1.0),
            series: &whole,
            comparison: None,
            strata,
            issue_window_start: day(EVENT - 0.5),
            opened_at: day(EVENT + 1.0),
            rolled_out_at: day(rollout),
            now: day(end),
        })
    };
    let known = verdict(&strata);
    assert_eq!((known.decision, known.effect), (Decision::Inconclusive, None));
    assert!(
        known.reason.contains("the mix of what is collected changed"),
        "{}",
        known.reason
    );
    let untested = verdict(&[])
        .assumptions
        .iter()
        .any(|a| a.statement.contains("mix of channels") && a.finding == Finding::Untestable);
    assert!(untested, "an unknown mix is named");
}
