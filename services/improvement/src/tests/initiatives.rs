//! Initiatives from plan to rollout.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Code, Reason};
use uuid::Uuid;

use super::platform::{Platform, at, once, repeated};
use crate::commands::action::{self, AddAction, CompleteAction};
use crate::commands::initiative::{self, Stop, Update};
use crate::commands::rollout::{self, RollOut};
use crate::domain::{Change, InitiativeState, IssueState};
use crate::error::Error;

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> attune_rpc::Error {
    result.unwrap_err().into()
}

#[tokio::test]
async fn an_issue_has_one_initiative_at_a_time() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let first = platform.plan(issue.issue_id).await.unwrap();
    assert_eq!(platform.issues().await[0].state, IssueState::InWork);
    let second = refused(platform.plan(issue.issue_id).await);
    assert_eq!(
        (second.code(), second.reason()),
        (Code::FailedPrecondition, Reason::WrongState)
    );

    let reason = "too dear".to_owned();
    let stop = Stop {
        initiative_id: first.initiative_id,
        by: "ada".to_owned(),
        reason: reason.clone(),
        key: once("StopInitiative"),
    };
    let stopped = initiative::stop(&platform.db, &platform.tenant, stop)
        .await
        .unwrap();
    assert_eq!(
        (stopped.state, stopped.stopped_reason),
        (InitiativeState::Stopped, reason)
    );
    assert_eq!(platform.issues().await[0].state, IssueState::Open);
    platform.plan(issue.issue_id).await.unwrap();
}

#[tokio::test]
async fn two_who_plan_at_the_same_time_do_not_both_succeed() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let (one, two) = tokio::join!(platform.plan(issue.issue_id), platform.plan(issue.issue_id));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    assert_eq!(platform.told_of::<pb::InitiativePlanned>().await.len(), 1);
}

#[tokio::test]
async fn departments_are_told_what_is_planned_and_their_addresses_are_told_nowhere_else() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    platform.plan(issue.issue_id).await.unwrap();
    let told = platform.told_of::<pb::DepartmentTellingRequested>().await;
    assert_eq!((told.len(), told[0].occasion.as_str()), (1, "planned"));
    assert_eq!(told[0].departments[0].email, "service@example.com");
    assert!(
        told[0].body.contains("Cancelled service: united"),
        "{}",
        told[0].body
    );
    let planned = platform
        .told_of::<pb::InitiativePlanned>()
        .await
        .remove(0)
        .initiative
        .unwrap();
    assert_eq!(
        (
            planned.departments[0].name.as_str(),
            planned.departments[0].email.as_str()
        ),
        ("Service", "")
    );
}

#[tokio::test]
async fn a_change_from_an_old_picture_is_refused() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let planned = platform.plan(issue.issue_id).await.unwrap();
    let update = |title: &str, etag: String| Update {
        initiative_id: planned.initiative_id,
        etag,
        change: Change {
            title: Some(title.to_owned()),
            ..Change::default()
        },
        key: once("UpdateInitiative"),
    };
    let (db, tenant) = (&platform.db, &platform.tenant);
    let changed = initiative::update(db, tenant, update("New", planned.etag().to_string()))
        .await
        .unwrap();
    assert_ne!(changed.etag(), planned.etag());
    let old = refused(initiative::update(db, tenant, update("Newer", planned.etag().to_string())).await);
    assert_eq!((old.code(), old.reason()), (Code::Aborted, Reason::EtagMismatch));
    let overwritten = initiative::update(db, tenant, update("Newer", String::new()))
        .await
        .unwrap();
    assert_eq!(
        platform.initiative(planned.initiative_id).await.title,
        overwritten.title
    );
}

#[tokio::test]
async fn a_repeated_request_adds_one_action() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let initiative_id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    let request_id = Uuid::now_v7();
    let add = || AddAction {
        initiative_id,
        title: "Build it".to_owned(),
        owner: "Grace".to_owned(),
        due_at: Some(at("2026-03-09T00:00:00Z")),
        depends_on: Vec::new(),
        key: repeated("AddAction", request_id),
    };
    let (_, first) = action::add_action(&platform.db, &platform.tenant, add())
        .await
        .unwrap();
    let (initiative, second) = action::add_action(&platform.db, &platform.tenant, add())
        .await
        .unwrap();
    assert_eq!((first, initiative.current.actions.len()), (second, 1));
    assert_eq!(
        initiative.current.actions[0].due_at,
        Some(at("2026-03-09T00:00:00Z"))
    );
}

