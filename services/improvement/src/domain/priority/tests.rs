use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::{Currency, MoneyBounds, issue_for_tests};

fn now() -> DateTime<Utc> {
    "2026-03-16T10:00:00Z".parse().unwrap()
}

fn long_ago() -> NaiveDate {
    LookBack::from(now().date_naive()).felt
}

fn parameters(value: i64, cost: i64) -> WorthParameters {
    let bounds = |likely: i64| MoneyBounds {
        low: 0,
        likely,
        high: likely,
        source: "controlling".to_owned(),
    };
    WorthParameters {
        worth_parameters_id: Uuid::nil(),
        version: 3,
        currency: Currency::parse("EUR").unwrap(),
        customer_value: bounds(value),
        cost_per_contact: bounds(cost),
        set_at: now(),
    }
}

/// So many pieces of feedback since the cohort was fixed.
fn later(feedback: i64) -> LaterEvidence {
    LaterEvidence {
        feedback,
        nobody_known: 0,
        persons: feedback,
        new_persons: feedback,
        counted_at: now(),
    }
}

/// Persons, unknown, employees; negative, judged; value, cost; recent, before.
type Counts = (i64, i64, i64, (i64, i64), Option<(i64, i64)>, (i64, i64));

fn priority(
    (persons, nobody_known, employees, (negative, judged), worth, (recent, before)): Counts,
) -> Priority {
    let issue = Issue {
        cohort_size: persons,
        cohort_frozen: true,
        employee_reporters: employees,
        ..issue_for_tests()
    };
    let facts = Facts {
        nobody_known,
        mentions: Mentions {
            judged,
            negative,
            recent,
            before,
            heard_since: Some(long_ago()),
        },
        parameters: worth.map(|(value, cost)| parameters(value, cost)),
        later: later(0),
    };
    Priority::of(&issue, &facts, now())
}

const PLAIN: Counts = (100, 0, 0, (0, 0), None, (0, 0));

fn factor(of: &Priority, kind: TermKind) -> f64 {
    of.terms.iter().find(|term| term.kind == kind).unwrap().factor
}

#[test]
fn what_is_not_known_counts_nothing_and_is_named() {
    let plain = priority(PLAIN);
    assert_eq!(
        (plain.value.to_bits(), plain.parameters_version),
        (100_f64.to_bits(), 0)
    );
    let unknown: Vec<TermKind> = plain
        .terms
        .iter()
        .filter(|term| !term.known)
        .map(|term| term.kind)
        .collect();
    assert_eq!(unknown, [TermKind::Feeling, TermKind::Value]);
    let told = plain.explanation(IssueState::Open);
    for sentence in [
        "100.00 (people) × 1.00 (how they feel)",
        "= 100.0 (priority/1)",
        "Nobody has said what a customer is worth",
        "No group of five or more employees",
    ] {
        assert!(told.contains(sentence), "{told}");
    }
}

#[test]
fn an_issue_without_a_topic_has_no_trend_and_no_feeling() {
    let issue = Issue {
        topic_id: String::new(),
        ..issue_for_tests()
    };
    let facts = Facts {
        nobody_known: 0,
        mentions: Mentions::default(),
        parameters: None,
        later: later(0),
    };
    let found = Priority::of(&issue, &facts, now());
    for kind in [TermKind::Feeling, TermKind::Trend] {
        let term = found.terms.iter().find(|term| term.kind == kind).unwrap();
        assert!(!term.known && term.explanation.contains("no topic"), "{term:?}");
    }
}

