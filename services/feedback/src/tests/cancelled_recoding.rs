//! A recoding that was cancelled is as if it had never begun.

use std::time::Duration;

use attune_rpc::{Reason, RequestKey};
use chrono::TimeDelta;
use uuid::Uuid;

use super::recoding::{NOON, begin, codings, counted, has, history, progress, recode, turn_around, worker};
use super::{Bench, CANCELLED, instant, said};
use crate::commands;
use crate::commands::recoding::Cancel;
use crate::domain::Recoding;
use crate::error::Error;

async fn cancel(bench: &Bench, recoding_id: Uuid) -> Result<Recoding, Error> {
    let cancel = Cancel {
        recoding_id,
        reason: "the gate is no cancellation".into(),
        by: "bob".into(),
        key: RequestKey {
            method: "CancelRecoding",
            request_id: None,
            hash: [3; 32],
        },
    };
    commands::recoding::cancel(&bench.db, &bench.tenant, cancel).await
}

async fn finish(bench: &Bench) {
    let worker = worker(bench);
    while worker.step().await.unwrap() > 0 {}
}

/// Everything that is kept of codings, as text: which stand, which are beside them, and all counts of both.
async fn state(bench: &Bench) -> Vec<String> {
    let mut state: Vec<String> = sqlx::query_scalar(
        "SELECT concat_ws(' ', 'stands', feedback_id, taxonomy_version, topics) FROM feedback.feedback
         WHERE tenant_id = $1
         UNION ALL SELECT concat_ws(' ', 'beside', feedback_id, taxonomy_version, topics) FROM feedback.coding
         WHERE tenant_id = $1
         UNION ALL SELECT concat_ws(' ', 'mention', feedback_id, topic_id, non_positive, sentiment)
         FROM feedback.topic_mention WHERE tenant_id = $1
         UNION ALL SELECT concat_ws(' ', 'slice', grain, topic_id, start, taxonomy_version, feedback, judged, negative,
             non_positive, mention_judged, mention_negative)
         FROM feedback.coded_slice_count WHERE tenant_id = $1 AND feedback > 0
         UNION ALL SELECT concat_ws(' ', 'version', grain, topic_id, start, taxonomy_version, feedback)
         FROM feedback.slice_count WHERE tenant_id = $1 AND feedback > 0
         ORDER BY 1",
    )
    .bind(bench.tenant.as_str())
    .fetch_all(&bench.admin)
    .await
    .unwrap();
    state.extend(bench.counts().await);
    state
}

const NOTED: &str = "SELECT count(*) FROM feedback.recoded WHERE tenant_id = $1";

#[tokio::test]
async fn the_former_coding_stands_again_with_all_its_counts_and_it_is_known_who_cancelled_and_why() {
    let bench = Bench::at(NOON).await;
    bench.submit_many(history(1_100)).await;
    turn_around(&bench).await;
    let (before, counts) = (state(&bench).await, counted(&bench, "cancellation", None).await);
    let id = begin(&bench, None).await.unwrap().recoding_id;
    worker(&bench).step().await.unwrap();
    worker(&bench).step().await.unwrap();
    assert_eq!(progress(&bench, id).await.processed, 1_000);
    assert_ne!(counted(&bench, "cancellation", None).await, counts);

    let cancelled = cancel(&bench, id).await.unwrap();
    assert!(cancelled.ended_at.is_none(), "it is given back a part at a time");
    finish(&bench).await;
    let ended = progress(&bench, id).await;
    let by = ended.cancelled.unwrap();
    assert_eq!(
        (by.by.as_str(), by.reason.as_str(), by.at),
        ("bob", "the gate is no cancellation", instant(NOON))
    );
    assert_eq!(
        (ended.processed, ended.restored, ended.ended_at.is_some()),
        (1_000, 1_000, true)
    );
    assert_eq!(state(&bench).await, before);
    assert_eq!(counted(&bench, "cancellation", None).await, counts);
    // Once more changes nothing, and it can begin anew.
    assert_eq!(cancel(&bench, id).await.unwrap().restored, 1_000);
    finish(&bench).await;
    assert_eq!(state(&bench).await, before);
    let done = recode(&bench, None).await;
    assert_eq!((done.processed, done.known), (1_100, 0));
}

