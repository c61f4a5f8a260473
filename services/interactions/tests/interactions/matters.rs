//! What becomes of matters in the company's numbers, two services further.

use attune_api::feedback::v1::{
    MetricValue, QueryMetricRequest, Slice, WatchMetricsRequest, WatchMetricsResponse, WatchedMetric,
};
use attune_api::interactions::v1::{Direction, Interaction};
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::{DateTime, TimeDelta, Utc};
use tonic::Streaming;
use uuid::Uuid;

use crate::fixture::{record, time};

const METRIC: &str = "first_contact_resolution";
/// How long anything may take that is bound to come.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

/// A call of `person` that was over when it was recorded.
fn call(person: Uuid, at: DateTime<Utc>) -> Interaction {
    Interaction {
        profile_id: person.to_string(),
        channel: "phone".into(),
        direction: Direction::Inbound.into(),
        touchpoint: "support.call".into(),
        product: "North".into(),
        agent_id: "7".into(),
        text: "my flight is delayed again, this is awful".into(),
        matter_id: format!("ticket of {person}"),
        occurred_at: Some(time(at)),
        closed_at: Some(time(at)),
        ..Interaction::default()
    }
}

async fn of_the_last_month(
    tenant: &Tenant,
    slice: Slice,
    now: DateTime<Utc>,
) -> Result<MetricValue, Failure> {
    let request = QueryMetricRequest {
        metric: METRIC.into(),
        slice: Some(slice),
        start: Some(time(now - TimeDelta::days(30))),
        end: Some(time(now)),
        ..QueryMetricRequest::default()
    };
    let mut answer = tenant.metrics().query_metric(request).await?.into_inner();
    answer.values.pop().ok_or_else(|| "no value".into())
}

fn agent(agent_id: &str) -> Slice {
    Slice {
        agent_id: agent_id.into(),
        ..Slice::default()
    }
}

fn topic(topic_id: &str) -> Slice {
    Slice {
        topic_id: topic_id.into(),
        ..Slice::default()
    }
}

/// The next number of a stream that `fits`.
async fn shown(
    stream: &mut Streaming<WatchMetricsResponse>,
    fits: impl Fn(&MetricValue) -> bool,
) -> Result<MetricValue, Failure> {
    loop {
        let next = tokio::time::timeout(PATIENCE, stream.message()).await??;
        let changes = next.ok_or("the stream ended")?.changes;
        let mut values = changes.into_iter().filter_map(|change| change.value);
        if let Some(value) = values.find(&fits) {
            return Ok(value);
        }
    }
}

#[tokio::test]
async fn a_matter_counts_as_resolved_at_first_contact_when_nobody_came_again_for_a_week()
-> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let people: Vec<Uuid> = (0..25).map(|_| Uuid::now_v7()).collect();
    for &person in &people {
        record(&acme, call(person, platform.now())).await?;
    }
    platform.settle().await?;
    let value = of_the_last_month(&acme, Slice::default(), platform.now() + TimeDelta::hours(1)).await?;
    assert_eq!((value.n, value.pending, value.value), (0, 25, None));
    let watched = WatchedMetric {
        metric: METRIC.into(),
        slice: Some(Slice {
            product: "North".into(),
            ..Slice::default()
        }),
        window_hours: 24 * 30,
    };
    let request = WatchMetricsRequest {
        metrics: vec![watched],
        after: String::new(),
    };
    let mut stream = acme.metrics().watch_metrics(request).await?.into_inner();
    shown(&mut stream, |value| value.pending == 25).await?;

    platform.advance(TimeDelta::days(2)).await?;
    for &person in people.iter().take(5) {
        let again = Interaction {
            channel: "chat".into(),
            agent_id: "8".into(),
            ..call(person, platform.now())
        };
        record(&acme, again).await?;
    }
    platform.advance(TimeDelta::days(6)).await?;
    let value = shown(&mut stream, |value| value.pending == 0).await?;
    assert_eq!((value.n, value.count), (25, 20));
    let asked = of_the_last_month(&acme, Slice::default(), platform.now()).await?;
    assert_eq!(
        (asked.value, asked.low, asked.high),
        (Some(0.8), value.low, value.high)
    );
    // By who took the call, and by what was said in it.
    let slices = [
        (agent("7"), (25, 20)),
        (agent("8"), (0, 0)),
        (topic("delay"), (25, 20)),
        (topic("cancellation"), (0, 0)),
    ];
    for (slice, counted) in slices {
        let asked = of_the_last_month(&acme, slice.clone(), platform.now()).await?;
        assert_eq!((asked.n, asked.count), counted, "{slice:?}");
        assert_eq!(asked.unsliced, 0);
    }
    let elsewhere = of_the_last_month(&platform.tenant("globex"), Slice::default(), platform.now()).await?;
    assert_eq!((elsewhere.n, elsewhere.pending), (0, 0));
    platform.stop().await;
    Ok(())
}
