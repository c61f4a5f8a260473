//! Verdicts beside feedback about which nothing was changed, and verdicts that are stated again.

use attune_api::improvement::v1 as pb;
use chrono::TimeDelta;
use uuid::Uuid;

use super::looks::statements;
use super::platform::{Platform, at, frozen, member, opened};
use super::requests::{valid_initiative, wrong};
use crate::convert;
use crate::domain::{Comparison, Decision, InitiativeState, Slice, Verdict};
use crate::events::HotIssues;

const ROLLOUT: &str = "2026-03-12T06:00:00Z";
const LAST_LOOK: &str = "2026-04-09T06:00:00Z";

fn of_product(product: &str) -> Slice {
    Slice {
        product: product.to_owned(),
        ..Slice::default()
    }
}

fn beside_delta() -> Comparison {
    Comparison {
        changed: Slice::default(),
        unchanged: of_product("delta"),
    }
}

/// A platform whose issue is rolled out ten days after it was found, beside another product.
async fn rolled_out_beside(event_elsewhere: u64) -> (Platform, Uuid) {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(3).await;
    let planned = platform
        .plan_beside(issue.issue_id, Some(beside_delta()))
        .await
        .unwrap();
    let id = planned.initiative_id;
    platform.act(id).await;
    platform.world.level(at("2026-03-01T06:00:00Z"), 6);
    platform.world.level_elsewhere(at("2026-01-01T00:00:00Z"), 1);
    platform
        .world
        .level_elsewhere(at("2026-03-01T06:00:00Z"), event_elsewhere);
    platform.hand.advance_to(at(ROLLOUT));
    platform.roll_out(id, None).await.unwrap();
    (platform, id)
}

async fn last(platform: &Platform, id: Uuid) -> Verdict {
    statements(platform, id, 1).await.pop().unwrap()
}

#[tokio::test]
async fn a_fall_that_another_product_shares_is_not_the_changes() {
    let (platform, id) = rolled_out_beside(6).await;
    platform.world.level(at(ROLLOUT), 2);
    platform.world.level_elsewhere(at(ROLLOUT), 2);
    platform.advance_to(at(LAST_LOOK)).await;
    let verdict = last(&platform, id).await;
    assert_eq!(
        (verdict.method.as_str(), verdict.decision),
        ("difference_in_differences", Decision::Ineffective),
        "{}",
        verdict.reason
    );
    let seen = verdict.comparison.unwrap();
    assert!(
        seen.compared_with && seen.share_after < seen.share_before,
        "{seen:?}"
    );
    assert_eq!(
        (seen.slice.product.as_str(), seen.n_before),
        ("delta", 10 * 24 * 40)
    );
}

#[tokio::test]
async fn a_fall_that_another_product_does_not_share_is_the_changes() {
    let (platform, id) = rolled_out_beside(6).await;
    platform.world.level(at(ROLLOUT), 1);
    platform.advance_to(at(LAST_LOOK)).await;
    let verdict = last(&platform, id).await;
    assert_eq!(
        (verdict.method.as_str(), verdict.decision),
        ("difference_in_differences", Decision::Effective),
        "{}",
        verdict.reason
    );
    assert_eq!(platform.initiative(id).await.state, InitiativeState::Effective);
}

#[tokio::test]
async fn a_product_that_never_had_the_event_is_not_compared_with_and_the_verdict_says_so() {
    let (platform, id) = rolled_out_beside(1).await;
    platform.world.level(at(ROLLOUT), 1);
    platform.advance_to(at(LAST_LOOK)).await;
    let verdict = last(&platform, id).await;
    assert_eq!(
        (verdict.method.as_str(), verdict.decision),
        ("before_after_forecast", Decision::Effective),
        "{}",
        verdict.reason
    );
    assert!(!verdict.comparison.unwrap().compared_with);
    assert!(
        verdict
            .reason
            .contains("feedback of product delta is not comparable"),
        "{}",
        verdict.reason
    );
}

#[tokio::test]
async fn what_moves_a_product_that_is_not_comparable_withholds_the_verdict() {
    // Twice as much as usual all the time, and no event: at the rollout it falls by half, where nothing was changed.
    let (platform, id) = rolled_out_beside(3).await;
    platform.world.level_elsewhere(at("2026-01-01T00:00:00Z"), 3);
    platform.world.level_elsewhere(at(ROLLOUT), 1);
    platform.world.level(at(ROLLOUT), 1);
    platform.advance_to(at(LAST_LOOK)).await;
    let verdict = last(&platform, id).await;
    assert_eq!(verdict.decision, Decision::Inconclusive, "{}", verdict.reason);
    assert!(
        verdict
            .reason
            .contains("something else happened at the same time"),
        "{}",
        verdict.reason
    );
}

