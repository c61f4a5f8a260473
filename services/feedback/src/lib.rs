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
use attune_api::feedback::v1::theme_service_server::ThemeServiceServer;
use attune_api::feedback::v1::topic_service_server::TopicServiceServer;
use attune_api::feedback::v1::understanding_service_server::UnderstandingServiceServer;
use attune_server::{Context, Part, Service};
use attune_timers::Worker;
use sqlx::migrate::Migrator;

/// The name under which an engine of the platform team's own is reached.
const ANALYZER: &str = "feedback_analyzer";

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
        let reader = reader(&context);
        let db = context.database;
        let lease = context.longest_lease;
        let read = timers::read::Read::new(db.clone(), reader.clone());
        let reading = Worker::new(db.clone(), read).with_longest_lease(lease);
        let learn = timers::learn::Learn::new(db.clone(), reader.engines.clone());
        let learning = Worker::new(db.clone(), learn).with_longest_lease(lease);
        let gather = timers::themes::Gather::new(db.clone());
        let gathering = Worker::new(db.clone(), gather).with_longest_lease(lease);
        let handlers = grpc::Handlers::new(db.clone(), reader.clone(), context.shutdown);
        Ok(Part::new()
            .grpc(FeedbackServiceServer::new(handlers.clone()))
            .grpc(TopicServiceServer::new(handlers.clone()))
            .grpc(MetricServiceServer::new(handlers.clone()))
            .grpc(HotIssueServiceServer::new(handlers.clone()))
            .grpc(UnderstandingServiceServer::new(handlers.clone()))
            .grpc(ThemeServiceServer::new(handlers))
            .timer(timers::detect::Detect::new(reader.taxonomies.clone()))
            .consumer(events::Interactions::new(reader))
            .task("reading", move |shutdown| reading.clone().run(shutdown))
            .task("themes", move |shutdown| gathering.clone().run(shutdown))
            .task("learning", move |shutdown| learning.clone().run(shutdown)))
    }
}

/// The built-in engine, or the one outside that is configured with the built-in one to stand in for it.
fn reader(context: &Context) -> analysis::Reader {
    let builtin = analysis::Builtin::default();
    if !context.peers.reaches(ANALYZER) {
        return analysis::Reader::new(builtin);
    }
    let peer = context.peers.channel(ANALYZER);
    analysis::Reader::new(analysis::Remote::new(peer, context.analyzer_timeout, builtin))
}
