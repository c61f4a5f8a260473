//! What is new, as it comes: over real streams, with readers who are quick, slow, gone or somebody else.

use std::collections::BTreeSet;
use std::time::Duration;

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::feedback_service_client::FeedbackServiceClient;
use attune_api::feedback::v1::metric_service_client::MetricServiceClient;
use attune_server::PeerConfig;
use prost_types::Timestamp;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status, Streaming};

use crate::alone::{Alone, NOON};

/// How long anything may take that is bound to come.
const PATIENCE: Duration = Duration::from_mins(1);

fn rated(kind: pb::RatingKind, value: i32, product: &str) -> pb::Feedback {
    pb::Feedback {
        channel: "app".into(),
        product: product.into(),
        rating: Some(pb::Rating {
            kind: kind.into(),
            value,
        }),
        occurred_at: Some(Timestamp {
            seconds: NOON - 60,
            nanos: 0,
        }),
        ..pb::Feedback::default()
    }
}

/// Submits in messages of 500; answers the ids.
async fn submit(alone: &Alone, tenant: &str, feedback: Vec<pb::Feedback>) -> Vec<String> {
    let mut client = FeedbackServiceClient::new(alone.as_user(tenant, "feedback.write"));
    let messages: Vec<_> = feedback
        .chunks(500)
        .map(|part| pb::SubmitFeedbackStreamRequest {
            feedback: part.to_vec(),
        })
        .collect();
    let answers = client
        .submit_feedback_stream(futures::stream::iter(messages))
        .await;
    let mut answers = answers.unwrap().into_inner();
    let mut ids = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        ids.extend(answer.results.into_iter().map(|result| result.feedback_id));
    }
    ids
}

async fn open(
    alone: &Alone,
    tenant: &str,
    request: pb::WatchFeedbackRequest,
) -> Result<Streaming<pb::WatchFeedbackResponse>, Status> {
    let mut client = FeedbackServiceClient::new(alone.as_user(tenant, "feedback.read"));
    Ok(client.watch_feedback(request).await?.into_inner())
}

/// The same for a reader whose window holds little.
async fn open_narrow(alone: &Alone, tenant: &str) -> Streaming<pb::WatchFeedbackResponse> {
    const WINDOW: u32 = 64 << 10;
    let channel = Endpoint::from_shared(format!("http://{}", alone.running.address()))
        .unwrap()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .connect_lazy();
    let mut request = Request::new(pb::WatchFeedbackRequest::default());
    let bearer = format!("Bearer {}", alone.token(tenant, "feedback.read"));
    request
        .metadata_mut()
        .insert("authorization", bearer.parse().unwrap());
    let opened = FeedbackServiceClient::new(channel).watch_feedback(request).await;
    opened.unwrap().into_inner()
}

async fn next<T>(stream: &mut Streaming<T>) -> Result<T, Status> {
    let next = tokio::time::timeout(PATIENCE, stream.message()).await;
    next.unwrap()?
        .ok_or_else(|| Status::unknown("the stream ended without a reason"))
}

/// What a stream tells until it has told `count` pieces.
async fn read(stream: &mut Streaming<pb::WatchFeedbackResponse>, count: usize) -> (Vec<String>, String) {
    let (mut ids, mut through) = (Vec::new(), String::new());
    while ids.len() < count {
        let response = next(stream).await.unwrap();
        assert_eq!(response.gap, None);
        ids.extend(response.feedback.into_iter().map(|piece| piece.feedback_id));
        through = response.through;
    }
    (ids, through)
}

