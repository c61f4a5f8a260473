//! Judging at the looks of the plan.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Page, Violations};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::platform::{Platform, at, once};
use crate::commands::initiative::Stop;
use crate::commands::{evaluation, initiative, verdict};
use crate::domain::{Decision, InitiativeState, IssueState, Verdict};

/// A platform whose issue holds its level, rolled out ten days after it was found.
async fn rolled_out() -> (Platform, Uuid) {
    rolled_out_on(Platform::start().await).await
}

/// The same where feedback is so scarce that the looks lie apart.
async fn rolled_out_with_little_feedback() -> (Platform, Uuid) {
    let platform = Platform::start().await;
    platform.world.scarce();
    rolled_out_on(platform).await
}

async fn rolled_out_on(platform: Platform) -> (Platform, Uuid) {
    let (issue, _) = platform.issue(3).await;
    let initiative_id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.world.level(at("2026-03-01T06:00:00Z"), 6);
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(initiative_id, None).await.unwrap();
    (platform, initiative_id)
}

pub(super) async fn statements(platform: &Platform, id: Uuid, iteration: i32) -> Vec<Verdict> {
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    verdict::list(&platform.db, &platform.tenant, (id, iteration), &page)
        .await
        .unwrap()
        .0
}

async fn next_look(platform: &Platform, id: Uuid) -> DateTime<Utc> {
    platform
        .initiative(id)
        .await
        .measured()
        .unwrap()
        .next_look()
        .unwrap()
        .1
}

#[tokio::test]
async fn the_first_try_changes_nothing_and_is_reopened_and_the_second_closes_the_issue() {
    let (platform, id) = rolled_out().await;
    platform.advance_to(at("2026-03-19T05:59:00Z")).await;
    assert!(
        statements(&platform, id, 1).await.is_empty(),
        "nobody looks before the plan says so"
    );

    platform.advance_to(at("2026-03-19T06:00:00Z")).await;
    let reopened = platform.initiative(id).await;
    assert_eq!(
        (reopened.state, reopened.current.number),
        (InitiativeState::Planned, 2)
    );
    assert_eq!(
        reopened.past[0].verdict.as_ref().unwrap().decision,
        Decision::Ineffective
    );
    assert!(
        reopened.current.reason.contains("did not help enough"),
        "{}",
        reopened.current.reason
    );
    assert_eq!(platform.issues().await[0].state, IssueState::InWork);
    let told = platform.told_of::<pb::InitiativeReopened>().await;
    assert_eq!(
        (told.len(), told[0].iteration, &told[0].reason),
        (1, 2, &reopened.current.reason)
    );

    platform.act(id).await;
    platform
        .roll_out(id, Some("we rebook and write at once"))
        .await
        .unwrap();
    platform.world.level(at("2026-03-19T06:00:00Z"), 1);
    platform.advance_to(at("2026-04-16T06:00:00Z")).await;
    let closed = platform.initiative(id).await;
    assert_eq!(
        closed.state,
        InitiativeState::Effective,
        "{:?}",
        closed.current.verdict
    );
    let verdict = closed.current.verdict.unwrap();
    assert!(verdict.high.unwrap() < 0.0 && verdict.relative_effect.unwrap() < -0.3);
    let issue = platform.issues().await.remove(0);
    assert_eq!(
        (issue.state, issue.closed_at.is_some()),
        (IssueState::Resolved, true)
    );
    assert_eq!(platform.told_of::<pb::IssueResolved>().await.len(), 1);
    assert_eq!(platform.told_of::<pb::VerdictReached>().await.len(), 2);
    let occasions: Vec<_> = platform.told_of::<pb::DepartmentTellingRequested>().await;
    let occasions: Vec<_> = occasions.iter().map(|told| told.occasion.as_str()).collect();
    assert_eq!(occasions, ["planned", "verdict-1", "verdict-2"]);
    // What was decided is looked at once more, and says the same: nothing arrived late.
    platform
        .advance_to(at("2026-04-16T06:00:00Z") + TimeDelta::days(8))
        .await;
    assert_eq!(platform.told_of::<pb::VerdictReached>().await.len(), 2);
    assert_eq!(platform.timers().await, 0);
}

#[tokio::test]
async fn a_look_that_leaves_it_open_is_stated_and_the_end_of_the_plan_decides() {
    let (platform, id) = rolled_out_with_little_feedback().await;
    // About as much as is worth having, so that no early look can tell.
    platform.world.level(at("2026-03-12T06:00:00Z"), 4);
    platform.advance_to(next_look(&platform, id).await).await;
    let first = statements(&platform, id, 1).await;
    assert_eq!(
        (first.len(), first[0].decision),
        (1, Decision::NotYet),
        "{}",
        first[0].reason
    );
    assert_eq!(platform.initiative(id).await.state, InitiativeState::Measuring);

    platform.advance_to(at("2026-04-09T06:00:00Z")).await;
    let all = statements(&platform, id, 1).await;
    assert_eq!(all.iter().map(|verdict| verdict.look).collect::<Vec<_>>(), [1, 2]);
    assert_ne!(
        all[1].decision,
        Decision::NotYet,
        "the last look leaves nothing open"
    );
    assert_eq!(all[0], first[0], "what was stated stays");
    assert_eq!(platform.told_of::<pb::VerdictReached>().await.len(), 2);
}

