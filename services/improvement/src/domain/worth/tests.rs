use attune_stats::verdict::Bucket;

use super::*;
use crate::domain::{Currency, Decision, Series, Verdict, issue_for_tests};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A hundred pieces of feedback a day, of which so many are about the topic.
fn series(about: u64, days: i64) -> Series {
    let start = at("2026-03-01T00:00:00Z");
    Series::of((0..days * 24).map(|hour| Bucket {
        start: start + TimeDelta::hours(hour),
        end: start + TimeDelta::hours(hour + 1),
        successes: about,
        n: 100,
    }))
}

fn verdict(effect: f64, look: i32) -> Verdict {
    Verdict {
        decision: Decision::Effective,
        effect: Some(effect),
        low: Some(effect - 0.02),
        high: Some(effect + 0.02),
        relative_effect: None,
        level: 0.95,
        n_before: 0,
        n_after: 0,
        method: String::new(),
        reason: String::new(),
        assumptions: Vec::new(),
        decided_at: at("2026-03-11T00:00:00Z"),
        look,
        comparison: None,
        restated: false,
    }
}

fn measured(effect: f64, look: i32, days: i64) -> ContactChange {
    let window = (at("2026-03-01T00:00:00Z"), at("2026-03-11T00:00:00Z"));
    ContactChange::measured(&verdict(effect, look), 1, &series(10, days), window).unwrap()
}

fn parameters(version: i32) -> WorthParameters {
    let bounds = |low, likely, high| MoneyBounds {
        low,
        likely,
        high,
        source: "controlling".to_owned(),
    };
    WorthParameters {
        worth_parameters_id: Uuid::nil(),
        version,
        currency: Currency::parse("EUR").unwrap(),
        customer_value: bounds(10_000, 20_000, 40_000),
        cost_per_contact: bounds(400, 600, 900),
        set_at: at("2026-03-01T00:00:00Z"),
    }
}

fn appraisal(change: ContactChange, version: i32) -> Appraisal {
    let wanted = Wanted {
        horizon_days: 365,
        retention_uplift: None,
        assumed_fall: None,
    };
    Appraisal::of(&issue_for_tests(), wanted, parameters(version), change)
}

fn total(amount: i64, currency: &str) -> CostTotal {
    CostTotal {
        currency: Currency::parse(currency).unwrap(),
        amount,
        bookings: 1,
    }
}

fn stated(appraisal: Appraisal, cost: Option<CostTotal>) -> Result<WorthStatement, WrongState> {
    let ids = (Uuid::now_v7(), Uuid::now_v7());
    let made_at = at("2026-03-12T00:00:00Z");
    WorthStatement::after(None, ids, WorthCause::Asked, (appraisal, cost), made_at)
}

#[test]
fn contacts_are_avoided_against_what_the_others_would_have_come_with() {
    // 2400 a day, 240 of them about the topic where a fifth was to be expected: 2160 others would have come with 540.
    let change = measured(-0.1, 1, 10);
    assert!((change.expected_share - 0.2).abs() < 1e-12);
    let Quantity::Estimated { value, interval, .. } = change.avoided(30) else {
        panic!("a measured change is an estimate");
    };
    assert!((value - 30.0 * 300.0).abs() < 1e-6, "{value}");
    assert!(interval.low < value && value < interval.high);
    assert!(
        (interval.low - 30.0 * 240.0).abs() < 1e-6,
        "the smaller fall avoids less"
    );
}

#[test]
fn an_assumption_is_a_part_of_the_contacts_there_are() {
    let fall = ShareBounds {
        low: 0.1,
        likely: 0.3,
        high: 0.5,
        source: "a neighbour's experience".to_owned(),
    };
    let change = ContactChange::assumed(fall, &series(10, 28), at("2026-03-29T00:00:00Z"));
    assert_eq!(change.n, 28 * 2400);
    let Quantity::Bounded { low, high, .. } = change.avoided(10) else {
        panic!("an assumption has bounds");
    };
    assert!(
        (low - 240.0).abs() < 1e-6 && (high - 1200.0).abs() < 1e-6,
        "{low} {high}"
    );
}

#[test]
fn where_nobody_says_anything_nothing_is_avoided() {
    let window = (at("2026-03-01T00:00:00Z"), at("2026-03-01T00:00:00Z"));
    let change = ContactChange::measured(&verdict(-0.1, 1), 1, &Series::default(), window).unwrap();
    let benefit = appraisal(change, 1).benefit;
    assert!(
        benefit.total.low.abs() < 1e-9 && benefit.total.high.abs() < 1e-9,
        "{benefit:?}"
    );
}

#[test]
fn it_is_said_anew_when_something_it_rests_on_is_different() {
    let statement = stated(appraisal(measured(-0.1, 1, 10), 1), None).unwrap();
    let outdated = |change: ContactChange, version: i32, cost: Option<CostTotal>| {
        statement.outdated_by(&appraisal(change, version), cost.as_ref())
    };
    assert_eq!(outdated(measured(-0.1, 1, 10), 1, None), None);
    assert_eq!(outdated(measured(-0.1 + 1e-13, 1, 10), 1, None), None);
    assert_eq!(
        outdated(measured(-0.1, 2, 10), 1, None),
        Some(WorthCause::Verdict)
    );
    assert_eq!(
        outdated(measured(-0.1, 1, 10), 1, Some(total(5, "EUR"))),
        Some(WorthCause::Cost)
    );
    assert_eq!(
        outdated(measured(-0.1, 1, 10), 2, None),
        Some(WorthCause::Parameters)
    );
    assert_eq!(
        outdated(measured(-0.1, 1, 9), 1, None),
        Some(WorthCause::LateFeedback)
    );
    assert_eq!(
        outdated(measured(-0.11, 1, 10), 1, None),
        Some(WorthCause::LateFeedback)
    );
}

#[test]
fn costs_in_another_currency_are_not_added_up() {
    let appraised = || appraisal(measured(-0.1, 1, 10), 1);
    assert!(stated(appraised(), Some(total(5, "EUR"))).is_ok());
    let refused = stated(appraised(), Some(total(5, "USD"))).unwrap_err();
    assert!(refused.message.contains("booked in USD"), "{}", refused.message);
}

#[test]
fn what_is_stored_is_read_as_it_was() {
    let statement = stated(appraisal(measured(-0.1, 1, 10), 1), Some(total(5, "EUR"))).unwrap();
    let stored = serde_json::to_value(&statement).unwrap();
    let read: WorthStatement = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), stored);
    assert_eq!(
        read.outdated_by(&statement.appraisal, statement.cost.as_ref()),
        None
    );
}