#[tokio::test]
async fn new_feedback_comes_in_order_and_another_tenants_does_not() {
    let alone = Alone::start().await;
    let mut early = open(&alone, "acme", pb::WatchFeedbackRequest::default())
        .await
        .unwrap();
    next(&mut early).await.unwrap();
    let before = submit(&alone, "acme", vec![rated(pb::RatingKind::Nps, 9, "before")]).await;
    assert_eq!(read(&mut early, 1).await.0, before);
    let mut acme = open(&alone, "acme", pb::WatchFeedbackRequest::default())
        .await
        .unwrap();
    let mut globex = open(&alone, "globex", pb::WatchFeedbackRequest::default())
        .await
        .unwrap();
    let begins = next(&mut acme).await.unwrap();
    assert!(begins.feedback.is_empty() && !begins.through.is_empty());
    next(&mut globex).await.unwrap();
    let foreign = submit(&alone, "globex", vec![rated(pb::RatingKind::Nps, 1, "North")]).await;
    let mut own = submit(&alone, "acme", vec![rated(pb::RatingKind::Nps, 3, "North")]).await;
    own.extend(submit(&alone, "acme", vec![rated(pb::RatingKind::Nps, 4, "South")]).await);
    assert_eq!(read(&mut acme, 2).await.0, own);
    assert_eq!(read(&mut globex, 1).await.0, foreign);
}

