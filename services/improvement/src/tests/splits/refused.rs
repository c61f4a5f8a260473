//! Splits that are refused, and those that are asked for twice.

use attune_rpc::{Reason, RequestKey};
use uuid::Uuid;

use super::{Platform, command, part, refusal, wrong};
use crate::commands::split::Split;
use crate::error::Error;
use crate::tests::platform::repeated;

#[tokio::test]
async fn a_repeated_split_answers_the_same_and_changes_nothing() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 1]).await;
    let id = whole.issue.issue_id;
    let request = Uuid::now_v7();
    let ask = |key: RequestKey| Split {
        key,
        ..command(id, whole.said(0))
    };
    let first = platform
        .split(ask(repeated("SplitIssue", request)))
        .await
        .unwrap();
    let again = platform
        .split(ask(repeated("SplitIssue", request)))
        .await
        .unwrap();
    assert_eq!(first.relation, again.relation);
    assert_eq!(
        (first.part.issue_id, first.part.version, first.whole.version),
        (again.part.issue_id, again.part.version, again.whole.version)
    );
    assert_eq!(platform.issues().await.len(), 2);
}

#[tokio::test]
async fn a_split_is_refused_where_something_is_measured_and_changes_nothing() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 1]).await;
    let id = whole.issue.issue_id;
    let initiative_id = platform.prepared(id).await.initiative_id;
    platform.roll_out(initiative_id, None).await.unwrap();
    let refused = refusal(platform.split(command(id, whole.said(0))).await);
    assert!(refused.contains("when that is over"), "{refused}");
    let before = platform.issue_now(id).await;
    assert_eq!((platform.issues().await.len(), before.gone_on), (1, 0));
    assert!(platform.relations(id).await.is_empty());

    let missing = Uuid::now_v7();
    let refused = platform.split(command(missing, whole.said(0))).await.unwrap_err();
    assert!(matches!(refused, Error::NoIssue(id) if id == missing));
    let old = Split {
        etag: "v0".to_owned(),
        ..command(id, whole.said(0))
    };
    let refused: attune_rpc::Error = platform.split(old).await.unwrap_err().into();
    assert_eq!(refused.reason(), Reason::EtagMismatch);
}

#[tokio::test]
async fn a_part_is_named_by_evidence_of_the_whole_and_is_not_all_of_it() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 1]).await;
    let id = whole.issue.issue_id;
    let stranger = [whole.said(0)[0], Uuid::now_v7(), whole.nobodys[1]];
    assert_eq!(
        wrong(platform.split(command(id, &stranger)).await),
        ["feedback_ids[1]"]
    );
    let all = [
        whole.said(0)[0],
        whole.said(1)[0],
        whole.nobodys[0],
        whole.nobodys[1],
    ];
    assert_eq!(wrong(platform.split(command(id, &all)).await), ["feedback_ids"]);
    let same = Split {
        part: part("cancelled_service", "united"),
        ..command(id, &stranger)
    };
    assert_eq!(
        wrong(platform.split(same).await),
        ["feedback_ids[1]", "part.topic_id"]
    );
    platform.split_off(id, whole.said(0)).await;
    assert_eq!(
        wrong(platform.split(command(id, whole.said(0))).await),
        ["feedback_ids[0]"],
        "it went on before"
    );
}

#[tokio::test]
async fn two_who_split_the_same_feedback_off_at_once_make_one_issue() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 1, 1]).await;
    let id = whole.issue.issue_id;
    let (one, other) = tokio::join!(
        platform.split(command(id, whole.said(0))),
        platform.split(command(id, whole.said(0)))
    );
    assert_ne!(one.is_ok(), other.is_ok());
    assert_eq!(platform.issues().await.len(), 2);
    assert_eq!(platform.debtors_of(whole.person(0)).await.len(), 1);
}
