use attune_stats::MetricId;
use attune_stats::pilot::{Better, Measure};

use super::*;
use crate::domain::Slice;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn metric(metric: MetricId) -> PilotMetric {
    PilotMetric {
        metric,
        slice: Slice {
            product: "calls".to_owned(),
            topic_id: if metric == MetricId::TopicShare {
                "waiting"
            } else {
                ""
            }
            .to_owned(),
            ..Slice::default()
        },
    }
}

fn pilot(treated_share: f64, strata: &[&str]) -> Pilot {
    let design = Design {
        measure: Measure::Proportion { baseline: 0.7 },
        better: Better::Higher,
        smallest_effect: 0.0,
        planned_effect: 0.1,
        power: 0.8,
        alpha: 0.05,
        treated_share,
        looks: 2,
    };
    let setup = Setup {
        hypothesis: "more are satisfied".to_owned(),
        metric: metric(MetricId::Csat),
        guards: Vec::new(),
        strata: strata.iter().map(ToString::to_string).collect(),
        deadline_days: 30,
    };
    let of = (Uuid::from_u128(7), Uuid::now_v7(), 1);
    Pilot::planned(
        of,
        setup,
        (design.plan().unwrap(), 300),
        at("2026-03-01T00:00:00Z"),
    )
}

fn said() -> Said {
    Said {
        feedback_id: Uuid::now_v7(),
        profile_id: Some(Uuid::now_v7()),
        product: "calls".to_owned(),
        channel: "survey".to_owned(),
        touchpoint: String::new(),
        rating: None,
        understood: false,
        sentiment: None,
        topics: Vec::new(),
        occurred_at: at("2026-03-02T00:00:00Z"),
    }
}

fn exposed(arm: Arm, stratum: &str, exposed: i64) -> ArmCount {
    ArmCount {
        arm,
        stratum: stratum.to_owned(),
        assigned: exposed,
        exposed,
        treated: if arm == Arm::Treated { exposed } else { 0 },
    }
}

#[test]
fn the_hash_gives_the_planned_share_and_another_one_in_another_pilot() {
    let now = at("2026-03-01T00:00:00Z");
    let arm = |pilot: u128, customer: u128| {
        let candidate = Candidate {
            profile_id: Uuid::from_u128(customer),
            stratum: String::new(),
        };
        Assignment::by_hash(Uuid::from_u128(pilot), candidate, 0.1, now).arm
    };
    let treated = |pilot: u128| {
        (0..20_000)
            .filter(|customer| arm(pilot, *customer) == Arm::Treated)
            .collect::<Vec<_>>()
    };
    let (one, other) = (treated(1), treated(2));
    for of in [&one, &other] {
        assert!((1_830..=2_170).contains(&of.len()), "{}", of.len());
    }
    // Who is treated in one pilot is treated in another as often as anybody else.
    let both = one.iter().filter(|customer| other.contains(customer)).count();
    assert!((140..=260).contains(&both), "{both}");
    assert_eq!(one, treated(1), "it changed");
}

#[test]
fn the_stratum_has_no_part_in_the_arm() {
    let with = |stratum: &str| {
        let candidate = Candidate {
            profile_id: Uuid::from_u128(99),
            stratum: stratum.to_owned(),
        };
        Assignment::by_hash(Uuid::from_u128(1), candidate, 0.5, at("2026-03-01T00:00:00Z")).bucket
    };
    assert_eq!(with("new").to_bits(), with("regular").to_bits());
}

#[test]
fn each_metric_counts_the_answers_that_are_about_it() {
    let rated = |rating| Said {
        rating: Some(rating),
        ..said()
    };
    let csat = metric(MetricId::Csat);
    assert_eq!(csat.outcome(&rated(Rating::Csat(4))), Some(1.0));
    assert_eq!(csat.outcome(&rated(Rating::Csat(3))), Some(0.0));
    assert_eq!(csat.outcome(&rated(Rating::Nps(9))), None);
    let nps = metric(MetricId::Nps);
    let scores = [(6, -100.0), (7, 0.0), (8, 0.0), (9, 100.0)];
    for (score, counts) in scores {
        assert_eq!(nps.outcome(&rated(Rating::Nps(score))), Some(counts));
    }
    assert_eq!(metric(MetricId::Ces).outcome(&rated(Rating::Ces(6))), Some(6.0));
    let elsewhere = Said {
        product: "shops".to_owned(),
        ..rated(Rating::Csat(5))
    };
    assert_eq!(csat.outcome(&elsewhere), None);
}

#[test]
fn a_complaint_is_a_mention_that_is_not_positive_and_silence_about_it_counts_too() {
    let about = |sentiment| Said {
        understood: true,
        sentiment,
        topics: vec![mention("waiting", None)],
        ..said()
    };
    let share = metric(MetricId::TopicShare);
    assert_eq!(share.outcome(&about(None)), Some(1.0));
    assert_eq!(share.outcome(&about(Some(Sentiment::Neutral))), Some(1.0));
    assert_eq!(share.outcome(&about(Some(Sentiment::Positive))), Some(0.0));
    assert_eq!(share.outcome(&said()), Some(0.0));
    let negative = metric(MetricId::SentimentNegativeShare);
    assert_eq!(negative.outcome(&about(Some(Sentiment::Negative))), Some(1.0));
    assert_eq!(negative.outcome(&about(None)), None, "nobody could judge it");
}

