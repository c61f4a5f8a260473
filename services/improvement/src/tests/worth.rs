//! Stating what initiatives are worth, and stating it anew.

use std::sync::Arc;

use attune_rpc::{Page, Violations};
use attune_timers::Worker;
use uuid::Uuid;

use super::platform::{Platform, at, once, repeated};
use super::targets;
use crate::commands::cost::{self, Book, Reverse};
use crate::commands::worth::{self, Estimate, Set};
use crate::domain::{
    Basis, Cost, CostKind, Currency, MoneyBounds, ShareBounds, Wanted, WorthCause, WorthParameters,
    WorthStatement,
};
use crate::error::Error;
use crate::source::SeriesSource;
use crate::timers::Worths;

fn bounds(low: i64, likely: i64, high: i64) -> MoneyBounds {
    MoneyBounds {
        low,
        likely,
        high,
        source: "controlling".to_owned(),
    }
}

async fn set(platform: &Platform, currency: &str) -> WorthParameters {
    let set = Set {
        currency: Currency::parse(currency).unwrap(),
        customer_value: bounds(10_000, 20_000, 40_000),
        cost_per_contact: bounds(400, 600, 900),
        key: once("SetWorthParameters"),
    };
    worth::set_parameters(&platform.db, &platform.tenant, set)
        .await
        .unwrap()
}

async fn estimate(platform: &Platform, initiative_id: Uuid) -> Result<WorthStatement, Error> {
    let assumed = ShareBounds {
        low: 0.1,
        likely: 0.3,
        high: 0.5,
        source: "a neighbour".to_owned(),
    };
    estimate_from(platform, initiative_id, Some(assumed)).await
}

async fn estimate_from(
    platform: &Platform,
    initiative_id: Uuid,
    assumed_fall: Option<ShareBounds>,
) -> Result<WorthStatement, Error> {
    let wanted = Wanted {
        horizon_days: 365,
        retention_uplift: None,
        assumed_fall,
    };
    let estimate = Estimate {
        initiative_id,
        wanted,
        key: once("EstimateWorth"),
    };
    worth::estimate(&platform.db, &*platform.world, &platform.tenant, estimate).await
}

fn booking(initiative_id: Uuid, amount: i64) -> Book {
    Book {
        initiative_id,
        action_id: None,
        amount,
        currency: Currency::parse("EUR").unwrap(),
        kind: CostKind::Services,
        source: "invoice 7".to_owned(),
        key: once("BookCost"),
    }
}

async fn book(platform: &Platform, booking: Book) -> Result<Cost, Error> {
    cost::book(&platform.db, &platform.tenant, booking).await
}

/// An initiative whose worth was stated from an assumption.
async fn stated() -> (Platform, Uuid) {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(3).await;
    let initiative_id = platform.prepared(issue.issue_id).await.initiative_id;
    set(&platform, "EUR").await;
    estimate(&platform, initiative_id).await.unwrap();
    (platform, initiative_id)
}

fn worker(platform: &Platform) -> Worker {
    let source: Arc<dyn SeriesSource> = platform.world.clone();
    Worker::new(platform.db.clone(), Worths::new(platform.db.clone(), source))
}

async fn statements(platform: &Platform, initiative_id: Uuid) -> Vec<WorthStatement> {
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    worth::list(&platform.db, &platform.tenant, initiative_id, &page)
        .await
        .unwrap()
        .0
}

#[tokio::test]
async fn a_cost_that_is_booked_while_feedback_is_down_restates_the_worth_later() {
    let (platform, id) = stated().await;
    platform.world.down(true);
    book(&platform, booking(id, 5000)).await.unwrap();
    assert_eq!(worker(&platform).step().await.unwrap(), 1);
    assert_eq!(
        statements(&platform, id).await.len(),
        1,
        "nothing can be said without feedback"
    );

    platform.world.down(false);
    platform.hand.advance_to(at("2026-03-02T08:00:00Z"));
    while worker(&platform).step().await.unwrap() > 0 {}
    let all = statements(&platform, id).await;
    assert_eq!((all.len(), all[1].number, all[1].cause), (2, 2, WorthCause::Cost));
    assert_eq!((all[0].cost_amount(), all[1].cost_amount()), (0, 5000));
    assert_eq!(
        platform.timers().await,
        0,
        "an assumption waits for no late feedback"
    );
}

