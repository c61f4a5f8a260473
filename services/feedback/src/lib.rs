//! The feedback service: how it felt, and why. It keeps what people say, understands it, counts it, and finds
//! by itself what is going wrong.

mod analysis;
mod commands;
mod config;
mod convert;
mod domain;
mod error;
mod events;
mod grpc;
mod neighbours;
mod page;
mod store;
#[cfg(test)]
mod tests;
mod timers;

use async_trait::async_trait;
use attune_api::feedback::v1::feedback_service_server::FeedbackServiceServer;
use attune_api::feedback::v1::hot_issue_service_server::HotIssueServiceServer;
use attune_api::feedback::v1::invitation_service_server::InvitationServiceServer;
use attune_api::feedback::v1::metric_service_server::MetricServiceServer;
use attune_api::feedback::v1::survey_service_server::SurveyServiceServer;
use attune_api::feedback::v1::topic_service_server::TopicServiceServer;
use attune_server::{Context, Part, Service};
use attune_timers::Worker;
use chrono::TimeDelta;
use sqlx::migrate::Migrator;

pub use config::Config;

/// How long it is known who was counted in an hour, so that the same person is not counted twice. What is said
/// later than that about such an hour counts anew; no baseline reaches back as far.
const MENTIONS_KEPT: TimeDelta = TimeDelta::days(400);

/// How long the records of detection's runs are kept; a hot issue keeps its own findings.
const RUNS_KEPT: TimeDelta = TimeDelta::days(400);

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service, to be run by [`attune_server`].
#[derive(Clone, Debug, Default)]
pub struct Feedback {
    config: Config,
}

impl Feedback {
    /// The service with its surveys as `config` says.
    pub fn new(config: Config) -> Self {
        Self { config }
    }
}

#[async_trait]
impl Service for Feedback {
    fn name(&self) -> &'static str {
        "feedback"
    }

    fn migrator(&self) -> &'static Migrator {
        &MIGRATOR
    }

    async fn build(&self, context: Context) -> anyhow::Result<Part> {
        let Context {
            database,
            peers,
            longest_lease,
            shutdown,
            ..
        } = context;
        let reader = analysis::Reader::new(analysis::Builtin::default());
        let neighbours = neighbours::Neighbours::new(peers);
        let links = commands::invitation::Links::new(self.config.signer()?, self.config.survey_url.clone());
        let handlers = grpc::Handlers::new(database.clone(), reader.clone(), shutdown);
        let surveys = grpc::Surveys::new(database.clone(), neighbours.clone());
        let pages = page::Pages::new(database.clone(), reader.clone(), links.clone())?;
        let invitations =
            timers::invite::Invitations::new(database.clone(), reader.clone(), neighbours, links);
        let invitations = Worker::new(database, invitations).with_longest_lease(longest_lease);
        Ok(Part::new()
            .grpc(FeedbackServiceServer::new(handlers.clone()))
            .grpc(TopicServiceServer::new(handlers.clone()))
            .grpc(MetricServiceServer::new(handlers.clone()))
            .grpc(HotIssueServiceServer::new(handlers.clone()))
            .grpc(InvitationServiceServer::new(handlers))
            .grpc(SurveyServiceServer::new(surveys))
            .http(page::PREFIX, pages.router())
            .timer(timers::detect::Detect::new(reader.taxonomies.clone()))
            .expiring("mention_person", "start", MENTIONS_KEPT)
            .expiring("detection_run", "run_at", RUNS_KEPT)
            .task("invitations", move |shutdown| invitations.clone().run(shutdown))
            .consumer(events::Interactions::new(reader))
            .consumer(events::Triggers)
            .consumer(events::Messages))
    }
}