#[test]
fn a_mention_counts_by_how_it_sounds_where_it_stands() {
    let waiting = PilotMetric {
        metric: MetricId::TopicNegativeShare,
        slice: Slice {
            topic_id: "waiting".to_owned(),
            ..Slice::default()
        },
    };
    let about = |topics| Said {
        understood: true,
        // The text as a whole sounds otherwise.
        sentiment: Some(Sentiment::Positive),
        topics,
        ..said()
    };
    let cases = [
        (vec![mention("waiting", Some(Sentiment::Negative))], Some(1.0)),
        (vec![mention("waiting", Some(Sentiment::Neutral))], Some(0.0)),
        (vec![mention("waiting", None)], None),
        (vec![mention("staff", Some(Sentiment::Negative))], None),
        (
            vec![
                mention("waiting", Some(Sentiment::Positive)),
                mention("waiting", Some(Sentiment::Negative)),
            ],
            Some(1.0),
        ),
    ];
    for (topics, counts) in cases {
        assert_eq!(waiting.outcome(&about(topics.clone())), counts, "{topics:?}");
    }
}

fn mention(topic_id: &str, sentiment: Option<Sentiment>) -> Mention {
    Mention {
        topic_id: topic_id.to_owned(),
        sentiment,
    }
}

#[test]
fn a_split_that_is_broken_by_two_in_a_hundred_is_told_once() {
    let mut pilot = pilot(0.5, &[]);
    let sound = [
        exposed(Arm::Control, "", 25_100),
        exposed(Arm::Treated, "", 24_900),
    ];
    assert_eq!(pilot.broken(&sound), None);
    let broken = [
        exposed(Arm::Control, "", 25_500),
        exposed(Arm::Treated, "", 24_500),
    ];
    let found = pilot.broken(&broken).expect("nobody noticed");
    assert!(!found.check.holds && found.check.p_value < 1e-5);
    assert_eq!(pilot.broken(&broken), None, "it was told before");
}

#[test]
fn a_stratum_is_checked_for_itself() {
    let pilot = pilot(0.5, &["new", "regular"]);
    let arms = [
        exposed(Arm::Control, "new", 5_000),
        exposed(Arm::Control, "regular", 4_000),
        exposed(Arm::Treated, "new", 4_000),
        exposed(Arm::Treated, "regular", 5_000),
    ];
    let (all, strata) = pilot.ratios(&arms);
    assert!(all.check.holds, "together they look sound");
    assert!(strata.iter().all(|one| !one.check.holds), "{strata:?}");
}

#[test]
fn a_look_is_due_at_the_planned_sample_and_at_the_deadline() {
    let pilot = pilot(0.5, &[]);
    let gathered = |n: u64| {
        let answers = Answers {
            n: i64::try_from(n).unwrap(),
            sum: n as f64 * 0.7,
            deviation: 0.46,
        };
        Gathered {
            arms: Vec::new(),
            answers: vec![vec![StratumAnswers {
                stratum: String::new(),
                control: answers,
                treated: answers,
            }]],
        }
    };
    let half = pilot.plan.looks[0].control;
    assert!(!is_due(&pilot, &gathered(half - 1), &[], false));
    assert!(is_due(&pilot, &gathered(half), &[], false));
    assert!(!is_due(&pilot, &gathered(half), &[0.5], false), "it was taken");
    assert!(is_due(&pilot, &gathered(1), &[], true));
}

#[test]
fn a_look_weighs_the_strata_by_who_was_assigned_and_shows_each() {
    let pilot = pilot(0.5, &["new", "regular", "vip"]);
    let assigned = |arm, stratum: &str, assigned, exposed| ArmCount {
        assigned,
        ..self::exposed(arm, stratum, exposed)
    };
    let arms = [Arm::Control, Arm::Treated]
        .into_iter()
        .flat_map(|arm| {
            [
                assigned(arm, "new", 500, 400),
                assigned(arm, "regular", 1500, 400),
            ]
        })
        .collect();
    let share = |n: i64, of_ten: i64| Answers {
        n,
        sum: (n * of_ten / 10) as f64,
        deviation: 0.5,
    };
    let said = |stratum: &str, control, treated| StratumAnswers {
        stratum: stratum.to_owned(),
        control,
        treated,
    };
    let gathered = Gathered {
        arms,
        answers: vec![vec![
            said("new", share(400, 4), share(400, 6)),
            said("regular", share(200, 8), share(200, 9)),
        ]],
    };
    let now = at("2026-03-20T00:00:00Z");
    let look = take(&pilot, &gathered, &[], (now, now), true);
    // A quarter of all assigned are new: 0.25 · 0.2 + 0.75 · 0.1; of those who answered it is two thirds.
    assert!((look.judgement.effect.unwrap() - 0.125).abs() < 1e-12, "{look:?}");
    let shown: Vec<_> = look
        .judgement
        .strata
        .iter()
        .map(|stratum| (stratum.name.as_str(), stratum.weight, stratum.together))
        .collect();
    assert_eq!(
        shown,
        [
            ("new", 0.25, false),
            ("regular", 0.75, false),
            ("vip", 0.0, false)
        ]
    );
    let without = Gathered {
        answers: vec![vec![said("", share(600, 5), share(600, 7))]],
        ..gathered
    };
    let all = self::pilot(0.5, &[]);
    assert!(
        take(&all, &without, &[], (now, now), true)
            .judgement
            .strata
            .is_empty()
    );
}
