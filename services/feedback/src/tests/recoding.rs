//! Coding history with another version of the taxonomy.

use std::time::{Duration, Instant};

use attune_api::feedback::v1 as pb;
use attune_rpc::{Reason, RequestKey, timestamp};
use attune_timers::Worker;
use chrono::TimeDelta;
use uuid::Uuid;

use super::topic::{change, put_below};
use super::{Bench, CANCELLED, LATE, PLAIN, by, instant, minutes, said};
use crate::commands::recoding::Recode;
use crate::commands::topic::Change;
use crate::domain::{Coding, Draft, Recoding, Window};
use crate::error::Error;
use crate::timers;
use crate::{commands, convert};

const START: &str = "2026-02-20T00:00:00Z";
pub(super) const NOON: &str = "2026-03-01T12:00:00Z";

pub(super) fn worker(bench: &Bench) -> Worker {
    let recode = timers::recode::Recode::new(bench.db.clone(), bench.reader.clone());
    Worker::new(bench.db.clone(), recode)
}

pub(super) async fn begin(bench: &Bench, version: Option<i64>) -> Result<Recoding, Error> {
    let recode = Recode {
        window: Window {
            start: instant("2026-02-01T00:00:00Z"),
            end: instant("2026-03-10T00:00:00Z"),
        },
        version,
        author: "ann".into(),
        key: RequestKey {
            method: "RecodeFeedback",
            request_id: None,
            hash: [2; 32],
        },
    };
    commands::recoding::begin(&bench.db, &bench.tenant, recode).await
}

async fn alive_step(bench: &Bench) {
    worker(bench).step().await.unwrap();
}

pub(super) async fn progress(bench: &Bench, id: Uuid) -> Recoding {
    commands::recoding::get(&bench.db, &bench.tenant, id)
        .await
        .unwrap()
}

/// Codes all that was said in February and the first days of March, and answers what came of it.
pub(super) async fn recode(bench: &Bench, version: Option<i64>) -> Recoding {
    let id = begin(bench, version).await.unwrap().recoding_id;
    let worker = worker(bench);
    while worker.step().await.unwrap() > 0 {}
    progress(bench, id).await
}

/// Somebody else each time, a quarter of an hour apart; half complain of a cancellation.
pub(super) fn history(count: i64) -> Vec<Draft> {
    let texts = [CANCELLED, PLAIN, CANCELLED, LATE];
    let draft = |i: i64| {
        let text = texts[usize::try_from(i % 4).unwrap()];
        let person = Uuid::from_u128(u128::try_from(i).unwrap() + 1);
        by(person, said(text, "North", instant(START) + minutes(i * 15)))
    };
    (0..count).map(draft).collect()
}

/// From now on the gate is a cancellation, and a cancelled flight is none.
pub(super) async fn turn_around(bench: &Bench) {
    let words = Change {
        keywords: Some(vec!["gate".into()]),
        ..Change::default()
    };
    change(bench, "cancellation", words).await.unwrap();
}

async fn share(bench: &Bench, topic_id: &str, version: Option<i64>) -> pb::QueryMetricResponse {
    let request = pb::QueryMetricRequest {
        metric: "topic_share".into(),
        slice: Some(pb::Slice {
            topic_id: topic_id.into(),
            ..pb::Slice::default()
        }),
        start: Some(timestamp(instant(START))),
        end: Some(timestamp(instant(NOON))),
        taxonomy_version: version,
        ..pb::QueryMetricRequest::default()
    };
    let (measure, version) = convert::metric::query(&request).unwrap();
    let answered = commands::metric::query(&bench.db, &bench.tenant, &measure, version).await;
    convert::metric::answer_to_proto(answered.unwrap())
}

/// How many mention the topic, of how many.
pub(super) async fn counted(bench: &Bench, topic_id: &str, version: Option<i64>) -> (i64, i64) {
    let answer = share(bench, topic_id, version).await;
    (answer.values[0].count, answer.values[0].n)
}

pub(super) async fn codings(bench: &Bench, feedback_id: Uuid) -> Vec<Coding> {
    commands::recoding::codings(&bench.db, &bench.tenant, feedback_id)
        .await
        .unwrap()
}

pub(super) fn has(coding: &Coding, topic_id: &str) -> bool {
    coding.topics.iter().any(|topic| topic.topic_id == topic_id)
}

#[tokio::test]
async fn history_keeps_its_codings_beside_the_new_one_which_stands() {
    let bench = Bench::at(NOON).await;
    let recorded = bench.submit_many(history(40)).await;
    turn_around(&bench).await;
    assert_eq!(
        counted(&bench, "cancellation", None).await,
        (20, 40),
        "nothing changes by itself"
    );
    let done = recode(&bench, None).await;
    assert_eq!(
        (done.taxonomy_version, done.total, done.processed, done.known),
        (1, 40, 40, 0)
    );
    assert_eq!(
        (done.changed, done.ended_at.is_some()),
        (30, true),
        "the late ones were not touched"
    );
    assert_eq!(counted(&bench, "cancellation", None).await, (10, 40));
    assert_eq!(counted(&bench, "cancellation", Some(1)).await, (10, 40));
    assert_eq!(counted(&bench, "cancellation", Some(0)).await, (20, 40));
    let first = codings(&bench, recorded[0].feedback_id).await;
    let told: Vec<_> = first
        .iter()
        .map(|coding| {
            (
                coding.taxonomy_version,
                coding.standing,
                has(coding, "cancellation"),
            )
        })
        .collect();
    assert_eq!(told, [(1, true, false), (0, false, true)]);
    // Lists and who was hit go by what stands.
    let mentions =
        "SELECT count(*) FROM feedback.topic_mention WHERE tenant_id = $1 AND topic_id = 'cancellation'";
    assert_eq!(bench.number(mentions).await, 10);
}

