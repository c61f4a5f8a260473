//! Initiatives that are to raise something, or to lower something else than the volume of complaints.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Code, Page, Reason, Violations};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::looks::statements;
use super::platform::{Platform, at, once};
use crate::commands::initiative::{self, Create, Update};
use crate::commands::{board, issue};
use crate::convert;
use crate::domain::{
    Change, Cohort, Comparison, Decision, Draft, Initiative, InitiativeState, Issue, IssueState, Metric,
    Report, Slice, Target, TeamRole, Verdict,
};
use crate::error::Error;

/// The window in which the issue of these tests was found begins here.
const EVENT: &str = "2026-03-01T06:00:00Z";
pub(super) const ROLLOUT: &str = "2026-03-12T06:00:00Z";
pub(super) const LAST_LOOK: &str = "2026-04-09T06:00:00Z";

fn aimed_at(metric: Metric, smallest_relative_effect: f64) -> Target {
    Target {
        metric,
        smallest_relative_effect,
        deadline_days: 28,
    }
}

async fn plan(
    platform: &Platform,
    issue_id: Uuid,
    target: Target,
    comparison: Option<Comparison>,
) -> Result<Initiative, Error> {
    let draft = Draft {
        target,
        comparison,
        ..Platform::draft(issue_id)
    };
    let create = Create {
        draft,
        by: "ada".to_owned(),
        key: once("CreateInitiative"),
    };
    initiative::create(&platform.db, &platform.tenant, create).await
}

/// A platform on which 34 of 40 are usually satisfied, and 24 since the event; the change is with the customers.
pub(super) async fn rolled_out(comparison: Option<Comparison>) -> (Platform, Uuid) {
    rolled_out_on(Platform::start().await, comparison).await
}

async fn rolled_out_on(platform: Platform, comparison: Option<Comparison>) -> (Platform, Uuid) {
    let (issue, _) = platform.issue(3).await;
    let planned = plan(&platform, issue.issue_id, aimed_at(Metric::Csat, 0.1), comparison)
        .await
        .unwrap();
    platform.act(planned.initiative_id).await;
    platform.world.satisfied(at(EVENT), 24);
    platform.hand.advance_to(at(ROLLOUT));
    platform.roll_out(planned.initiative_id, None).await.unwrap();
    (platform, planned.initiative_id)
}

async fn last(platform: &Platform, id: Uuid) -> Verdict {
    statements(platform, id, 1).await.pop().unwrap()
}

async fn on_board(platform: &Platform, closed_since: Option<DateTime<Utc>>) -> pb::ProjectedVerdict {
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let board = board::get(&platform.db, &platform.tenant, closed_since, &page).await;
    let mut items = convert::board::to_proto(board.unwrap()).items;
    items.remove(0).projected_verdict.unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error: attune_rpc::Error = result.unwrap_err().into();
    assert_eq!(
        (error.code(), error.reason()),
        (Code::FailedPrecondition, Reason::WrongState)
    );
    tonic::Status::from(error).message().to_owned()
}