#[tokio::test]
async fn nothing_is_lost_while_the_feedback_service_is_down() {
    let (platform, id) = rolled_out().await;
    platform.world.down(true);
    platform.hand.advance_to(at("2026-03-19T06:00:00Z"));
    assert_eq!(platform.looks().step().await.unwrap(), 1);
    assert!(statements(&platform, id, 1).await.is_empty());
    assert_eq!(
        platform.looks().step().await.unwrap(),
        0,
        "it rests before it is tried again"
    );

    platform.world.down(false);
    platform.advance_to(at("2026-03-19T08:00:00Z")).await;
    let stated = statements(&platform, id, 1).await;
    assert_eq!(stated.len(), 1);
    // It is judged as at its planned instant: two more hours do not change the number of observations.
    assert_eq!(stated[0].n_after, 7 * 24 * 40);
}

#[tokio::test]
async fn a_look_taken_twice_states_once() {
    let (platform, id) = rolled_out().await;
    platform.hand.advance_to(at("2026-03-19T06:00:00Z"));
    let evaluated = || evaluation::evaluate(&platform.db, &*platform.world, &platform.tenant, id);
    let (one, two) = (
        evaluated().await.unwrap().unwrap(),
        evaluated().await.unwrap().unwrap(),
    );
    for (look, judgement) in [one, two] {
        let mut tx = platform.db.system(&platform.tenant).await.unwrap();
        evaluation::conclude(&mut tx, &look, &judgement).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(statements(&platform, id, 1).await.len(), 1);
    assert_eq!(platform.told_of::<pb::VerdictReached>().await.len(), 1);
}

#[tokio::test]
async fn a_stopped_initiative_is_not_judged() {
    let (platform, id) = rolled_out().await;
    platform.hand.advance_to(at("2026-03-19T06:00:00Z"));
    let judged = evaluation::evaluate(&platform.db, &*platform.world, &platform.tenant, id)
        .await
        .unwrap();
    let stop = Stop {
        initiative_id: id,
        by: "ada".to_owned(),
        reason: "too dear".to_owned(),
        key: once("StopInitiative"),
    };
    initiative::stop(&platform.db, &platform.tenant, stop)
        .await
        .unwrap();
    let (look, judgement) = judged.unwrap();
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    evaluation::conclude(&mut tx, &look, &judgement).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(platform.initiative(id).await.state, InitiativeState::Stopped);
    assert!(statements(&platform, id, 1).await.is_empty());
    assert_eq!(platform.timers().await, 0);
}

#[tokio::test]
async fn who_stops_an_initiative_while_it_is_judged_waits_for_nobody_who_waits_for_them() {
    for _ in 0..10 {
        let (platform, id) = rolled_out().await;
        platform.hand.advance_to(at("2026-03-19T06:00:00Z"));
        let stop = Stop {
            initiative_id: id,
            by: "ada".to_owned(),
            reason: "too dear".to_owned(),
            key: once("StopInitiative"),
        };
        let looks = platform.looks();
        let (stopped, _) = tokio::join!(
            initiative::stop(&platform.db, &platform.tenant, stop),
            looks.step()
        );
        // A judgement that was faster has begun the next iteration, which can be stopped as well.
        assert_eq!(stopped.unwrap().state, InitiativeState::Stopped);
        assert_eq!(platform.timers().await, 0);
    }
}

#[tokio::test]
async fn the_record_of_a_verdict_can_be_judged_again() {
    let (platform, id) = rolled_out().await;
    platform.advance_to(at("2026-03-19T06:00:00Z")).await;
    let mut tx = platform.db.read(&platform.tenant).await.unwrap();
    let (decision, record): (String, serde_json::Value) =
        sqlx::query_as("SELECT decision, record FROM improvement.verdict WHERE initiative_id = $1")
            .bind(id)
            .fetch_one(&mut *tx)
            .await
            .unwrap();
    assert_eq!(record["statistics"]["decision"], decision.as_str());
    let after = record["after"].as_array().unwrap();
    assert_eq!(after.len(), 7 * 24, "the series that was looked at is kept");
    assert_eq!(
        record["looked_at"],
        serde_json::to_value(at("2026-03-19T06:00:00Z")).unwrap()
    );
}

#[tokio::test]
async fn a_clock_that_jumps_over_all_looks_takes_them_in_order() {
    let (platform, id) = rolled_out_with_little_feedback().await;
    platform.world.level(at("2026-03-12T06:00:00Z"), 4);
    platform
        .advance_to(at("2026-04-09T06:00:00Z") + TimeDelta::days(30))
        .await;
    let looks: Vec<_> = statements(&platform, id, 1)
        .await
        .iter()
        .map(|verdict| verdict.look)
        .collect();
    assert_eq!(looks, [1, 2]);
}

#[tokio::test]
async fn another_initiative_on_the_same_product_at_the_same_time_is_named() {
    let (platform, id) = rolled_out().await;
    let (another_issue, _) = platform.issue(2).await;
    let other = platform.prepared(another_issue.issue_id).await.initiative_id;
    platform.hand.advance_to(at("2026-03-14T06:00:00Z"));
    platform.roll_out(other, None).await.unwrap();
    platform.advance_to(at("2026-03-19T06:00:00Z")).await;
    let verdict = statements(&platform, id, 1).await.remove(0);
    let found = verdict
        .assumptions
        .iter()
        .find(|assumption| assumption.starts_with("no other initiative"))
        .unwrap();
    assert!(
        found.contains("fails") && found.contains("rolled out 2026-03-14"),
        "{found}"
    );
    assert!(found.contains(&other.to_string()), "{found}");
}

#[tokio::test]
async fn an_initiative_is_not_its_own_confounder() {
    let (platform, id) = rolled_out().await;
    platform.advance_to(at("2026-03-19T06:00:00Z")).await;
    let verdict = statements(&platform, id, 1).await.remove(0);
    let alone = verdict.assumptions.iter().any(|found| {
        found.starts_with("no other initiative") && found.contains("holds (none since the baseline began)")
    });
    assert!(alone, "{:?}", verdict.assumptions);
}
