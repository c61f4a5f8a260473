use std::collections::HashSet;
use std::time::{Duration, Instant};

use attune_api::interactions::v1::{Interaction, RecordInteractionsRequest};
use attune_testkit::{Failure, TestPlatform, violated_fields};
use sqlx::Connection;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::fixture::{list, post, record, stream, told};

#[tokio::test]
async fn a_source_id_that_comes_again_in_a_message_or_a_later_one_is_a_duplicate() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let (acme, now) = (platform.tenant("acme"), platform.now());
    let before = record(&acme, post("a", now)).await?;
    let answered = stream(
        &acme,
        vec![
            vec![
                post("b", now),
                post("a", now),
                post("b", now),
                post("", now),
                post("", now),
            ],
            vec![post("b", now), post("c", now)],
            vec![],
        ],
    )
    .await?;
    let duplicates: Vec<Vec<bool>> = answered
        .iter()
        .map(|results| results.iter().map(|result| result.duplicate).collect())
        .collect();
    assert_eq!(
        duplicates,
        [vec![false, true, true, false, false], vec![true, false], vec![]]
    );
    assert_eq!(answered[0][1].interaction_id, before.interaction_id);
    assert_eq!(answered[0][0].interaction_id, answered[0][2].interaction_id);
    assert_eq!(answered[0][0].interaction_id, answered[1][0].interaction_id);
    assert_ne!(answered[0][3].interaction_id, answered[0][4].interaction_id);
    assert_eq!(list(&acme, "", 0).await?.len(), 5);
    platform.settle().await?;
    assert_eq!(told(&acme).await?.len(), 5);
    Ok(())
}

