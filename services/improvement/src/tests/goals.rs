//! Goals and the numbers that are recorded for them.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Page, Violations};
use attune_stats::MetricId;
use chrono::TimeDelta;
use tonic::Code;
use uuid::Uuid;

use super::platform::{OPENED, Platform, at, once, repeated};
use crate::commands::{goal, principle};
use crate::domain::{Goal, GoalDraft, GoalMeasurement, GoalState, GoalTrack, Quantity, Slice};
use crate::error::Error;

fn draft(days: i64, principle_ids: Vec<Uuid>) -> GoalDraft {
    GoalDraft {
        name: "CSAT to 92 %".to_owned(),
        owner: "Ada".to_owned(),
        quantity: Quantity {
            metric: MetricId::Csat,
            slice: Slice::default(),
            window_days: 7,
        },
        target: 0.92,
        deadline: at(OPENED) + TimeDelta::days(days),
        principle_ids,
    }
}

/// A platform on which CSAT is 86 %.
async fn platform() -> Platform {
    let platform = Platform::start().await;
    platform.world.number(at("2026-01-01T00:00:00Z"), 0.86);
    platform
}

async fn set(platform: &Platform, days: i64) -> Result<Goal, Error> {
    let create = goal::Create {
        draft: draft(days, Vec::new()),
        key: once("CreateGoal"),
    };
    goal::create(&platform.db, &*platform.world, &platform.tenant, create).await
}

async fn read(platform: &Platform, id: Uuid) -> Goal {
    goal::get(&platform.db, &platform.tenant, id).await.unwrap()
}

async fn history(platform: &Platform, id: Uuid) -> Vec<GoalMeasurement> {
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    goal::history(&platform.db, &platform.tenant, id, &page)
        .await
        .unwrap()
        .1
}

fn code(error: Error) -> Code {
    tonic::Status::from(error).code()
}

#[tokio::test]
async fn a_number_is_recorded_each_day_and_the_latest_is_what_everybody_is_told() {
    let platform = platform().await;
    let set = set(&platform, 60).await.unwrap();
    platform.world.number(at(OPENED) + TimeDelta::days(2), 0.88);
    platform.advance_to(at(OPENED) + TimeDelta::days(3)).await;

    let recorded = history(&platform, set.goal_id).await;
    let values: Vec<_> = recorded
        .iter()
        .map(|one| one.measured.estimate().unwrap().value)
        .collect();
    assert_eq!(values, [0.86, 0.86, 0.88, 0.88]);
    let now = read(&platform, set.goal_id).await;
    assert_eq!(Some(&now.latest), recorded.last());
    assert_eq!(Some(&now.baseline), recorded.first());
    assert!(now.version > set.version);
    for (one, next) in recorded.iter().zip(&recorded[1..]) {
        assert_eq!(next.measured.end - one.measured.end, TimeDelta::days(1));
    }
}

#[tokio::test]
async fn a_goal_that_stands_still_raises_one_alert_and_is_missed_in_the_end() {
    let platform = platform().await;
    let goal = set(&platform, 40).await.unwrap();
    platform.advance_to(at(OPENED) + TimeDelta::days(39)).await;
    let open = read(&platform, goal.goal_id).await;
    assert_eq!((open.state, open.track), (GoalState::Open, GoalTrack::OffTrack));
    let alerts = platform.told_of::<pb::GoalWentOffTrack>().await;
    assert_eq!(alerts.len(), 1);
    let shown = alerts[0].goal.clone().unwrap().latest.unwrap();
    assert!(shown.projection.unwrap().high < 0.92);

    platform.advance_to(at(OPENED) + TimeDelta::days(41)).await;
    let missed = read(&platform, goal.goal_id).await;
    assert_eq!(missed.state, GoalState::Missed);
    assert_eq!(missed.latest.measured.end, goal.deadline);
    assert_eq!(platform.told_of::<pb::GoalMissed>().await.len(), 1);
    assert_eq!(platform.timers().await, 0, "nothing more is recorded");
}

#[tokio::test]
async fn reaching_it_is_a_fact_that_later_numbers_do_not_change() {
    let platform = platform().await;
    let goal = set(&platform, 40).await.unwrap();
    platform.world.number(at(OPENED) + TimeDelta::days(10), 0.93);
    platform.world.number(at(OPENED) + TimeDelta::days(12), 0.80);
    platform.advance_to(at(OPENED) + TimeDelta::days(41)).await;
    let reached = read(&platform, goal.goal_id).await;
    assert_eq!(reached.state, GoalState::Reached);
    assert_eq!(reached.latest.number, 10);
    let told = platform.told_of::<pb::GoalReached>().await;
    let shown = told[0].goal.clone().unwrap();
    assert_eq!(shown.latest.unwrap().value, Some(0.93));
    assert!(shown.closed_at.is_some() && !shown.reason.is_empty());
    assert!(platform.told_of::<pb::GoalMissed>().await.is_empty());
}

