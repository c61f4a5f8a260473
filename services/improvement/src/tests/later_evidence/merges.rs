//! What is heard while issues are worked on, and while they are merged.

use std::time::Duration;

use attune_events::{ConsumeError, Consumer as _};

use super::{Told, complaint};
use crate::commands::trace::From;
use crate::events::SaidByCustomers;
use crate::store;
use crate::tests::platform::{Platform, once};

/// How long a test waits for somebody to wait.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn nobody_who_hears_waits_for_who_works_on_the_issue() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let mut working = platform.db.system(&platform.tenant).await.unwrap();
    store::issue::lock(&mut working, issue.issue_id).await.unwrap();
    tokio::time::timeout(PATIENCE, platform.hear_said(&[complaint()]))
        .await
        .unwrap();
    working.commit().await.unwrap();
    assert_eq!(platform.later(&issue).await, (1, 0, 1, 1));
}

#[tokio::test]
async fn a_merge_waits_for_what_is_being_heard_and_what_comes_meanwhile_is_heard_again() {
    let platform = Platform::start().await;
    let survivor = platform.reported(1, "").await;
    let merged = platform.reported(1, "united").await;
    let mut hearing = platform.db.system(&platform.tenant).await.unwrap();
    let event = platform.told_as(complaint());
    SaidByCustomers.handle(&mut hearing, &event).await.unwrap();

    let ends = (merged.issue_id, survivor.issue_id);
    let merge = platform.merge_as(ends, once("MergeIssues"));
    let meanwhile = async {
        tokio::time::timeout(PATIENCE, somebody_waits(&platform))
            .await
            .unwrap();
        // Of another matter, so that no count of the other hearing is waited for.
        let other = Told {
            topic: "food",
            product: "delta",
            ..complaint()
        };
        let refused = platform.hear(&SaidByCustomers, &[platform.told_as(other)]).await;
        let Err(ConsumeError::Retry(refused)) = refused else {
            panic!("{refused:?}");
        };
        assert!(refused.to_string().contains("at the same time"), "{refused}");
        hearing.commit().await.unwrap();
    };
    let (united, ()) = tokio::join!(merge, meanwhile);
    united.unwrap();
    assert_eq!(platform.later(&survivor).await, (1, 0, 1, 1));
}

#[tokio::test]
async fn what_came_later_to_a_merged_issue_came_later_to_the_one_that_goes_on() {
    let platform = Platform::start().await;
    let survivor = platform.reported(1, "").await;
    let merged = platform.reported(1, "united").await;
    let (one, other) = (
        complaint(),
        Told {
            product: "delta",
            ..complaint()
        },
    );
    platform.hear_said(&[one, other]).await;
    platform
        .merge_as((merged.issue_id, survivor.issue_id), once("MergeIssues"))
        .await
        .unwrap();
    assert_eq!(platform.later(&survivor).await, (2, 0, 2, 2));
    assert_eq!(
        platform.later(&merged).await,
        (1, 0, 1, 1),
        "it keeps what it had"
    );
    let found = platform
        .trace_of(From::Feedback(one.feedback_id), false)
        .await
        .unwrap();
    assert_eq!(found.issue.issue_id, survivor.issue_id);
    platform.hear_said(&[complaint()]).await;
    assert_eq!(platform.later(&survivor).await, (3, 0, 3, 3));
    assert_eq!(platform.owed_of(&survivor, true).await.len(), 5);
}

/// Until a lock is waited for that is none of a row.
async fn somebody_waits(platform: &Platform) {
    let mut tx = platform.db.platform_tx().await.unwrap();
    let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                                AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    while !sqlx::query_scalar::<_, bool>(waits)
        .fetch_one(&mut *tx)
        .await
        .unwrap()
    {
        tokio::task::yield_now().await;
    }
}
