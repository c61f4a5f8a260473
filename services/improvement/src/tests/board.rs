//! What is in flight, as it is told.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Page, Violations, timestamp};
use attune_stats::MetricId;
use chrono::{DateTime, TimeDelta, Utc};
use pb::{BlockerKind, BoardItem, BoardStage};
use uuid::Uuid;

use super::platform::{OPENED, Platform, at, once};
use super::trial::Trial;
use crate::commands::action::{self, AddAction, CompleteAction};
use crate::commands::{board, goal};
use crate::convert;
use crate::domain::{GoalDraft, Quantity, Slice};

async fn read(platform: &Platform, closed_since: Option<DateTime<Utc>>) -> pb::GetBoardResponse {
    page(platform, closed_since, 200, "").await
}

async fn page(
    platform: &Platform,
    closed_since: Option<DateTime<Utc>>,
    size: i32,
    token: &str,
) -> pb::GetBoardResponse {
    let page = Page::parse(size, token, &"", &mut Violations::default()).unwrap();
    let board = board::get(&platform.db, &platform.tenant, closed_since, &page)
        .await
        .unwrap();
    convert::board::to_proto(board)
}

/// The only item.
async fn item(platform: &Platform) -> BoardItem {
    let mut board = read(platform, None).await;
    assert_eq!(board.items.len(), 1);
    board.items.remove(0)
}

fn blocked(item: &BoardItem) -> (BlockerKind, &str, Option<DateTime<Utc>>) {
    let blocker = item.blocked_on.as_ref().unwrap();
    (
        blocker.kind(),
        &blocker.who,
        blocker.due_at.and_then(attune_rpc::instant),
    )
}

async fn add(platform: &Platform, initiative_id: Uuid, owner: &str, due_at: Option<DateTime<Utc>>) -> Uuid {
    let add = AddAction {
        initiative_id,
        title: format!("What {owner} does"),
        owner: owner.to_owned(),
        due_at,
        depends_on: Vec::new(),
        key: once("AddAction"),
    };
    action::add_action(&platform.db, &platform.tenant, add)
        .await
        .unwrap()
        .1
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

#[tokio::test]
async fn each_step_says_whom_it_waits_for_and_since_when() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(3).await;
    platform.hand.advance(TimeDelta::hours(5));
    let untouched = item(&platform).await;
    assert_eq!(
        (untouched.stage(), untouched.age_hours),
        (BoardStage::Untouched, 5)
    );
    assert_eq!(blocked(&untouched), (BlockerKind::Decision, "", None));
    assert_eq!(untouched.stage_since, Some(timestamp(at(OPENED))));

    let id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    let planned = item(&platform).await;
    assert_eq!(planned.stage(), BoardStage::Preparing);
    assert_eq!(blocked(&planned), (BlockerKind::Decision, "Ada", None));

    let due = at(OPENED) + TimeDelta::days(2);
    let later = add(&platform, id, "Joan", None).await;
    let first = add(&platform, id, "Grace", Some(due)).await;
    let preparing = item(&platform).await;
    assert_eq!(blocked(&preparing), (BlockerKind::Action, "Grace", Some(due)));
    assert_eq!(
        preparing.blocked_on.as_ref().unwrap().action_id,
        first.to_string()
    );
    assert!(!preparing.overdue);
    platform.hand.advance_to(at(OPENED) + TimeDelta::days(3));
    let late = item(&platform).await;
    assert!(late.overdue);
    assert_eq!((late.actions, late.open_actions, late.overdue_actions), (2, 2, 1));

    complete(&platform, id, first).await;
    let next = item(&platform).await;
    assert_eq!(
        (blocked(&next), next.overdue),
        ((BlockerKind::Action, "Joan", None), false)
    );
    complete(&platform, id, later).await;
    let ready = item(&platform).await;
    assert_eq!(ready.stage(), BoardStage::Ready);
    assert_eq!(blocked(&ready), (BlockerKind::Decision, "Ada", None));
    assert!(ready.projected_verdict.is_none(), "nothing is measured yet");
}