#[tokio::test]
async fn satisfaction_that_rises_with_the_change_is_proven_and_closes_the_issue() {
    let (platform, id) = rolled_out(None).await;
    let plan = platform.initiative(id).await.current.rollout.unwrap().plan;
    assert!((plan.baseline - 24.33 / 40.0).abs() < 0.001, "{}", plan.baseline);
    assert!(
        (plan.smallest_effect - 0.1 * plan.baseline).abs() < 1e-12,
        "a tenth of the satisfied, and not of the others"
    );
    let projected = on_board(&platform, None).await;
    assert_eq!(projected.metric, "csat");
    assert!((projected.smallest_effect - plan.smallest_effect).abs() < 1e-12);

    platform.world.satisfied(at(ROLLOUT), 34);
    platform.advance_to(at(LAST_LOOK)).await;
    let verdict = last(&platform, id).await;
    assert_eq!(verdict.decision, Decision::Effective, "{}", verdict.reason);
    let (effect, low, high) = (
        verdict.effect.unwrap(),
        verdict.low.unwrap(),
        verdict.high.unwrap(),
    );
    assert!(
        plan.smallest_effect < low && low < effect && effect < high,
        "{verdict:?}"
    );
    let relative = verdict.relative_effect.unwrap();
    assert!((relative - effect / plan.baseline).abs() < 0.001, "{relative}");
    assert!(
        verdict
            .reason
            .starts_with("the share is 85.8 % where 60.8 % was to be expected"),
        "{}",
        verdict.reason
    );
    assert!(
        verdict
            .assumptions
            .iter()
            .any(|found| found.starts_with("the rise dates to the rollout: holds")),
        "{:?}",
        verdict.assumptions
    );
    assert_eq!(platform.initiative(id).await.state, InitiativeState::Effective);
    let issue = platform.issues().await.remove(0);
    assert_eq!(issue.state, IssueState::Resolved);
    let closed = on_board(&platform, issue.closed_at).await;
    assert_eq!((closed.effect, closed.low), (Some(effect), Some(low)));
}

#[tokio::test]
async fn departments_and_followers_are_told_which_way_satisfaction_is_to_go_and_which_way_it_went() {
    let platform = Platform::start().await;
    platform.member("grace", TeamRole::ExecutiveSponsor, "").await;
    platform.subscribe("grace", "", "", "").await;
    let (platform, id) = rolled_out_on(platform, None).await;
    platform.world.satisfied(at(ROLLOUT), 34);
    platform.advance_to(at(LAST_LOOK)).await;
    let told: Vec<_> = platform.told_of::<pb::DepartmentTellingRequested>().await;
    let [planned, verdict] = told.try_into().unwrap();
    assert!(
        planned
            .body
            .contains("Target: customer satisfaction (CSAT) rises by at least 10 %, judged at most 28 days"),
        "{}",
        planned.body
    );
    assert!(
        verdict
            .body
            .contains("Effect: customer satisfaction (CSAT) rose by 25.0 percentage points (+"),
        "{}",
        verdict.body
    );
    let mut tx = platform.db.read(&platform.tenant).await.unwrap();
    let news: String = sqlx::query_scalar(
        "SELECT sentence FROM improvement.news WHERE initiative_id = $1 AND kind = 'verdict_stated'",
    )
    .bind(id)
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    assert!(
        news.contains("it helped; customer satisfaction (CSAT) rose by 25.0 percentage points"),
        "{news}"
    );
}

#[tokio::test]
async fn satisfaction_that_stays_or_falls_is_no_success_and_is_told_as_it_went() {
    for (satisfied, told) in [
        (24, "(CSAT) hardly moved"),
        (18, "fell by 15.0 percentage points"),
    ] {
        let (platform, id) = rolled_out(None).await;
        platform.world.satisfied(at(ROLLOUT), satisfied);
        platform.advance_to(at(LAST_LOOK)).await;
        let verdict = last(&platform, id).await;
        assert_eq!(verdict.decision, Decision::Ineffective, "{}", verdict.reason);
        assert!(verdict.effect.unwrap() < 0.001, "{verdict:?}");
        let reopened = platform.initiative(id).await;
        assert_eq!(
            (reopened.state, reopened.current.number),
            (InitiativeState::Planned, 2)
        );
        let letters = platform.told_of::<pb::DepartmentTellingRequested>().await;
        let body = &letters.last().unwrap().body;
        assert!(body.contains(told), "{body}");
    }
}