#[tokio::test]
async fn a_rollout_waits_for_every_action_and_for_the_baseline() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let initiative_id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    let add = AddAction {
        initiative_id,
        title: "Build it".to_owned(),
        owner: "Grace".to_owned(),
        due_at: None,
        depends_on: Vec::new(),
        key: once("AddAction"),
    };
    action::add_action(&platform.db, &platform.tenant, add)
        .await
        .unwrap();
    let early = refused(platform.roll_out(initiative_id, None).await);
    assert_eq!(early.reason(), Reason::WrongState);
    assert!(early.message().contains("actions are not done"), "{early}");

    let action_id = platform.initiative(initiative_id).await.current.actions[0].action_id;
    let complete = CompleteAction {
        initiative_id,
        action_id,
        evidence: "released".to_owned(),
        by: "grace".to_owned(),
        key: once("CompleteAction"),
    };
    action::complete_action(&platform.db, &platform.tenant, complete)
        .await
        .unwrap();
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.world.down(true);
    assert_eq!(
        refused(platform.roll_out(initiative_id, None).await).code(),
        Code::Unavailable
    );
    let untouched = platform.initiative(initiative_id).await;
    assert_eq!(
        (untouched.state, untouched.current.telling),
        (InitiativeState::InProgress, None)
    );

    platform.world.down(false);
    platform.roll_out(initiative_id, None).await.unwrap();
}

#[tokio::test]
async fn a_rollout_fixes_the_plan_and_asks_for_everyone_to_be_told_once() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(1001).await;
    let initiative_id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.world.level(at("2026-03-01T06:00:00Z"), 6);
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    let template_id = Some(Uuid::now_v7());
    let request_id = Uuid::now_v7();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let key = repeated("RollOutInitiative", request_id);
        let command = RollOut {
            initiative_id,
            change: None,
            template_id,
            pilot_override: None,
            by: "ada".to_owned(),
            key,
        };
        answers.push(
            rollout::roll_out(&platform.db, &*platform.world, &platform.tenant, command)
                .await
                .unwrap(),
        );
    }
    assert_eq!(answers[0].version, answers[1].version);
    let tried = &answers[0].current;
    let plan = &tried.rollout.as_ref().unwrap().plan;
    assert!((plan.baseline - 19.0 / 120.0).abs() < 1e-9, "{}", plan.baseline);
    assert_eq!(plan.baseline_start, issue.opened_at);
    let telling = tried.telling.as_ref().unwrap();
    assert_eq!((telling.pending, telling.sent), (1001, 0));

    let told = platform.told_of::<pb::CohortTellingRequested>().await;
    assert_eq!(
        told.iter().map(|part| part.profile_ids.len()).collect::<Vec<_>>(),
        [500, 500, 1]
    );
    let mut named: Vec<_> = told.iter().flat_map(|part| part.profile_ids.clone()).collect();
    let mut cohort: Vec<_> = members.into_iter().map(|member| member.profile_id).collect();
    named.sort();
    cohort.sort();
    assert_eq!(named, cohort);
    assert_eq!(told[0].variables["change"], "we rebook by ourselves");
    assert_eq!(told[0].variables["iteration"], "1");
    assert_eq!(told[0].variables["issue_title"], issue.title);
    assert_eq!(platform.told_of::<pb::InitiativeRolledOut>().await.len(), 1);
}

#[tokio::test]
async fn nobody_is_told_without_a_template_and_nobody_is_told_nothing() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let initiative_id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    let command = RollOut {
        initiative_id,
        change: None,
        template_id: None,
        pilot_override: None,
        by: "ada".to_owned(),
        key: once("RollOutInitiative"),
    };
    let rolled_out = rollout::roll_out(&platform.db, &*platform.world, &platform.tenant, command)
        .await
        .unwrap();
    assert_eq!(rolled_out.current.telling, None);
    assert!(platform.told_of::<pb::CohortTellingRequested>().await.is_empty());
}

#[tokio::test]
async fn events_of_one_subject_are_numbered_upwards() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1001).await;
    let initiative_id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(initiative_id, None).await.unwrap();
    let told = platform.told().await;
    let of_initiative = told.iter().filter(|told| told.subject == initiative_id);
    let versions: Vec<_> = of_initiative.map(|told| told.version).collect();
    assert!(
        versions.len() >= 6 && versions.is_sorted_by(|a, b| a < b),
        "{versions:?}"
    );
}