#[tokio::test]
async fn an_older_version_is_coded_beside_what_stands_and_twice_changes_nothing() {
    let bench = Bench::at(NOON).await;
    turn_around(&bench).await;
    bench.submit_many(history(40)).await;
    assert_eq!(counted(&bench, "cancellation", Some(0)).await, (0, 0));
    let answer = share(&bench, "cancellation", Some(0)).await.taxonomy.unwrap();
    assert_eq!(answer.uncoded, 40);
    assert!(answer.note.contains("no coding of version 0"));
    recode(&bench, Some(0)).await;
    assert_eq!(counted(&bench, "cancellation", Some(0)).await, (20, 40));
    assert_eq!(counted(&bench, "cancellation", None).await, (10, 40));
    let again = recode(&bench, Some(0)).await;
    assert_eq!((again.processed, again.known, again.changed), (40, 40, 0));
    assert_eq!(counted(&bench, "cancellation", Some(0)).await, (20, 40));
}

#[tokio::test]
async fn a_number_says_what_it_was_coded_with_and_where_codings_meet() {
    let bench = Bench::at("2026-02-25T00:00:00Z").await;
    bench.submit_many(history(40)).await;
    turn_around(&bench).await;
    // A version that does not touch the topic is no other coding of it.
    put_below(&bench, "refund", "billing").await.unwrap();
    bench.hand.advance_to(instant("2026-02-26T00:00:00Z"));
    let later = |draft: Draft| Draft {
        occurred_at: draft.occurred_at + TimeDelta::days(6),
        ..draft
    };
    bench
        .submit_many(history(40).into_iter().map(later).collect())
        .await;
    let crossing = share(&bench, "cancellation", None).await.taxonomy.unwrap();
    assert!(crossing.crosses_versions && crossing.note.contains("more than one way"));
    let codings: Vec<_> = crossing
        .codings
        .iter()
        .map(|coding| (coding.version, coding.feedback))
        .collect();
    assert_eq!((crossing.version, codings), (2, vec![(0, 40), (1, 40)]));
    let untouched = share(&bench, "delay", None).await.taxonomy.unwrap();
    assert!(!untouched.crosses_versions && untouched.note.is_empty());
    recode(&bench, None).await;
    let alike = share(&bench, "cancellation", None).await.taxonomy.unwrap();
    assert!(!alike.crosses_versions, "{alike:?}");
    assert_eq!((alike.codings[0].version, alike.codings[0].feedback), (1, 80));
}

#[tokio::test]
async fn a_worker_that_is_killed_leaves_its_step_to_the_next() {
    let bench = Bench::at(NOON).await;
    bench.submit_many(history(850)).await;
    turn_around(&bench).await;
    let id = begin(&bench, None).await.unwrap().recoding_id;
    // Cut off in the middle of a step, at a different place each time; the lease is over at once.
    for millis in [1, 5, 20, 60] {
        let dying = worker(&bench).with_longest_lease(Some(Duration::ZERO));
        drop(tokio::time::timeout(Duration::from_millis(millis), dying.step()).await);
    }
    // Two at once, one of which has lost its lease before it begins.
    let dead = worker(&bench).with_longest_lease(Some(Duration::ZERO));
    let alive = worker(&bench).with_longest_lease(Some(Duration::from_secs(2)));
    let (dead, alive) = tokio::join!(dead.step(), alive.step());
    assert!(dead.is_ok() && alive.is_ok());
    // What failed rests for a while, and a lease that could not be given back ends by the database's own time.
    let patience = Instant::now() + Duration::from_mins(1);
    while progress(&bench, id).await.ended_at.is_none() && Instant::now() < patience {
        alive_step(&bench).await;
        bench.hand.advance(TimeDelta::minutes(5));
    }
    let done = progress(&bench, id).await;
    assert_eq!((done.processed, done.total, done.known), (850, 850, 0));
    let (count, n) = counted(&bench, "cancellation", None).await;
    assert_eq!((count, n), (213, 850));
}

#[tokio::test]
async fn a_recoding_needs_a_version_that_there_is_and_only_so_many_go_on() {
    let bench = Bench::at(NOON).await;
    let refused = async |version| attune_rpc::Error::from(begin(&bench, version).await.unwrap_err()).reason();
    assert_eq!(refused(Some(1)).await, Reason::NotFound);
    for _ in 0..20 {
        begin(&bench, Some(0)).await.unwrap();
    }
    assert_eq!(refused(None).await, Reason::LimitReached);
    let worker = worker(&bench);
    while worker.step().await.unwrap() > 0 {}
    begin(&bench, None).await.unwrap();
}