#[tokio::test]
async fn a_bad_one_is_refused_alone_with_what_is_wrong() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let (acme, now) = (platform.tenant("acme"), platform.now());
    let bad = Interaction {
        channel: String::new(),
        occurred_at: None,
        ..post("b", now)
    };
    let answered = stream(&acme, vec![vec![post("a", now), bad, post("c", now)]]).await?;
    let [good, refused, also_good] = answered[0].as_slice() else {
        panic!("three results")
    };
    assert!(good.problems.is_empty() && also_good.problems.is_empty());
    assert!(refused.interaction_id.is_empty() && !refused.duplicate);
    let fields: Vec<_> = refused
        .problems
        .iter()
        .map(|problem| problem.field.as_str())
        .collect();
    assert_eq!(fields, ["channel", "occurred_at"]);
    assert!(
        refused
            .problems
            .iter()
            .all(|problem| problem.description.starts_with("must "))
    );
    assert_eq!(list(&acme, "", 0).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_message_of_500_is_recorded_and_one_of_501_is_refused_whole() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let (acme, now) = (platform.tenant("acme"), platform.now());
    let posts = |from: usize, to: usize| (from..to).map(|n| post(&n.to_string(), now)).collect::<Vec<_>>();
    let answered = stream(&acme, vec![posts(0, 500)]).await?;
    assert_eq!(answered[0].iter().filter(|result| !result.duplicate).count(), 500);
    let refused = stream(&acme, vec![posts(1000, 1501)]).await.unwrap_err();
    assert_eq!(
        (refused.code(), violated_fields(&refused)),
        (Code::InvalidArgument, vec!["interactions".into()])
    );
    assert_eq!(list(&acme, "", 200).await?.len(), 500);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_send_the_same_at_once_record_each_once_and_block_nobody() -> Result<(), Failure> {
    const DISTINCT: usize = 600;
    let platform = TestPlatform::start().await?;
    let (acme, now) = (platform.tenant("acme"), platform.now());
    let streams = (0..4).map(|n: usize| {
        let mut order: Vec<usize> = (0..DISTINCT).collect();
        order.rotate_left(n * 137);
        if n % 2 == 1 {
            order.reverse();
        }
        let messages = order
            .chunks(60)
            .map(|part| part.iter().map(|id| post(&id.to_string(), now)).collect());
        let (acme, messages) = (acme.clone(), messages.collect());
        tokio::spawn(async move {
            stream(&acme, messages)
                .await
                .map(|answered| (order, answered.concat()))
        })
    });
    let (mut new, mut ids) = (0, vec![HashSet::new(); DISTINCT]);
    for answered in futures::future::join_all(streams).await {
        let (order, results) = answered??;
        for (id, result) in order.into_iter().zip(results) {
            new += usize::from(!result.duplicate);
            ids[id].insert(result.interaction_id);
        }
    }
    assert_eq!(new, DISTINCT, "each is new to one stream");
    assert!(
        ids.iter().all(|ids| ids.len() == 1),
        "all streams learn the same id"
    );
    assert_eq!(list(&acme, "", 200).await?.len(), DISTINCT);
    platform.settle().await?;
    assert_eq!(told(&acme).await?.len(), DISTINCT);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_waits_on_a_server_that_stops_ends_as_unavailable() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let (acme, now) = (platform.tenant("acme"), platform.now());
    let (sender, messages) = mpsc::channel(1);
    let mut responses = acme
        .interactions()
        .record_interactions(ReceiverStream::new(messages))
        .await?
        .into_inner();
    sender
        .send(RecordInteractionsRequest {
            interactions: vec![post("a", now)],
        })
        .await?;
    assert_eq!(responses.message().await?.unwrap().results.len(), 1);
    let stopping = tokio::spawn(platform.stop());
    let ended = tokio::time::timeout(Duration::from_secs(30), responses.message())
        .await?
        .unwrap_err();
    assert_eq!(ended.code(), Code::Unavailable, "{ended}");
    drop(responses);
    stopping.await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_at_work_on_a_server_that_stops_fails_and_keeps_what_was_answered() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let (acme, now) = (platform.tenant("acme"), platform.now());
    let (sender, messages) = mpsc::channel(1);
    let mut responses = acme
        .interactions()
        .record_interactions(ReceiverStream::new(messages))
        .await?
        .into_inner();
    let message = move |n: u32| RecordInteractionsRequest {
        interactions: (0..50).map(|i| post(&format!("{n}-{i}"), now)).collect(),
    };
    sender.send(message(0)).await?;
    let mut answered: Vec<_> = responses.message().await?.unwrap().results;
    // A sender that never pauses, so that the stop finds the stream at work.
    let sending = tokio::spawn(async move {
        let mut n = 1;
        while sender.send(message(n)).await.is_ok() {
            n += 1;
        }
    });
    let stopping = tokio::spawn(platform.stop());
    let ended = loop {
        match tokio::time::timeout(Duration::from_secs(30), responses.message()).await? {
            Ok(Some(response)) => answered.extend(response.results),
            Ok(None) => panic!("the stream ended as if all had been taken"),
            Err(status) => break status,
        }
    };
    // Who still writes when the connection closes may read the broken connection instead of the answer before it.
    assert!(
        matches!(ended.code(), Code::Unavailable | Code::Unknown),
        "{ended}"
    );
    drop(responses);
    sending.await?;
    let database = stopping.await?;
    let mut connection = sqlx::PgConnection::connect(database.url()).await?;
    let ids: Vec<uuid::Uuid> = answered
        .iter()
        .map(|result| result.interaction_id.parse())
        .collect::<Result<_, _>>()?;
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM interactions.interaction WHERE interaction_id = ANY($1)")
            .bind(&ids)
            .fetch_one(&mut connection)
            .await?;
    assert_eq!(usize::try_from(kept)?, ids.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_stream_is_recorded_whole() -> Result<(), Failure> {
    const ALL: usize = 20_000;
    let platform = TestPlatform::start().await?;
    let (acme, now) = (platform.tenant("acme"), platform.now());
    // Without text, so that what is measured is recording and not the understanding that goes on beside it.
    let quiet = |n: usize| Interaction {
        text: String::new(),
        ..post(&n.to_string(), now)
    };
    let messages: Vec<Vec<_>> = (0..ALL / 500)
        .map(|m| (m * 500..(m + 1) * 500).map(quiet).collect())
        .collect();
    let start = Instant::now();
    let answered = stream(&acme, messages).await?.concat();
    let took = start.elapsed();
    println!(
        "{:.0} interactions/s ({ALL} in {took:?})",
        ALL as f64 / took.as_secs_f64()
    );
    let ids: HashSet<_> = answered.iter().map(|result| &result.interaction_id).collect();
    assert_eq!(ids.len(), ALL);
    assert!(
        answered
            .iter()
            .all(|result| !result.duplicate && result.problems.is_empty())
    );
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM interactions.interaction")
        .fetch_one(platform.admin())
        .await?;
    assert_eq!(usize::try_from(stored)?, ALL);
    Ok(())
}
