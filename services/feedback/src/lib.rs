//! The feedback service: how it felt, and why. It keeps what people say, understands it, counts it, and finds
//! by itself what is going wrong.

mod analysis;
mod commands;
mod convert;
mod domain;
mod error;
mod events;
mod grpc;
mod store;
#[cfg(test)]
mod tests;
mod timers;

use async_trait::async_trait;
use attune_api::feedback::v1::feedback_service_server::FeedbackServiceServer;
use attune_api::feedback::v1::hot_issue_service_server::HotIssueServiceServer;
use attune_api::feedback::v1::metric_service_server::MetricServiceServer;
use attune_api::feedback::v1::topic_service_server::TopicServiceServer;
use attune_server::{Context, Part, Service};
use chrono::TimeDelta;
use sqlx::migrate::Migrator;

/// How long it is known who was counted in an hour, so that the same person is not counted twice. What is said
/// later than that about such an hour counts anew; no baseline reaches back as far.
const MENTIONS_KEPT: TimeDelta = TimeDelta::days(400);

/// How long the records of detection's runs are kept; a hot issue keeps its own findings.
const RUNS_KEPT: TimeDelta = TimeDelta::days(400);

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service, to be run by [`attune_server`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Feedback;

#[async_trait]
impl Service for Feedback {
    fn name(&self) -> &'static str {
        "feedback"
    }

    fn migrator(&self) -> &'static Migrator {
        &MIGRATOR
    }

    async fn build(&self, context: Context) -> anyhow::Result<Part> {
        let reader = analysis::Reader::new(analysis::Builtin::default());
        let handlers = grpc::Handlers::new(context.database, reader.clone(), context.shutdown);
        Ok(Part::new()
            .grpc(FeedbackServiceServer::new(handlers.clone()))
            .grpc(TopicServiceServer::new(handlers.clone()))
            .grpc(MetricServiceServer::new(handlers.clone()))
            .grpc(HotIssueServiceServer::new(handlers))
            .timer(timers::detect::Detect::new(reader.taxonomies.clone()))
            .consumer(events::Interactions::new(reader))
            .expiring("mention_person", "start", MENTIONS_KEPT)
            .expiring("detection_run", "run_at", RUNS_KEPT))
    }
}
