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
mod live;
mod neighbours;
mod page;
mod store;
#[cfg(test)]
mod tests;
mod timers;

use async_trait::async_trait;
use attune_api::feedback::v1::employee_report_service_server::EmployeeReportServiceServer;
use attune_api::feedback::v1::feedback_service_server::FeedbackServiceServer;
use attune_api::feedback::v1::hot_issue_service_server::HotIssueServiceServer;
use attune_api::feedback::v1::invitation_service_server::InvitationServiceServer;
use attune_api::feedback::v1::metric_service_server::MetricServiceServer;
use attune_api::feedback::v1::perception_service_server::PerceptionServiceServer;
use attune_api::feedback::v1::recovery_case_service_server::RecoveryCaseServiceServer;
use attune_api::feedback::v1::survey_service_server::SurveyServiceServer;
use attune_api::feedback::v1::theme_service_server::ThemeServiceServer;
use attune_api::feedback::v1::topic_service_server::TopicServiceServer;
use attune_api::feedback::v1::understanding_service_server::UnderstandingServiceServer;
use attune_server::{Context, Part, Service};
use attune_timers::Worker;
use chrono::TimeDelta;
use sqlx::migrate::Migrator;

pub use config::Config;

/// The name under which an engine of the platform team's own is reached.
const ANALYZER: &str = "feedback_analyzer";

/// How long it is known who was counted in an hour, so that the same person is not counted twice. What is said
/// later than that about such an hour counts anew; no baseline reaches back as far.
const MENTIONS_KEPT: TimeDelta = TimeDelta::days(400);

/// How long the records of detection's runs are kept; a hot issue keeps its own findings.
const RUNS_KEPT: TimeDelta = TimeDelta::days(400);

/// How long contacts are kept beside their counts: who comes again about a matter that was open for longer, and the
/// wait of an answer that is older, are not known. As wide as the widest window of drivers.
const CONTACTS_KEPT: TimeDelta = TimeDelta::days(400);

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
        let reader = reader(&context);
        let Context {
            database: db,
            peers,
            longest_lease: lease,
            shutdown,
            ..
        } = context;
        let neighbours = neighbours::Neighbours::new(peers);
        let links = commands::invitation::Links::new(self.config.signer()?, self.config.survey_url.clone());
        let live = live::Live::new(&db, self.config.watches_per_tenant, shutdown.clone());
        let handlers = grpc::Handlers::new(db.clone(), reader.clone(), live.clone(), shutdown);
        let surveys = grpc::Surveys::new(db.clone(), neighbours.clone());
        let pages = page::Pages::new(db.clone(), reader.clone(), links.clone())?;
        let invite = timers::invite::Invitations::new(db.clone(), reader.clone(), neighbours, links);
        let inviting = Worker::new(db.clone(), invite).with_longest_lease(lease);
        let read = timers::read::Read::new(db.clone(), reader.clone());
        let reading = Worker::new(db.clone(), read).with_longest_lease(lease);
        let learn = timers::learn::Learn::new(db.clone(), reader.engines.clone());
        let learning = Worker::new(db.clone(), learn).with_longest_lease(lease);
        let recode = timers::recode::Recode::new(db.clone(), reader.clone());
        let recoding = Worker::new(db.clone(), recode).with_longest_lease(lease);
        let gather = timers::themes::Gather::new(db.clone());
        let gathering = Worker::new(db, gather).with_longest_lease(lease);
        Ok(Part::new()
            .grpc(FeedbackServiceServer::new(handlers.clone()))
            .grpc(TopicServiceServer::new(handlers.clone()))
            .grpc(MetricServiceServer::new(handlers.clone()))
            .grpc(PerceptionServiceServer::new(handlers.clone()))
            .grpc(HotIssueServiceServer::new(handlers.clone()))
            .grpc(UnderstandingServiceServer::new(handlers.clone()))
            .grpc(ThemeServiceServer::new(handlers.clone()))
            .grpc(EmployeeReportServiceServer::new(handlers.clone()))
            .grpc(RecoveryCaseServiceServer::new(handlers.clone()))
            .grpc(InvitationServiceServer::new(handlers))
            .grpc(SurveyServiceServer::new(surveys))
            .http(page::PREFIX, pages.router())
            .timer(timers::detect::Detect::new(reader.taxonomies.clone()))
            .timer(timers::employee::Release)
            .timer(timers::recovery::Deadline)
            .timer(timers::recovery::Measure)
            .expiring("mention_person", "start", MENTIONS_KEPT)
            .expiring("detection_run", "run_at", RUNS_KEPT)
            .expiring("matter_contact", "occurred_at", CONTACTS_KEPT)
            .consumer(events::Interactions::new(reader))
            .consumer(events::Triggers)
            .consumer(events::Matters)
            .consumer(events::Messages)
            .task("live", move |shutdown| live.clone().run(shutdown))
            .task("invitations", move |shutdown| inviting.clone().run(shutdown))
            .task("reading", move |shutdown| reading.clone().run(shutdown))
            .task("recoding", move |shutdown| recoding.clone().run(shutdown))
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
