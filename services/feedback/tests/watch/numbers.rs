//! Numbers as they change.

use super::*;

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
