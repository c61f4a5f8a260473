//! What initiatives may cost, who does the work, and how much of both there is.

use attune_rpc::{Code, Page, Violations};
use chrono::TimeDelta;
use uuid::Uuid;

use super::platform::{OPENED, Platform, at, once};
use crate::commands::action::{self, AddAction};
use crate::commands::cost::{self, Book, Reverse};
use crate::commands::initiative::{self, Update};
use crate::commands::{board, workload};
use crate::convert;
use crate::domain::{Change, Cost, CostKind, Currency, Initiative, Money, TeamWorkload};
use crate::error::Error;

fn euros(amount: i64) -> Money {
    Money {
        currency: Currency::parse("EUR").unwrap(),
        amount,
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> attune_rpc::Error {
    let error = attune_rpc::Error::from(result.unwrap_err());
    assert_eq!(error.code(), Code::FailedPrecondition);
    error
}

async fn change(platform: &Platform, initiative_id: Uuid, change: Change) -> Result<Initiative, Error> {
    let update = Update {
        initiative_id,
        etag: String::new(),
        change,
        key: once("UpdateInitiative"),
    };
    initiative::update(&platform.db, &platform.tenant, update).await
}

async fn budget(
    platform: &Platform,
    initiative_id: Uuid,
    budget: Option<Money>,
) -> Result<Initiative, Error> {
    let to = Change {
        budget: Some(budget),
        ..Change::default()
    };
    change(platform, initiative_id, to).await
}

async fn book(platform: &Platform, initiative_id: Uuid, amount: i64, currency: &str) -> Result<Cost, Error> {
    let book = Book {
        initiative_id,
        action_id: None,
        amount,
        currency: Currency::parse(currency).unwrap(),
        kind: CostKind::Services,
        source: "invoice 7".to_owned(),
        key: once("BookCost"),
    };
    cost::book(&platform.db, &platform.tenant, book).await
}

/// What was spent, as the initiative and the board say it; they say the same.
async fn spent(platform: &Platform, initiative_id: Uuid) -> i64 {
    let initiative = platform.initiative(initiative_id).await;
    let own = convert::initiative::to_proto(initiative).budget;
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let shown = board::get(&platform.db, &platform.tenant, None, &page)
        .await
        .unwrap();
    let item = convert::board::to_proto(shown).items.remove(0);
    assert_eq!(own, item.budget);
    own.unwrap().spent_minor_units
}

#[tokio::test]
async fn what_of_a_budget_is_spent_is_the_sum_of_the_ledger_everywhere() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    budget(&platform, id, Some(euros(500_000))).await.unwrap();
    assert_eq!(spent(&platform, id).await, 0);
    book(&platform, id, 120_000, "EUR").await.unwrap();
    let twice = book(&platform, id, 450_000, "EUR").await.unwrap();
    assert_eq!(spent(&platform, id).await, 570_000, "what is above is booked too");
    let reverse = Reverse {
        cost_id: twice.cost_id,
        reason: "paid by another".to_owned(),
        key: once("ReverseCost"),
    };
    cost::reverse(&platform.db, &platform.tenant, reverse)
        .await
        .unwrap();
    assert_eq!(spent(&platform, id).await, 120_000);
    let without = budget(&platform, id, None).await.unwrap();
    assert_eq!(without.budget, None);
}

#[tokio::test]
async fn a_budget_and_the_costs_have_one_currency() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    budget(&platform, id, Some(euros(500_000))).await.unwrap();
    let yen = refused(book(&platform, id, 7, "JPY").await);
    assert!(yen.message().contains("convert JPY"), "{yen}");
    budget(&platform, id, None).await.unwrap();
    book(&platform, id, 7, "JPY").await.unwrap();
    let euros = refused(budget(&platform, id, Some(euros(1))).await);
    assert!(euros.message().contains("booked in JPY"), "{euros}");
}

#[tokio::test]
async fn who_has_how_much_to_do_is_told_by_team() {
    let platform = Platform::start().await;
    let mut ids = Vec::new();
    for team in ["Rebooking", "Rebooking", "Crews", ""] {
        let issue = platform.issue(1).await.0.issue_id;
        let id = platform.plan(issue).await.unwrap().initiative_id;
        let to = Change {
            team: Some(team.to_owned()),
            ..Change::default()
        };
        change(&platform, id, to).await.unwrap();
        ids.push(id);
    }
    let due = at(OPENED) + TimeDelta::days(2);
    let add = async |place: usize, owner: &str, depends_on: Vec<Uuid>| {
        let add = AddAction {
            initiative_id: ids[place],
            title: "Write the letter".to_owned(),
            owner: owner.to_owned(),
            due_at: Some(due),
            depends_on,
            key: once("AddAction"),
        };
        let added = action::add_action(&platform.db, &platform.tenant, add).await;
        added.unwrap().1
    };
    let first = add(0, "Grace", Vec::new()).await;
    add(0, "Joan", vec![first]).await;
    add(1, "Grace", Vec::new()).await;
    platform.hand.advance_to(at(OPENED) + TimeDelta::days(3));

    let load =
        |team: &str, initiatives, (open_actions, overdue_actions, waiting_actions), owners| TeamWorkload {
            team: team.to_owned(),
            initiatives,
            open_actions,
            overdue_actions,
            waiting_actions,
            owners,
            next_due_at: (open_actions > 0).then_some(due),
        };
    let (crews, rebooking) = (load("Crews", 1, (0, 0, 0), 0), load("Rebooking", 2, (3, 3, 1), 2));
    let told = async |team: Option<&str>, size, token: &str| {
        let page = Page::parse(size, token, &"", &mut Violations::default()).unwrap();
        workload::of_teams(&platform.db, &platform.tenant, team, &page)
            .await
            .unwrap()
    };
    let (one, next) = told(None, 1, "").await;
    let (two, end) = told(None, 1, &next).await;
    assert_eq!(
        ([one, two].concat(), end.as_str()),
        (vec![crews, rebooking.clone()], "")
    );
    assert_eq!(told(Some("Rebooking"), 200, "").await.0, [rebooking]);
    assert!(told(Some("Nobody"), 200, "").await.0.is_empty());
}