/// An issue that holds its level, with a rollout ten days after it was found.
async fn rolled_out(scarce: bool) -> (Platform, Uuid) {
    let platform = Platform::start().await;
    if scarce {
        platform.world.scarce();
    }
    let (issue, _) = platform.issue(3).await;
    let id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.world.level(at("2026-03-01T06:00:00Z"), 6);
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    (platform, id)
}

#[tokio::test]
async fn a_rollout_shows_when_its_verdict_is_due_and_what_the_last_planned_look_said() {
    let (platform, id) = rolled_out(true).await;
    platform.world.level(at("2026-03-12T06:00:00Z"), 4);
    let rollout = platform.initiative(id).await.current.rollout.unwrap();
    let [first, last] = rollout.plan.looks[..] else {
        panic!("two looks")
    };

    let before = item(&platform).await;
    assert_eq!(before.stage(), BoardStage::Measuring);
    assert_eq!(blocked(&before), (BlockerKind::Measurement, "", Some(first)));
    let projected = before.projected_verdict.unwrap();
    assert_eq!(projected.due_at, Some(timestamp(last)));
    assert_eq!((projected.looks_taken, projected.looks_planned), (0, 2));
    assert_eq!(projected.decision(), pb::VerdictDecision::Unspecified);
    assert!((projected.smallest_effect + rollout.plan.smallest_effect).abs() < 1e-12);
    assert!(
        projected.effect.is_none(),
        "nobody looks between the planned looks"
    );

    // The look is due and the feedback service does not answer.
    platform.hand.advance_to(first + TimeDelta::hours(2));
    assert!(item(&platform).await.overdue);
    platform.advance_to(first + TimeDelta::hours(2)).await;
    let after = item(&platform).await;
    assert!(!after.overdue);
    let projected = after.projected_verdict.unwrap();
    assert_eq!(projected.decision(), pb::VerdictDecision::NotYet);
    assert_eq!(projected.next_look_at, Some(timestamp(last)));
    let (low, effect, high) = (
        projected.low.unwrap(),
        projected.effect.unwrap(),
        projected.high.unwrap(),
    );
    assert!(
        low < effect && effect < high && effect < 0.0,
        "{low} {effect} {high}"
    );
    assert_eq!(since(after.stage_since), rollout.at);
}

fn since(since: Option<prost_types::Timestamp>) -> DateTime<Utc> {
    since.and_then(attune_rpc::instant).unwrap()
}

#[tokio::test]
async fn a_change_that_did_not_help_comes_back_as_a_decision_and_one_that_did_leaves_the_board() {
    let (platform, id) = rolled_out(false).await;
    platform.advance_to(at("2026-03-19T06:00:00Z")).await;
    let back = item(&platform).await;
    assert_eq!((back.stage(), back.iteration), (BoardStage::Preparing, 2));
    assert_eq!(blocked(&back).1, "Ada");
    assert_eq!(since(back.stage_since), at("2026-03-19T06:00:00Z"));
    assert!(back.projected_verdict.is_none(), "the next try is not measured");

    platform.act(id).await;
    platform.roll_out(id, Some("another")).await.unwrap();
    platform.world.level(at("2026-03-19T06:00:00Z"), 1);
    platform.advance_to(at("2026-04-16T06:00:00Z")).await;
    assert!(read(&platform, None).await.items.is_empty());
    let closed_at = platform.issues().await[0].closed_at.unwrap();
    let closed = read(&platform, Some(closed_at)).await.items.remove(0);
    assert_eq!(closed.stage(), BoardStage::Closed);
    assert!(closed.blocked_on.is_none() && !closed.overdue);
    assert_eq!(closed.age_hours, (closed_at - at(OPENED)).num_hours());
    assert_eq!(
        closed.projected_verdict.unwrap().decision(),
        pb::VerdictDecision::Effective
    );
    let later = closed_at + TimeDelta::seconds(1);
    assert!(read(&platform, Some(later)).await.items.is_empty());
}

