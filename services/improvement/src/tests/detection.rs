//! Hot issues become issues.

use attune_api::feedback::v1 as feedback;
use attune_api::improvement::v1 as pb;
use attune_events::ConsumeError;
use attune_rpc::{Page, TenantId, Violations, timestamp};
use uuid::Uuid;

use super::platform::{Platform, at, frozen, member, opened};
use crate::commands::issue::{self, Listing};
use crate::domain::{IssueState, Member, Origin};
use crate::error::Error;
use crate::events::HotIssues;

async fn cohort(platform: &Platform, issue_id: Uuid) -> Vec<Member> {
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    issue::cohort(&platform.db, &platform.tenant, issue_id, &page)
        .await
        .unwrap()
        .0
}

#[tokio::test]
async fn a_hot_issue_becomes_one_issue_however_often_it_is_told() {
    let platform = Platform::start().await;
    let hot_issue_id = Uuid::now_v7();
    for _ in 0..3 {
        let event = platform.event(hot_issue_id, &opened(hot_issue_id));
        platform.hear(&HotIssues, &[event]).await.unwrap();
    }
    let issues = platform.issues().await;
    assert_eq!(issues.len(), 1);
    let issue = &issues[0];
    assert_eq!(
        (issue.title.as_str(), issue.origin),
        ("Cancelled service: united", Origin::Detected)
    );
    assert_eq!(
        (issue.state, issue.hot_issue_id),
        (IssueState::Open, Some(hot_issue_id))
    );
    assert_eq!((issue.cohort_frozen, issue.p_value), (false, Some(1e-9)));
    assert_eq!(issue.window_start, Some(at("2026-03-01T06:00:00Z")));
    assert_eq!(issue.quotes, ["they cancelled again"]);
    assert_eq!(platform.told_of::<pb::IssueOpened>().await.len(), 1);
}

#[tokio::test]
async fn a_cohort_is_frozen_when_all_its_parts_are_there_and_never_changes_afterwards() {
    let platform = Platform::start().await;
    let hot_issue_id = Uuid::now_v7();
    let (ada, ben, eve) = (member(2), member(1), member(1));
    let nobody = Uuid::now_v7();
    let parts = [
        frozen(hot_issue_id, (2, 2), vec![ben.clone()], &[nobody]),
        frozen(hot_issue_id, (2, 2), vec![ben.clone()], &[nobody]),
        frozen(hot_issue_id, (1, 2), vec![ada.clone()], &[]),
        frozen(hot_issue_id, (1, 2), vec![eve.clone()], &[]),
        frozen(hot_issue_id, (3, 3), vec![eve], &[Uuid::now_v7()]),
    ];
    platform
        .hear(&HotIssues, &[platform.event(hot_issue_id, &opened(hot_issue_id))])
        .await
        .unwrap();
    let mut states = Vec::new();
    for part in &parts {
        platform
            .hear(&HotIssues, &[platform.event(hot_issue_id, part)])
            .await
            .unwrap();
        let issue = platform.issues().await.remove(0);
        states.push((issue.cohort_frozen, issue.cohort_size, issue.evidence_size));
    }
    assert_eq!(
        states[..2],
        [(false, 2, 3); 2],
        "until then the numbers are those of the detection"
    );
    assert_eq!(states[2..], [(true, 2, 4); 3]);

    let members = cohort(&platform, platform.issues().await[0].issue_id).await;
    let mut expected = [ada.profile_id, ben.profile_id];
    expected.sort();
    assert_eq!(
        members
            .iter()
            .map(|member| member.profile_id.to_string())
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(
        members
            .iter()
            .map(|member| member.feedback_ids.len())
            .sum::<usize>(),
        3
    );
}

#[tokio::test]
async fn a_part_of_a_cohort_that_nobody_opened_is_kept_aside() {
    let platform = Platform::start().await;
    let hot_issue_id = Uuid::now_v7();
    let part = platform.event(hot_issue_id, &frozen(hot_issue_id, (1, 1), vec![member(1)], &[]));
    let refused = platform.hear(&HotIssues, &[part]).await.unwrap_err();
    assert!(matches!(refused, ConsumeError::Poison(_)), "{refused}");
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_refused_whole() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let hot_issue_id = issue.hot_issue_id.unwrap();
    let broken = feedback::CohortMember {
        profile_id: "somebody".to_owned(),
        feedback_ids: vec![],
    };
    let part = frozen(hot_issue_id, (1, 1), vec![member(1), broken], &[]);
    let refused = platform
        .hear(&HotIssues, &[platform.event(hot_issue_id, &part)])
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("profile_id"), "{refused}");
}