#[test]
fn until_fourteen_days_were_heard_nobody_says_that_it_grows() {
    let issue = issue_for_tests();
    let heard = |heard_since| Facts {
        nobody_known: 0,
        mentions: Mentions {
            recent: 40,
            heard_since,
            ..Mentions::default()
        },
        parameters: None,
        later: later(31),
    };
    for (since, known) in [("2026-03-02", true), ("2026-03-03", false)] {
        let found = Priority::of(&issue, &heard(Some(since.parse().unwrap())), now());
        let trend = found
            .terms
            .iter()
            .find(|term| term.kind == TermKind::Trend)
            .unwrap();
        assert_eq!((trend.known, trend.factor > 1.5), (known, known), "{trend:?}");
        assert!(
            trend.explanation.contains("31 more pieces of feedback"),
            "{trend:?}"
        );
    }
    let silent = Priority::of(&issue, &heard(None), now());
    assert!((factor(&silent, TermKind::Trend) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn the_factors_are_what_the_formulas_say() {
    let found = priority((100, 20, 10, (30, 40), Some((60_000, 600)), (60, 20)));
    let centre = (30.0 + 1.920_729) / (40.0 + 3.841_459);
    let expected = [
        (TermKind::People, 130.0),
        (TermKind::Feeling, (2.0_f64 * centre - 1.0).exp2()),
        (TermKind::Value, 1.5),
        (
            TermKind::Trend,
            (2.0_f64 * (60.0 + 1.920_729) / (80.0 + 3.841_459) - 1.0).exp2(),
        ),
        (TermKind::Employees, 1.0 + 10.0 / 30.0),
    ];
    for (kind, wanted) in expected {
        assert!(
            (factor(&found, kind) - wanted).abs() < 1e-6,
            "{kind:?} {}",
            factor(&found, kind)
        );
    }
    let product: f64 = expected.iter().map(|(_, wanted)| wanted).product();
    assert!((found.value - product).abs() < 1e-4, "{}", found.value);
}

#[test]
fn a_priority_of_an_issue_that_is_over_says_that_it_was() {
    let found = priority(PLAIN);
    assert!(
        found
            .explanation(IssueState::Resolved)
            .starts_with("It is resolved")
    );
    assert!(found.explanation(IssueState::Merged).starts_with("It was merged"));
}

fn counts() -> impl Strategy<Value = Counts> {
    let count = 0..1_000_000_i64;
    let share = (0..1_000_000_i64, 0..1_000_000_i64).prop_map(|(part, rest)| (part, part + rest));
    let money = 0..=1_000_000_000_000_i64;
    let worth = proptest::option::of((money.clone(), money));
    (
        count.clone(),
        count.clone(),
        count.clone(),
        share,
        worth,
        (count.clone(), count),
    )
}

proptest! {
    #[test]
    fn every_factor_stays_within_its_bounds(counts in counts()) {
        let found = priority(counts);
        let people = factor(&found, TermKind::People);
        prop_assert!(people >= 0.0);
        for kind in [TermKind::Feeling, TermKind::Value, TermKind::Trend] {
            prop_assert!((0.5..=2.0).contains(&factor(&found, kind)), "{:?}", found);
        }
        prop_assert!((1.0..2.0).contains(&factor(&found, TermKind::Employees)));
        prop_assert!(found.value.is_finite() && found.value >= people / 8.0 && found.value <= people * 16.0);
        let product: f64 = found.terms.iter().map(|term| term.factor).product();
        prop_assert!((found.value - product).abs() <= product * 1e-12);
    }

    #[test]
    fn more_of_what_is_bad_never_lowers_it(counts in counts(), more in 1..100_000_i64) {
        let base = priority(counts).value;
        let (persons, unknown, employees, (negative, judged), worth, (recent, before)) = counts;
        let raised: [Counts; 6] = [
            (persons + more, unknown, employees, (negative, judged), worth, (recent, before)),
            (persons, unknown + more, employees, (negative, judged), worth, (recent, before)),
            (persons, unknown, employees + more, (negative, judged), worth, (recent, before)),
            // Of as many mentions more are negative.
            (persons, unknown, employees, ((negative + more).min(judged), judged), worth, (recent, before)),
            (persons, unknown, employees, (negative, judged), worth.map(|(value, cost)| (value + more, cost)), (recent, before)),
            (persons, unknown, employees, (negative, judged), worth, (recent + more, before)),
        ];
        for more_of_it in raised {
            let higher = priority(more_of_it).value;
            prop_assert!(higher >= base * (1.0 - 1e-12), "{:?}: {} after {}", more_of_it, higher, base);
        }
        let fell = priority((persons, unknown, employees, (negative, judged), worth, (recent, before + more))).value;
        prop_assert!(fell <= base * (1.0 + 1e-12));
    }
}