#[tokio::test]
async fn a_number_that_could_not_be_had_is_asked_for_again_for_the_same_window() {
    let platform = platform().await;
    let goal = set(&platform, 40).await.unwrap();
    platform.world.down(true);
    platform.hand.advance_to(at(OPENED) + TimeDelta::days(1));
    assert_eq!(platform.goals().step().await.unwrap(), 1);
    assert_eq!(history(&platform, goal.goal_id).await.len(), 1);

    platform.world.down(false);
    platform
        .advance_to(at(OPENED) + TimeDelta::days(1) + TimeDelta::hours(3))
        .await;
    let recorded = history(&platform, goal.goal_id).await;
    assert_eq!(recorded.len(), 2);
    assert_eq!(recorded[1].measured.end, at(OPENED) + TimeDelta::days(1));
}

#[tokio::test]
async fn without_a_baseline_or_an_improvement_or_time_no_goal_is_set() {
    let platform = Platform::start().await;
    assert_eq!(
        code(set(&platform, 40).await.unwrap_err()),
        Code::FailedPrecondition
    );
    platform.world.number(at("2026-01-01T00:00:00Z"), 0.95);
    assert_eq!(
        code(set(&platform, 40).await.unwrap_err()),
        Code::FailedPrecondition
    );
    platform.world.number(at("2026-01-01T00:00:00Z"), 0.86);
    assert_eq!(code(set(&platform, 0).await.unwrap_err()), Code::InvalidArgument);
    assert_eq!(
        code(set(&platform, 2000).await.unwrap_err()),
        Code::InvalidArgument
    );
    platform.world.down(true);
    assert_eq!(code(set(&platform, 40).await.unwrap_err()), Code::Unavailable);
    assert!(platform.told_of::<pb::GoalSet>().await.is_empty());
}

#[tokio::test]
async fn a_repeated_request_sets_one_goal_even_when_feedback_is_down_by_then() {
    let platform = platform().await;
    let request = Uuid::now_v7();
    let create = || goal::Create {
        draft: draft(40, Vec::new()),
        key: repeated("CreateGoal", request),
    };
    let (db, tenant) = (&platform.db, &platform.tenant);
    let first = goal::create(db, &*platform.world, tenant, create())
        .await
        .unwrap();
    platform.world.down(true);
    let again = goal::create(db, &*platform.world, tenant, create())
        .await
        .unwrap();
    assert_eq!(first.goal_id, again.goal_id);
    assert_eq!(platform.told_of::<pb::GoalSet>().await.len(), 1);
}

#[tokio::test]
async fn a_goal_serves_principles_that_there_are() {
    let platform = platform().await;
    let (db, tenant) = (&platform.db, &platform.tenant);
    let adopt = |name: &str| principle::Create {
        name: name.to_owned(),
        statement: "We say it before the customer has to ask".to_owned(),
        key: once("CreatePrinciple"),
    };
    let principle = principle::create(db, tenant, adopt("No surprises"))
        .await
        .unwrap();
    let taken = principle::create(db, tenant, adopt("No surprises"))
        .await
        .unwrap_err();
    assert_eq!(code(taken), Code::AlreadyExists);

    let create = |principle_id| goal::Create {
        draft: draft(40, vec![principle_id]),
        key: once("CreateGoal"),
    };
    let unknown = goal::create(db, &*platform.world, tenant, create(Uuid::now_v7())).await;
    assert_eq!(code(unknown.unwrap_err()), Code::NotFound);
    let known = goal::create(db, &*platform.world, tenant, create(principle.principle_id)).await;
    assert_eq!(known.unwrap().principle_ids, [principle.principle_id]);
}

#[tokio::test]
async fn a_cancelled_goal_keeps_its_numbers_and_gets_no_more() {
    let platform = platform().await;
    let goal = set(&platform, 40).await.unwrap();
    platform.advance_to(at(OPENED) + TimeDelta::days(2)).await;
    let cancel = || goal::Cancel {
        goal_id: goal.goal_id,
        reason: "the product is sold".to_owned(),
        key: once("CancelGoal"),
    };
    let (db, tenant) = (&platform.db, &platform.tenant);
    goal::cancel(db, tenant, cancel()).await.unwrap();
    platform.advance_to(at(OPENED) + TimeDelta::days(10)).await;
    assert_eq!(history(&platform, goal.goal_id).await.len(), 3);
    assert_eq!(platform.timers().await, 0);
    let again = goal::cancel(db, tenant, cancel()).await.unwrap_err();
    assert_eq!(code(again), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_redefined_metric_shows_as_a_reason_and_not_as_a_number() {
    let platform = platform().await;
    let goal = set(&platform, 5).await.unwrap();
    platform.world.redefine();
    platform.advance_to(at(OPENED) + TimeDelta::days(6)).await;
    let missed = read(&platform, goal.goal_id).await;
    assert_eq!(missed.state, GoalState::Missed);
    assert!(missed.reason.contains("version 2"), "{}", missed.reason);
}