#[tokio::test]
async fn a_rise_that_another_product_shares_is_not_the_changes() {
    let beside = Comparison {
        changed: Slice::default(),
        unchanged: Slice {
            product: "delta".to_owned(),
            ..Slice::default()
        },
    };
    let (platform, id) = rolled_out(Some(beside)).await;
    platform.world.satisfied(at(ROLLOUT), 32);
    platform.advance_to(at(LAST_LOOK)).await;
    let verdict = last(&platform, id).await;
    assert_eq!(
        (verdict.method.as_str(), verdict.decision),
        ("difference_in_differences", Decision::Ineffective),
        "{}",
        verdict.reason
    );
    assert!(verdict.effect.unwrap().abs() < 0.001, "{verdict:?}");
    let seen = verdict.comparison.unwrap();
    let (before, after) = (seen.share_before.unwrap(), seen.share_after.unwrap());
    assert!(
        (before - 0.608).abs() < 0.001 && (after - 0.808).abs() < 0.001,
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_rise_for_which_there_is_no_room_is_refused_at_the_rollout_and_nothing_is_begun() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(3).await;
    let planned = plan(&platform, issue.issue_id, aimed_at(Metric::Csat, 0.2), None)
        .await
        .unwrap();
    platform.act(planned.initiative_id).await;
    platform.hand.advance_to(at(ROLLOUT));
    let message = refused(platform.roll_out(planned.initiative_id, None).await);
    assert!(
        message.contains("csat was 85.8 % before the rollout"),
        "{message}"
    );
    let still = platform.initiative(planned.initiative_id).await;
    assert!(still.current.rollout.is_none() && still.state == InitiativeState::InProgress);

    let smaller = Change {
        target: Some(aimed_at(Metric::Csat, 0.1)),
        ..Change::default()
    };
    update(&platform, planned.initiative_id, smaller).await.unwrap();
    platform.roll_out(planned.initiative_id, None).await.unwrap();
}

async fn update(platform: &Platform, initiative_id: Uuid, change: Change) -> Result<Initiative, Error> {
    let update = Update {
        initiative_id,
        etag: String::new(),
        change,
        key: once("UpdateInitiative"),
    };
    initiative::update(&platform.db, &platform.tenant, update).await
}

/// An issue that somebody reported without saying which topic it is.
async fn without_topic(platform: &Platform) -> Issue {
    let report = Report {
        title: "Something is wrong at the gate".to_owned(),
        description: String::new(),
        topic_id: String::new(),
        product: "united".to_owned(),
        cohort: Cohort::default(),
    };
    let create = issue::Create {
        report,
        key: once("CreateIssue"),
    };
    issue::create(&platform.db, &platform.tenant, create)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_issue_without_a_topic_can_aim_at_satisfaction_and_not_at_a_share_of_mentions() {
    let platform = Platform::start().await;
    let issue = without_topic(&platform).await;
    let mentions = aimed_at(Metric::TopicShare, 0.3);
    let message = refused(plan(&platform, issue.issue_id, mentions, None).await);
    assert!(message.contains("names no topic, so topic_share"), "{message}");
    let planned = plan(&platform, issue.issue_id, aimed_at(Metric::Csat, 0.1), None)
        .await
        .unwrap();
    let other = Change {
        target: Some(aimed_at(Metric::TopicNegativeShare, 0.3)),
        ..Change::default()
    };
    let message = refused(update(&platform, planned.initiative_id, other).await);
    assert!(
        message.contains("names no topic, so topic_negative_share"),
        "{message}"
    );
}

#[tokio::test]
async fn negative_shares_are_judged_as_shares_that_are_to_fall() {
    for metric in [Metric::TopicNegativeShare, Metric::SentimentNegativeShare] {
        let platform = Platform::start().await;
        let (issue, _) = platform.issue(3).await;
        let planned = plan(&platform, issue.issue_id, aimed_at(metric, 0.3), None)
            .await
            .unwrap();
        let id = planned.initiative_id;
        platform.act(id).await;
        platform.world.level(at(EVENT), 30);
        platform.hand.advance_to(at(ROLLOUT));
        platform.roll_out(id, None).await.unwrap();
        // Three times as many answers are not negative, because the negative ones turned.
        platform.world.level(at(ROLLOUT), 4);
        platform.advance_to(at(LAST_LOOK)).await;
        let verdict = last(&platform, id).await;
        assert_eq!(verdict.decision, Decision::Effective, "{}", verdict.reason);
        assert!(verdict.high.unwrap() < 0.0 && verdict.relative_effect.unwrap() < -0.3);
    }
}