#[tokio::test]
async fn a_verdict_takes_the_place_of_what_was_assumed() {
    let (platform, id) = stated().await;
    platform.world.level(at("2026-03-01T06:00:00Z"), 6);
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    platform.world.level(at("2026-03-12T06:00:00Z"), 1);
    platform.advance_to(at("2026-03-19T06:00:00Z")).await;
    while worker(&platform).step().await.unwrap() > 0 {}
    let all = statements(&platform, id).await;
    assert_eq!((all.len(), all[1].cause), (2, WorthCause::Verdict));
    let late = all[1].appraisal.settled_at().unwrap();
    assert_eq!(late, at("2026-03-26T06:00:00Z"));

    // What arrives within the week restates it once more; after that nothing is waited for.
    platform.world.level(at("2026-03-15T06:00:00Z"), 2);
    platform.hand.advance_to(late);
    while worker(&platform).step().await.unwrap() > 0 {}
    let all = statements(&platform, id).await;
    assert_eq!((all.len(), all[2].cause), (3, WorthCause::LateFeedback));
    let avoided = |statement: &WorthStatement| statement.appraisal.benefit.avoided_contacts;
    assert!(avoided(&all[2]).high < avoided(&all[1]).high);
    platform.advance_to(late).await;
    assert_eq!(platform.timers().await, 0);
}

#[tokio::test]
async fn what_more_satisfaction_is_worth_is_not_known_unless_somebody_assumes_it() {
    let (platform, id) = targets::rolled_out(None).await;
    platform.world.satisfied(at(targets::ROLLOUT), 34);
    platform.advance_to(at(targets::LAST_LOOK)).await;
    set(&platform, "EUR").await;
    let refused: attune_rpc::Error = estimate_from(&platform, id, None).await.unwrap_err().into();
    let message = tonic::Status::from(refused).message().to_owned();
    assert!(message.contains("a verdict on csat says nothing"), "{message}");

    let assumed = estimate(&platform, id).await.unwrap();
    assert!(matches!(assumed.appraisal.change.basis, Basis::Assumed(_)));
    assert_eq!(assumed.appraisal.settled_at(), None);
}

#[tokio::test]
async fn a_new_version_of_the_parameters_changes_no_statement() {
    let (platform, id) = stated().await;
    let before = statements(&platform, id).await.remove(0);
    assert_eq!(set(&platform, "EUR").await.version, 2);
    let again = estimate(&platform, id).await.unwrap();
    assert_eq!((again.number, again.appraisal.parameters.version), (2, 2));
    let kept = statements(&platform, id).await.remove(0);
    assert_eq!(
        (kept.worth_statement_id, kept.appraisal.parameters.version),
        (before.worth_statement_id, 1)
    );
}

#[tokio::test]
async fn two_reversals_of_one_booking_at_once_leave_one() {
    let (platform, id) = stated().await;
    let booked = book(&platform, booking(id, 5000)).await.unwrap();
    let reversal = || {
        let reverse = Reverse {
            cost_id: booked.cost_id,
            reason: "twice".to_owned(),
            key: once("ReverseCost"),
        };
        cost::reverse(&platform.db, &platform.tenant, reverse)
    };
    let (one, other) = tokio::join!(reversal(), reversal());
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let (costs, _, total) = cost::list(&platform.db, &platform.tenant, id, &page)
        .await
        .unwrap();
    assert_eq!((costs.len(), total.unwrap().amount), (2, 0));
}

#[tokio::test]
async fn a_booking_that_is_repeated_is_one_and_another_currency_is_refused() {
    let (platform, id) = stated().await;
    let request_id = Uuid::now_v7();
    let twice = || Book {
        key: repeated("BookCost", request_id),
        ..booking(id, 5000)
    };
    let one = book(&platform, twice()).await.unwrap();
    assert_eq!(book(&platform, twice()).await.unwrap(), one);
    let dollars = Book {
        currency: Currency::parse("USD").unwrap(),
        ..booking(id, 1)
    };
    assert!(matches!(
        book(&platform, dollars).await,
        Err(Error::WrongState(_))
    ));
    let stranger = Book {
        action_id: Some(Uuid::now_v7()),
        ..booking(id, 1)
    };
    assert!(matches!(book(&platform, stranger).await, Err(Error::NoAction(_))));

    set(&platform, "USD").await;
    assert!(matches!(estimate(&platform, id).await, Err(Error::WrongState(_))));
}