#[tokio::test]
async fn who_did_something_for_the_other_product_is_named() {
    let (platform, id) = rolled_out_beside(6).await;
    let hot_issue_id = Uuid::now_v7();
    let mut found = opened(hot_issue_id);
    found.hot_issue.as_mut().unwrap().product = "delta".to_owned();
    let cohort = frozen(hot_issue_id, (1, 1), vec![member(1)], &[]);
    for event in [
        platform.event(hot_issue_id, &found),
        platform.event(hot_issue_id, &cohort),
    ] {
        platform.hear(&HotIssues, &[event]).await.unwrap();
    }
    let issues = platform.issues().await;
    let elsewhere = issues.iter().find(|issue| issue.product == "delta").unwrap();
    let other = platform.prepared(elsewhere.issue_id).await.initiative_id;
    platform.hand.advance_to(at("2026-03-14T06:00:00Z"));
    platform.roll_out(other, None).await.unwrap();
    platform.advance_to(at("2026-03-20T06:00:00Z")).await;
    platform.advance_to(at(LAST_LOOK)).await;
    let verdict = last(&platform, id).await;
    let named = verdict
        .assumptions
        .iter()
        .find(|assumption| assumption.starts_with("no initiative reached customers of the comparison"))
        .unwrap();
    assert!(
        named.contains("fails") && named.contains(&other.to_string()),
        "{named}"
    );
    let own = verdict
        .assumptions
        .iter()
        .find(|one| one.starts_with("no other initiative"))
        .unwrap();
    assert!(own.contains("holds"), "{own}");
}

#[tokio::test]
async fn a_comparison_that_could_hold_the_same_feedback_is_refused_with_its_field() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(3).await;
    let same = Comparison {
        unchanged: of_product("united"),
        ..beside_delta()
    };
    let refused = platform.plan_beside(issue.issue_id, Some(same)).await;
    assert_eq!(
        wrong(refused.map_err(attune_rpc::Error::from)),
        ["initiative.comparison.unchanged"]
    );
}

#[test]
fn every_broken_field_of_a_comparison_is_named_at_once() {
    let broken = pb::FeedbackSlice {
        product: "x".repeat(101),
        channel: "not a slug".to_owned(),
        ..pb::FeedbackSlice::default()
    };
    let request = pb::CreateInitiativeRequest {
        initiative: Some(pb::Initiative {
            comparison: Some(pb::Comparison {
                changed: Some(broken.clone()),
                unchanged: Some(broken),
            }),
            ..valid_initiative()
        }),
        ..Default::default()
    };
    assert_eq!(
        wrong(convert::initiative::create(&request, "ada")),
        [
            "initiative.comparison.changed.channel",
            "initiative.comparison.changed.product",
            "initiative.comparison.unchanged.channel",
            "initiative.comparison.unchanged.product"
        ]
    );
}

#[tokio::test]
async fn feedback_that_arrives_late_restates_a_verdict_and_both_statements_remain() {
    let (platform, id) = rolled_out_beside(6).await;
    platform.world.level(at(ROLLOUT), 1);
    platform.advance_to(at("2026-03-19T06:00:00Z")).await;
    let stated = statements(&platform, id, 1).await;
    assert_eq!(
        (stated.len(), stated[0].decision),
        (1, Decision::Effective),
        "{}",
        stated[0].reason
    );
    // Five in forty more had complained all the while.
    platform.world.arrives_late(at(ROLLOUT), 5);
    platform.advance_to(at("2026-03-26T05:00:00Z")).await;
    assert_eq!(
        statements(&platform, id, 1).await.len(),
        1,
        "a week is given to what is late"
    );
    platform.advance_to(at("2026-03-26T07:00:00Z")).await;
    let both = statements(&platform, id, 1).await;
    assert_eq!((both.len(), &both[0]), (2, &stated[0]));
    assert!(both[1].restated && !both[0].restated);
    assert!(both[1].effect > both[0].effect, "{:?}", both[1]);
    assert_eq!(
        (both[1].decision, both[1].look),
        (Decision::Ineffective, both[0].look)
    );
    let now = platform.initiative(id).await;
    assert_eq!(
        now.state,
        InitiativeState::Effective,
        "what followed is not undone"
    );
    assert!(now.current.verdict.unwrap().restated);
    assert_eq!(platform.told_of::<pb::VerdictReached>().await.len(), 2);
    platform
        .advance_to(at("2026-03-26T07:00:00Z") + TimeDelta::days(30))
        .await;
    assert_eq!(statements(&platform, id, 1).await.len(), 2, "once is enough");
}