#[tokio::test]
async fn a_filter_shows_what_fits_and_the_text_as_it_is_stored() {
    let alone = Alone::start().await;
    let request = pb::WatchFeedbackRequest {
        slice: Some(pb::Slice {
            product: "North".into(),
            topic_id: "cancellation".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut watched = open(&alone, "acme", request).await.unwrap();
    next(&mut watched).await.unwrap();
    let said = |text: &str, product: &str| pb::Feedback {
        text: text.into(),
        rating: None,
        ..rated(pb::RatingKind::Nps, 0, product)
    };
    let submitted = vec![
        said("thank you, great crew!", "North"),
        said("you cancelled my flight, awful", "South"),
        said("you cancelled my flight, awful", "North"),
    ];
    let ids = submit(&alone, "acme", submitted).await;
    let fitting = next(&mut watched).await.unwrap().feedback;
    assert_eq!(fitting.len(), 1);
    assert_eq!(
        (&fitting[0].feedback_id, fitting[0].text.as_str()),
        (&ids[2], "you cancelled my flight, awful")
    );
    let mut client = FeedbackServiceClient::new(alone.as_user("acme", "feedback.read"));
    let request = pb::GetFeedbackRequest {
        feedback_id: ids[2].clone(),
    };
    let stored = client.get_feedback(request).await.unwrap().into_inner().feedback;
    assert_eq!(stored.as_ref(), fitting.first());
}

#[tokio::test]
async fn a_stream_goes_on_where_the_one_before_ended() {
    let alone = Alone::start().await;
    let mut first = open(&alone, "acme", pb::WatchFeedbackRequest::default())
        .await
        .unwrap();
    next(&mut first).await.unwrap();
    let scores = |count| {
        (0..count)
            .map(|score| rated(pb::RatingKind::Nps, score % 11, "North"))
            .collect()
    };
    submit(&alone, "acme", scores(30)).await;
    let (_, through) = read(&mut first, 30).await;
    drop(first);
    let mut missed = submit(&alone, "acme", scores(1_700)).await;
    let request = pb::WatchFeedbackRequest {
        after: through,
        ..Default::default()
    };
    let mut second = open(&alone, "acme", request).await.unwrap();
    let (read_again, _) = read(&mut second, 1_700).await;
    assert_eq!(read_again, missed, "all of it is stored, so nothing is missed");
    missed = submit(&alone, "acme", scores(1)).await;
    assert_eq!(read(&mut second, 1).await.0, missed, "and then what is new");
    for (after, code) in [
        ("nonsense", Code::InvalidArgument),
        ("AAAA", Code::InvalidArgument),
    ] {
        let request = pb::WatchFeedbackRequest {
            after: after.into(),
            ..Default::default()
        };
        assert_eq!(
            open(&alone, "acme", request).await.unwrap_err().code(),
            code,
            "{after}"
        );
    }
}

#[tokio::test]
async fn a_slow_reader_is_told_what_it_missed_and_can_read_it_later() {
    let alone = Alone::start().await;
    let mut slow = open_narrow(&alone, "acme").await;
    next(&mut slow).await.unwrap();
    // More than fits the reader's window, the server's buffers and what is kept for all readers.
    let long = |number: usize| pb::Feedback {
        source_id: format!("{number}-{}", "x".repeat(190)),
        product: "N".repeat(100),
        ..rated(pb::RatingKind::Nps, 5, "")
    };
    let all: BTreeSet<String> = submit(&alone, "acme", (0..4_000).map(long).collect())
        .await
        .into_iter()
        .collect();
    assert_eq!(all.len(), 4_000);
    let (mut seen, mut gaps) = (BTreeSet::new(), Vec::new());
    let mut missed = 0;
    while seen.len() + missed < all.len() {
        let response = next(&mut slow).await.unwrap();
        seen.extend(response.feedback.into_iter().map(|piece| piece.feedback_id));
        if let Some(gap) = response.gap {
            missed += usize::try_from(gap.missed).unwrap();
            gaps.push(gap);
        }
    }
    assert!(
        missed > 0 && seen.len() > 20,
        "{missed} missed, {} seen",
        seen.len()
    );
    assert_eq!(
        seen.len() + missed,
        all.len(),
        "what was missed is counted exactly"
    );
    for gap in gaps {
        let request = pb::WatchFeedbackRequest {
            after: gap.after,
            ..Default::default()
        };
        let mut again = open(&alone, "acme", request).await.unwrap();
        let mut found: Vec<String> = Vec::new();
        while found.len() < usize::try_from(gap.missed).unwrap() {
            found.extend(
                next(&mut again)
                    .await
                    .unwrap()
                    .feedback
                    .into_iter()
                    .map(|piece| piece.feedback_id),
            );
        }
        found.truncate(usize::try_from(gap.missed).unwrap());
        assert!(
            found.iter().all(|id| !seen.contains(id)),
            "a gap holds nothing that was seen"
        );
        seen.extend(found);
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_tenant_has_so_many_streams_and_one_that_is_left_makes_room() {
    let own = attune_feedback::Config {
        watches_per_tenant: 2,
        ..attune_feedback::Config::default()
    };
    let alone = Alone::start_as(own, PeerConfig::default()).await;
    let watch = || open(&alone, "acme", pb::WatchFeedbackRequest::default());
    let mut first = watch().await.unwrap();
    next(&mut first).await.unwrap();
    let mut numbers = metrics(&alone, "acme", request("")).await.unwrap();
    next(&mut numbers).await.unwrap();
    let refused = watch().await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("2 streams"), "{refused:?}");
    assert!(
        open(&alone, "globex", pb::WatchFeedbackRequest::default())
            .await
            .is_ok(),
        "another tenant has its own"
    );
    drop(first);
    let again = async {
        while watch().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_the_process() {
    let alone = Alone::start().await;
    let brief = alone.as_user_for("acme", "feedback.read", Duration::from_secs(1));
    let mut client = FeedbackServiceClient::new(brief);
    let mut expiring = client
        .watch_feedback(pb::WatchFeedbackRequest::default())
        .await
        .unwrap()
        .into_inner();
    let mut staying = open(&alone, "acme", pb::WatchFeedbackRequest::default())
        .await
        .unwrap();
    let mut numbers = metrics(&alone, "acme", request("")).await.unwrap();
    let end = loop {
        if let Err(status) = next(&mut expiring).await {
            break status;
        }
    };
    assert_eq!(end.code(), Code::Unauthenticated);
    next(&mut staying).await.unwrap();
    next(&mut numbers).await.unwrap();
    alone.running.drain().await;
    let end = loop {
        if let Err(status) = next(&mut staying).await {
            break status;
        }
    };
    assert_eq!(end.code(), Code::Unavailable);
    assert_eq!(next(&mut numbers).await.unwrap_err().code(), Code::Unavailable);
}

fn watched(metric: &str, product: &str) -> pb::WatchedMetric {
    pb::WatchedMetric {
        metric: metric.into(),
        slice: Some(pb::Slice {
            product: product.into(),
            ..Default::default()
        }),
        window_hours: 24,
    }
}

fn request(after: &str) -> pb::WatchMetricsRequest {
    pb::WatchMetricsRequest {
        metrics: vec![watched("nps", "North"), watched("csat", "")],
        after: after.into(),
    }
}

async fn metrics(
    alone: &Alone,
    tenant: &str,
    request: pb::WatchMetricsRequest,
) -> Result<Streaming<pb::WatchMetricsResponse>, Status> {
    let mut client = MetricServiceClient::new(alone.as_user(tenant, "feedback.read"));
    Ok(client.watch_metrics(request).await?.into_inner())
}

/// What a query answers for what a stream told.
async fn queried(alone: &Alone, asked: &pb::WatchedMetric, told: &pb::MetricValue) -> pb::MetricValue {
    let mut client = MetricServiceClient::new(alone.as_user("acme", "feedback.read"));
    let request = pb::QueryMetricRequest {
        metric: asked.metric.clone(),
        slice: asked.slice.clone(),
        start: told.start,
        end: told.end,
        step: 0,
        ..pb::QueryMetricRequest::default()
    };
    let mut values = client.query_metric(request).await.unwrap().into_inner().values;
    assert_eq!(values.len(), 1);
    values.remove(0)
}

/// Reads until the number at `index` is made of `n` answers.
async fn until_n(
    stream: &mut Streaming<pb::WatchMetricsResponse>,
    index: i32,
    n: i64,
) -> (pb::MetricValue, String) {
    loop {
        let response = next(stream).await.unwrap();
        let found = response.changes.into_iter().find(|change| change.index == index);
        if let Some(value) = found.and_then(|change| change.value)
            && value.n == n
        {
            return (value, response.through);
        }
    }
}

#[tokio::test]
async fn watched_numbers_are_those_of_a_query_and_are_suppressed_alike() {
    let alone = Alone::start().await;
    let mut stream = metrics(&alone, "acme", request("")).await.unwrap();
    let mut beside = metrics(&alone, "acme", request("")).await.unwrap();
    let first = next(&mut stream).await.unwrap();
    let all: Vec<i32> = first.changes.iter().map(|change| change.index).collect();
    assert_eq!(
        (all, first.gap),
        (vec![0, 1], None),
        "the first response holds all"
    );
    let asked = request("").metrics;

    let few = (0..3).map(|_| rated(pb::RatingKind::Nps, 9, "North")).collect();
    submit(&alone, "acme", few).await;
    let (told, _) = until_n(&mut stream, 0, 3).await;
    assert!(told.value.is_none() && !told.suppressed_reason.is_empty());
    assert_eq!(told, queried(&alone, &asked[0], &told).await);

    let many = (0..200)
        .map(|score| rated(pb::RatingKind::Nps, score % 11, "North"))
        .collect();
    submit(&alone, "acme", many).await;
    submit(&alone, "acme", vec![rated(pb::RatingKind::Nps, 0, "South")]).await;
    submit(&alone, "globex", vec![rated(pb::RatingKind::Nps, 0, "North")]).await;
    let (told, through) = until_n(&mut stream, 0, 203).await;
    assert!(told.value.is_some() && told.low < told.value && told.value < told.high);
    assert_eq!(told, queried(&alone, &asked[0], &told).await);
    assert_eq!(
        until_n(&mut beside, 0, 203).await.0,
        told,
        "computed once for both"
    );

    submit(&alone, "acme", vec![rated(pb::RatingKind::Nps, 0, "North")]).await;
    until_n(&mut stream, 0, 204).await;
    let mut again = metrics(&alone, "acme", request(&through)).await.unwrap();
    let first = next(&mut again).await.unwrap();
    let gap = first.gap.unwrap();
    assert_eq!(
        (gap.missed, gap.after == through, first.changes.len()),
        (0, true, 2)
    );
    let one = |metric: &str| pb::WatchMetricsRequest {
        metrics: vec![watched(metric, "")],
        after: String::new(),
    };
    for (refused, field) in [
        (one("happiness"), "metrics[0].metric"),
        (one("topic_share"), "metrics[0].slice.topic_id"),
        (pb::WatchMetricsRequest::default(), "metrics"),
    ] {
        let error = metrics(&alone, "acme", refused).await.unwrap_err();
        assert!(
            error.code() == Code::InvalidArgument && error.message().contains(field),
            "{field}: {error:?}"
        );
    }
}
