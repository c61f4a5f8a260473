//! What is new, as it comes: over real streams, with readers who are quick, slow, gone or somebody else.

mod feedback;
mod lifetime;
mod numbers;

use std::time::Duration;

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::feedback_service_client::FeedbackServiceClient;
use attune_api::feedback::v1::metric_service_client::MetricServiceClient;
use prost_types::Timestamp;
use tonic::{Code, Status, Streaming};

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

async fn next<T>(stream: &mut Streaming<T>) -> Result<T, Status> {
    let next = tokio::time::timeout(PATIENCE, stream.message()).await;
    next.unwrap()?
        .ok_or_else(|| Status::unknown("the stream ended without a reason"))
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