#[tokio::test]
async fn a_worker_that_is_killed_while_it_gives_back_leaves_no_half_of_it() {
    let bench = Bench::at(NOON).await;
    bench.submit_many(history(850)).await;
    turn_around(&bench).await;
    let before = state(&bench).await;
    let id = begin(&bench, None).await.unwrap().recoding_id;
    // Cancelled in the middle of a step, which is then not kept.
    let step = worker(&bench);
    let (_, cancelled) = tokio::join!(step.step(), async {
        tokio::time::timeout(Duration::from_secs(20), cancel(&bench, id)).await
    });
    cancelled.unwrap().unwrap();
    for millis in [1, 5, 20, 60] {
        let dying = worker(&bench).with_longest_lease(Some(Duration::ZERO));
        drop(tokio::time::timeout(Duration::from_millis(millis), dying.step()).await);
    }
    for _ in 0..100 {
        if progress(&bench, id).await.ended_at.is_some() {
            break;
        }
        worker(&bench).step().await.unwrap();
        bench.hand.advance(TimeDelta::minutes(5));
    }
    let ended = progress(&bench, id).await;
    assert!(ended.ended_at.is_some());
    assert_eq!(ended.restored, ended.processed);
    assert_eq!(state(&bench).await, before);
    assert_eq!(bench.number(NOTED).await, 0);
}

#[tokio::test]
async fn what_another_recoding_counts_on_is_kept_and_what_is_done_cannot_be_cancelled() {
    let bench = Bench::at(NOON).await;
    bench.submit_many(history(600)).await;
    turn_around(&bench).await;
    let first = begin(&bench, None).await.unwrap().recoding_id;
    worker(&bench).step().await.unwrap();
    // The second finds 500 coded by the first, and goes on to the end.
    let second = begin(&bench, None).await.unwrap().recoding_id;
    cancel(&bench, first).await.unwrap();
    // What the first is given back and what the second goes through meet in any order.
    finish(&bench).await;
    let (first, second) = (progress(&bench, first).await, progress(&bench, second).await);
    assert!(first.cancelled.is_some() && first.ended_at.is_some());
    assert_eq!((second.processed, second.ended_at.is_some()), (600, true));
    assert_eq!(counted(&bench, "cancellation", None).await, (150, 600));
    let one = codings(&bench, bench.first_feedback().await).await;
    assert!(one[0].taxonomy_version == 1 && one[0].standing && !has(&one[0], "cancellation"));
    assert_eq!(bench.number(NOTED).await, 0, "nothing is noted of what is done");
    let refused = cancel(&bench, second.recoding_id).await.unwrap_err();
    assert_eq!(attune_rpc::Error::from(refused).reason(), Reason::WrongState);
    let unknown = cancel(&bench, Uuid::now_v7()).await.unwrap_err();
    assert_eq!(attune_rpc::Error::from(unknown).reason(), Reason::NotFound);
}

#[tokio::test]
async fn feedback_that_had_that_coding_before_or_came_meanwhile_keeps_it() {
    let bench = Bench::at(NOON).await;
    bench.submit_many(history(40)).await;
    turn_around(&bench).await;
    let late = bench
        .submit_many(vec![said(CANCELLED, "North", instant("2026-02-28T00:00:00Z"))])
        .await;
    let before = state(&bench).await;
    let id = begin(&bench, None).await.unwrap().recoding_id;
    cancel(&bench, id).await.unwrap();
    finish(&bench).await;
    assert_eq!(progress(&bench, id).await.restored, 0, "it had not begun");
    assert_eq!(state(&bench).await, before);
    let kept = codings(&bench, late[0].feedback_id).await;
    assert_eq!((kept.len(), kept[0].taxonomy_version), (1, 1));
}

impl Bench {
    async fn first_feedback(&self) -> Uuid {
        sqlx::query_scalar(
            "SELECT feedback_id FROM feedback.feedback WHERE tenant_id = $1 ORDER BY occurred_at LIMIT 1",
        )
        .bind(self.tenant.as_str())
        .fetch_one(&self.admin)
        .await
        .unwrap()
    }
}
