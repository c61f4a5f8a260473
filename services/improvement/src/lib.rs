//! The improvement service: the problems customers have, what the company does about them, who is told, and
//! whether it helped.

mod commands;
mod convert;
mod domain;
mod error;
mod events;
mod grpc;
mod source;
mod store;
mod timers;

use std::sync::Arc;

use async_trait::async_trait;
use attune_api::improvement::v1::board_service_server::BoardServiceServer;
use attune_api::improvement::v1::digest_service_server::DigestServiceServer;
use attune_api::improvement::v1::goal_service_server::GoalServiceServer;
use attune_api::improvement::v1::initiative_service_server::InitiativeServiceServer;
use attune_api::improvement::v1::issue_service_server::IssueServiceServer;
use attune_api::improvement::v1::pilot_service_server::PilotServiceServer;
use attune_api::improvement::v1::principle_service_server::PrincipleServiceServer;
use attune_api::improvement::v1::recognition_service_server::RecognitionServiceServer;
use attune_api::improvement::v1::team_service_server::TeamServiceServer;
use attune_api::improvement::v1::trace_service_server::TraceServiceServer;
use attune_api::improvement::v1::worth_service_server::WorthServiceServer;
use attune_database::Database;
use attune_server::{Context, Part, Service};
use attune_timers::Worker;
use sqlx::migrate::Migrator;

use source::{Feedback, SeriesSource};

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service, to be run by [`attune_server`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Improvement;

#[async_trait]
impl Service for Improvement {
    fn name(&self) -> &'static str {
        "improvement"
    }

    fn migrator(&self) -> &'static Migrator {
        &MIGRATOR
    }

    async fn build(&self, context: Context) -> anyhow::Result<Part> {
        let Context {
            database,
            peers,
            longest_lease,
            ..
        } = context;
        let source: Arc<dyn SeriesSource> = Arc::new(Feedback::new(peers));
        let looks = Worker::new(
            database.clone(),
            timers::Looks::new(database.clone(), Arc::clone(&source)),
        )
        .with_longest_lease(longest_lease);
        let goals = Worker::new(
            database.clone(),
            timers::Goals::new(database.clone(), Arc::clone(&source)),
        )
        .with_longest_lease(longest_lease);
        let worths = Worker::new(
            database.clone(),
            timers::Worths::new(database.clone(), Arc::clone(&source)),
        )
        .with_longest_lease(longest_lease);
        let restatements = restatements(&database, &source).with_longest_lease(longest_lease);
        let tellings = Worker::new(database.clone(), timers::Tellings::new(database.clone()))
            .with_longest_lease(longest_lease);
        Ok(people(Part::new(), &database)
            .grpc(IssueServiceServer::new(grpc::Issues::new(database.clone())))
            .grpc(InitiativeServiceServer::new(grpc::Initiatives::new(
                database.clone(),
                Arc::clone(&source),
            )))
            .grpc(GoalServiceServer::new(grpc::Goals::new(
                database.clone(),
                Arc::clone(&source),
            )))
            .grpc(PilotServiceServer::new(grpc::Pilots::new(
                database.clone(),
                Arc::clone(&source),
            )))
            .grpc(WorthServiceServer::new(grpc::Worths::new(
                database.clone(),
                source,
            )))
            .grpc(PrincipleServiceServer::new(grpc::Principles::new(
                database.clone(),
            )))
            .grpc(BoardServiceServer::new(grpc::Boards::new(database.clone())))
            .grpc(TraceServiceServer::new(grpc::Traces::new(database)))
            .consumer(events::HotIssues)
            .consumer(events::EmployeeReports)
            .consumer(events::Messages)
            .consumer(events::SaidByCustomers)
            .timer(timers::Pilots)
            .timer(timers::Actions)
            .timer(timers::Priorities)
            .task("looks", move |shutdown| looks.clone().run(shutdown))
            .task("goals", move |shutdown| goals.clone().run(shutdown))
            .task("worths", move |shutdown| worths.clone().run(shutdown))
            .task("restatements", move |shutdown| restatements.clone().run(shutdown))
            .task("tellings", move |shutdown| tellings.clone().run(shutdown)))
    }
}

/// The people of the loop: who they are, whom an improvement thanks, what they are told.
fn people(part: Part, database: &Database) -> Part {
    part.grpc(TeamServiceServer::new(grpc::Team::new(database.clone())))
        .grpc(RecognitionServiceServer::new(grpc::Recognitions::new(
            database.clone(),
        )))
        .grpc(DigestServiceServer::new(grpc::Digests::new(database.clone())))
        .timer(timers::Digests)
}

fn restatements(database: &Database, source: &Arc<dyn SeriesSource>) -> Worker {
    let work = timers::Restatements::new(database.clone(), Arc::clone(source));
    Worker::new(database.clone(), work)
}

#[cfg(test)]
mod tests;