#[tokio::test]
async fn a_running_pilot_shows_its_deadline_and_then_what_it_found() {
    let trial = Trial::planned().await;
    let platform = &trial.platform;
    let planned = item(platform).await;
    assert_eq!((planned.stage(), blocked(&planned).1), (BoardStage::Ready, "Ada"));
    assert_eq!(planned.blocked_on.unwrap().what, "start the pilot");

    let trial = Trial::running().await;
    let platform = &trial.platform;
    let running = item(platform).await;
    let deadline = trial.shown().await.pilot.deadline;
    assert_eq!(running.stage(), BoardStage::Piloting);
    assert_eq!(blocked(&running), (BlockerKind::Measurement, "", deadline));
    let projected = running.projected_verdict.unwrap();
    assert_eq!(projected.pilot_id, trial.pilot_id.to_string());
    assert_eq!((projected.metric.as_str(), projected.looks_planned), ("csat", 2));

    let (control, treated) = trial.admit(400).await;
    trial.satisfy(&control, 6).await;
    trial.satisfy(&treated, 9).await;
    trial.advance(30).await;
    let ready = item(platform).await;
    assert_eq!(ready.stage(), BoardStage::Ready);
    assert_eq!(ready.blocked_on.unwrap().what, "roll it out: its pilot helped");
    let projected = ready.projected_verdict.unwrap();
    assert_eq!(projected.decision(), pb::VerdictDecision::Effective);
    assert!(projected.low.unwrap() > projected.smallest_effect);
}

#[tokio::test]
async fn the_oldest_comes_first_in_pages_and_the_first_page_counts_them_all() {
    let platform = Platform::start().await;
    platform.world.number(at("2026-01-01T00:00:00Z"), 0.86);
    let mut issues = Vec::new();
    for _ in 0..3 {
        issues.push(platform.issue(1).await.0.issue_id.to_string());
    }
    platform.prepared(issues[1].parse().unwrap()).await;
    let first = page(&platform, None, 2, "").await;
    let second = page(&platform, None, 2, &first.next_page_token).await;
    let of = |board: &pb::GetBoardResponse| -> Vec<String> {
        board.items.iter().map(|item| item.issue_id.clone()).collect()
    };
    assert_eq!([of(&first), of(&second)].concat(), issues);
    assert!(second.next_page_token.is_empty() && second.summary.is_none());
    let summary = first.summary.unwrap();
    assert_eq!((summary.issues_untouched, summary.issues_in_work), (2, 1));
}

#[tokio::test]
async fn a_goal_that_goes_off_track_stands_before_those_that_end_sooner() {
    let platform = Platform::start().await;
    platform.world.number(at("2026-01-01T00:00:00Z"), 0.86);
    let set = async |name: &str, metric, target: f64, days| {
        let draft = GoalDraft {
            name: name.to_owned(),
            owner: "Ada".to_owned(),
            quantity: Quantity {
                metric,
                slice: Slice::default(),
                window_days: 7,
            },
            target,
            deadline: at(OPENED) + TimeDelta::days(days),
            principle_ids: Vec::new(),
        };
        let create = goal::Create {
            draft,
            key: once("CreateGoal"),
        };
        goal::create(&platform.db, &*platform.world, &platform.tenant, create)
            .await
            .unwrap();
    };
    set("stuck", MetricId::Csat, 0.99, 60).await;
    platform.advance_to(at(OPENED) + TimeDelta::days(40)).await;
    set("new", MetricId::Csat, 0.92, 45).await;
    let board = read(&platform, None).await;
    let goals: Vec<_> = board
        .goals
        .iter()
        .map(|goal| (goal.name.as_str(), goal.track()))
        .collect();
    assert_eq!(
        goals,
        [
            ("stuck", pb::GoalTrack::OffTrack),
            ("new", pb::GoalTrack::TooEarly)
        ]
    );
    let summary = board.summary.unwrap();
    assert_eq!((summary.goals_open, summary.goals_off_track), (2, 1));
}