#[tokio::test]
async fn an_issue_whose_volume_is_back_to_usual_is_not_resolved_by_that() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let hot_issue_id = issue.hot_issue_id.unwrap();
    let mut hot_issue = opened(hot_issue_id).hot_issue.unwrap();
    hot_issue.ended_at = Some(timestamp(at("2026-03-04T06:00:00Z")));
    let ended = feedback::HotIssueEnded {
        hot_issue: Some(hot_issue),
    };
    platform
        .hear(&HotIssues, &[platform.event(hot_issue_id, &ended)])
        .await
        .unwrap();
    let issue = platform.issues().await.remove(0);
    assert_eq!(
        (issue.subsided_at, issue.state),
        (Some(at("2026-03-04T06:00:00Z")), IssueState::Open)
    );
}

/// What the feedback service tells when a hot issue spreads.
fn widened(hot_issue_id: Uuid) -> feedback::HotIssueWidened {
    let mut hot_issue = opened(hot_issue_id).hot_issue.unwrap();
    hot_issue.product = String::new();
    hot_issue.opened_product = "united".to_owned();
    hot_issue.widened_at = Some(timestamp(at("2026-03-02T09:00:00Z")));
    feedback::HotIssueWidened {
        hot_issue: Some(hot_issue),
        rule: "hot_issue_widening/1".to_owned(),
        explanation: "It spread to delta (hot_issue_widening/1).".to_owned(),
    }
}

fn extended(hot_issue_id: Uuid, members: Vec<feedback::CohortMember>) -> feedback::HotIssueCohortExtended {
    feedback::HotIssueCohortExtended {
        hot_issue_id: hot_issue_id.to_string(),
        part: 1,
        parts: 1,
        members,
        anonymous_feedback_ids: Vec::new(),
    }
}

#[tokio::test]
async fn an_issue_follows_its_hot_issue_to_all_products_with_those_who_were_hit_there() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(2).await;
    let hot_issue_id = issue.hot_issue_id.unwrap();
    let again = feedback::CohortMember {
        profile_id: members[0].profile_id.clone(),
        ..member(1)
    };
    let extension = extended(hot_issue_id, vec![member(1), again]);
    for _ in 0..2 {
        let events = [
            platform.event(hot_issue_id, &widened(hot_issue_id)),
            platform.event(hot_issue_id, &extension),
        ];
        platform.hear(&HotIssues, &events).await.unwrap();
    }
    let issue = platform.issues().await.remove(0);
    assert_eq!(
        (issue.title.as_str(), issue.product.as_str()),
        ("Cancelled service", "")
    );
    assert_eq!(issue.widened_at, Some(at("2026-03-02T09:00:00Z")));
    assert!(
        issue.widening.contains("hot_issue_widening/1"),
        "{}",
        issue.widening
    );
    assert_eq!((issue.cohort_size, issue.evidence_size), (3, 4));
    assert_eq!(cohort(&platform, issue.issue_id).await.len(), 3);
    let told = platform.told_of::<pb::IssueWidened>().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].issue.as_ref().unwrap().product, "");
}

#[tokio::test]
async fn an_issue_that_is_measured_stays_with_its_product_and_says_so() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let hot_issue_id = issue.hot_issue_id.unwrap();
    let initiative = platform.prepared(issue.issue_id).await;
    platform.roll_out(initiative.initiative_id, None).await.unwrap();
    let events = [
        platform.event(hot_issue_id, &widened(hot_issue_id)),
        platform.event(hot_issue_id, &extended(hot_issue_id, vec![member(1)])),
    ];
    platform.hear(&HotIssues, &events).await.unwrap();
    let issue = platform.issues().await.remove(0);
    assert_eq!((issue.product.as_str(), issue.widened_at), ("united", None));
    assert!(issue.widening.contains("stays with united"), "{}", issue.widening);
    assert_eq!(issue.cohort_size, 2, "nobody joins who would not be measured");
    assert!(platform.told_of::<pb::IssueWidened>().await.is_empty());
}

#[tokio::test]
async fn another_company_sees_neither_issue_nor_cohort() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let other = TenantId::parse("other").unwrap();
    let page = Page::parse(10, "", &"", &mut Violations::default()).unwrap();
    let listed = Page::parse(10, "", &"", &mut Violations::default()).unwrap();
    assert!(
        issue::list(&platform.db, &other, Listing::default(), &listed)
            .await
            .unwrap()
            .0
            .is_empty()
    );
    let id = issue.issue_id;
    for refused in [
        issue::get(&platform.db, &other, id).await.map(|_| ()),
        issue::cohort(&platform.db, &other, id, &page).await.map(|_| ()),
    ] {
        assert!(matches!(refused, Err(Error::NoIssue(missing)) if missing == id));
    }
}
