//! What owners have to do, and what happens when they do not.

use std::sync::Arc;

use attune_api::improvement::v1 as pb;
use attune_rpc::{Page, Violations};
use attune_timers::TimerLoop;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::platform::{OPENED, Platform, at, once};
use crate::commands::action::{self, AddAction, CompleteAction};
use crate::commands::workload;
use crate::domain::Workload;
use crate::timers::Actions;

async fn add(platform: &Platform, initiative_id: Uuid, owner: &str, due_at: Option<DateTime<Utc>>) -> Uuid {
    let add = AddAction {
        initiative_id,
        title: "Write the letter".to_owned(),
        owner: owner.to_owned(),
        due_at,
        depends_on: Vec::new(),
        key: once("AddAction"),
    };
    let (_, action_id) = action::add_action(&platform.db, &platform.tenant, add)
        .await
        .unwrap();
    action_id
}

async fn complete(platform: &Platform, initiative_id: Uuid, action_id: Uuid) {
    let complete = CompleteAction {
        initiative_id,
        action_id,
        evidence: "sent".to_owned(),
        by: "grace".to_owned(),
        key: once("CompleteAction"),
    };
    action::complete_action(&platform.db, &platform.tenant, complete)
        .await
        .unwrap();
}

async fn advance(platform: &Platform, days: i64) {
    platform.hand.advance_to(at(OPENED) + TimeDelta::days(days));
    let timers = TimerLoop::new(platform.db.clone(), vec![Arc::new(Actions)]);
    while timers.step().await.unwrap() > 0 {}
}

async fn workloads(platform: &Platform, owner: Option<&str>) -> Vec<Workload> {
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    workload::get(&platform.db, &platform.tenant, owner, &page)
        .await
        .unwrap()
        .0
}

async fn escalations(platform: &Platform) -> Vec<i32> {
    let told = platform.told_of::<pb::ActionOverdue>().await;
    told.into_iter()
        .map(|event| event.action.unwrap().escalation)
        .collect()
}

#[tokio::test]
async fn an_overdue_action_goes_up_step_by_step_until_it_is_done() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    let due = at(OPENED) + TimeDelta::days(1);
    let slow = add(&platform, id, "Grace", Some(due)).await;
    let other = add(&platform, id, "Joan", Some(due + TimeDelta::days(1))).await;
    complete(&platform, id, other).await;

    advance(&platform, 0).await;
    assert!(escalations(&platform).await.is_empty(), "nothing is due");
    advance(&platform, 1).await;
    assert_eq!(escalations(&platform).await, [1]);
    advance(&platform, 4).await;
    assert_eq!(escalations(&platform).await, [1, 2]);
    let letters = |told: Vec<pb::DepartmentTellingRequested>| {
        let overdue = told
            .into_iter()
            .filter(|told| told.occasion.starts_with("overdue-"));
        overdue.count()
    };
    assert_eq!(
        letters(platform.told_of().await),
        0,
        "not yet the departments' matter"
    );
    advance(&platform, 9).await;
    assert_eq!(escalations(&platform).await, [1, 2, 3]);
    assert_eq!(letters(platform.told_of().await), 1);
    advance(&platform, 60).await;
    assert_eq!(
        escalations(&platform).await.len(),
        3,
        "and then there is nobody above"
    );
    let action = platform.initiative(id).await.current.actions.remove(0);
    assert_eq!((action.action_id, action.escalation), (slow, 3));
}

#[tokio::test]
async fn an_action_that_is_done_in_time_is_nobodys_matter() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    let action = add(&platform, id, "Grace", Some(at(OPENED) + TimeDelta::days(1))).await;
    complete(&platform, id, action).await;
    advance(&platform, 20).await;
    assert!(escalations(&platform).await.is_empty());
    assert_eq!(platform.timers().await, 0);
}

#[tokio::test]
async fn who_has_how_much_to_do_is_told_by_owner() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    let due = at(OPENED) + TimeDelta::days(2);
    add(&platform, id, "Grace", Some(due)).await;
    add(&platform, id, "Grace", None).await;
    let done = add(&platform, id, "Joan", Some(due)).await;
    complete(&platform, id, done).await;
    platform.hand.advance_to(at(OPENED) + TimeDelta::days(3));
    let load = |owner: &str, initiatives, open_actions, overdue_actions, next_due_at| Workload {
        owner: owner.to_owned(),
        initiatives,
        goals: 0,
        open_actions,
        overdue_actions,
        waiting_actions: 0,
        next_due_at,
    };
    let (ada, grace) = (load("Ada", 1, 0, 0, None), load("Grace", 0, 2, 1, Some(due)));
    assert_eq!(workloads(&platform, None).await, [ada.clone(), grace]);
    assert_eq!(workloads(&platform, Some("Ada")).await, [ada]);
    assert!(workloads(&platform, Some("Joan")).await.is_empty());
}
