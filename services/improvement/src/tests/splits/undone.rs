//! Splits that are taken back, split further, or overtaken by what is said later.

use attune_api::feedback::v1 as feedback;
use attune_rpc::timestamp;
use uuid::Uuid;

use super::{Platform, command, part, refusal};
use crate::commands::split::Split;
use crate::commands::trace::From;
use crate::events::HotIssues;
use crate::tests::platform::{at, once, opened};

#[tokio::test]
async fn merging_the_part_into_the_whole_takes_the_split_back() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 2, 1]).await;
    let id = whole.issue.issue_id;
    let before = platform.explained(id).await.1;
    let named = [whole.said(0)[0], whole.said(1)[0], whole.nobodys[0]];
    let made = platform.split_off(id, &named).await;
    let ends = (made.part.issue_id, id);
    let merged = platform.merge_as(ends, once("MergeIssues")).await.unwrap();
    assert_eq!(
        (merged.cohort_size, merged.evidence_size, merged.gone_on),
        (3, 6, 0)
    );
    assert!((merged.priority - before.value).abs() < 1e-9);
    assert!(
        platform
            .cohort_of(id)
            .await
            .iter()
            .all(|member| member.gone_on_to.is_none())
    );
    let owes = platform.owes().await;
    assert!(owes.len() == 3 && owes.iter().all(|(issue_id, ..)| *issue_id == id));
    let found = platform.trace_from(From::Feedback(whole.said(0)[0])).await;
    assert_eq!(found.issue.issue_id, id);
    // It may be split otherwise now.
    platform.split_off(id, whole.said(0)).await;
    assert_eq!(platform.debtors_of(whole.person(0)).await.len(), 1);
}

#[tokio::test]
async fn whatever_is_split_and_merged_everybody_is_owed_an_answer_by_somebody() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 1, 1, 1]).await;
    let id = whole.issue.issue_id;
    let named: Vec<Uuid> = (0..3).flat_map(|place| whole.said(place).to_vec()).collect();
    let first = platform.split_off(id, &named).await.part.issue_id;
    // A part of the part.
    let second = Split {
        part: part("refunds", "united"),
        ..command(first, &named[..2])
    };
    let second = platform.split(second).await.unwrap().part.issue_id;
    assert_eq!(platform.debtors_of(whole.person(0)).await, [second]);
    assert_eq!(platform.debtors_of(whole.person(2)).await, [first]);
    // The part comes back into the whole; who went further stays there.
    platform.merge_as((first, id), once("MergeIssues")).await.unwrap();
    assert_eq!(platform.debtors_of(whole.person(0)).await, [second]);
    assert_eq!(platform.debtors_of(whole.person(2)).await, [id]);
    assert_eq!(platform.issue_now(id).await.gone_on, 2);
    // The whole becomes a part of an issue that knew none of them.
    let third = platform.reported(1, "").await.issue_id;
    platform.merge_as((id, third), once("MergeIssues")).await.unwrap();
    let now = platform.issue_now(third).await;
    assert_eq!((now.cohort_size, now.gone_on), (5, 2), "they come as gone on");
    assert_eq!(platform.debtors_of(whole.person(0)).await, [second]);
    // And the last part into that one.
    platform
        .merge_as((second, third), once("MergeIssues"))
        .await
        .unwrap();
    let now = platform.issue_now(third).await;
    assert_eq!((now.cohort_size, now.gone_on), (5, 0));
    for place in 0..4 {
        assert_eq!(platform.debtors_of(whole.person(place)).await, [third], "{place}");
    }
    let family = platform.trace_from(From::Issue(first)).await;
    assert_eq!((family.issue.issue_id, family.splits.len()), (third, 2));
    let refused = refusal(platform.split(command(id, whole.said(3))).await);
    assert!(refused.contains("split that one"), "{refused}");
}

#[tokio::test]
async fn who_says_more_about_the_whole_is_owed_an_answer_by_it_again() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 1]).await;
    let id = whole.issue.issue_id;
    let part_id = platform.split_off(id, whole.said(0)).await.part.issue_id;
    let hot_issue_id = whole.issue.hot_issue_id.unwrap();
    let mut hot_issue = opened(hot_issue_id).hot_issue.unwrap();
    hot_issue.product = String::new();
    hot_issue.widened_at = Some(timestamp(at("2026-03-02T09:00:00Z")));
    let widened = feedback::HotIssueWidened {
        hot_issue: Some(hot_issue),
        rule: "hot_issue_widening/1".to_owned(),
        explanation: "It spread.".to_owned(),
    };
    let again = |feedback_id: Uuid| feedback::HotIssueCohortExtended {
        hot_issue_id: hot_issue_id.to_string(),
        part: 1,
        parts: 1,
        members: vec![feedback::CohortMember {
            profile_id: whole.person(0).to_string(),
            feedback_ids: vec![feedback_id.to_string()],
        }],
        anonymous_feedback_ids: Vec::new(),
    };
    // What went on does not come back by being told again.
    let events = [
        platform.event(hot_issue_id, &widened),
        platform.event(hot_issue_id, &again(whole.said(0)[0])),
    ];
    platform.hear(&HotIssues, &events).await.unwrap();
    assert_eq!(platform.debtors_of(whole.person(0)).await, [part_id]);
    let more = platform.event(hot_issue_id, &again(Uuid::now_v7()));
    platform.hear(&HotIssues, &[more]).await.unwrap();
    assert_eq!(platform.debtors_of(whole.person(0)).await, [id, part_id]);
    let now = platform.issue_now(id).await;
    assert_eq!((now.cohort_size, now.evidence_size, now.gone_on), (2, 5, 0));
}
