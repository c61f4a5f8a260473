//! Two small services whose handlers do what the request tells them to.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use attune_api::feedback::v1 as feedback;
use attune_api::feedback::v1::topic_service_server::{TopicService, TopicServiceServer};
use attune_api::improvement::v1 as improvement;
use attune_api::improvement::v1::get_trace_request::From;
use attune_api::improvement::v1::trace_service_client::TraceServiceClient;
use attune_api::improvement::v1::trace_service_server::{TraceService, TraceServiceServer};
use attune_auth::Caller;
use attune_database::{Database, Tx, database_error};
use attune_events::{ConsumeError, Consumer, Event};
use attune_server::{Context, Deadline, Part, Peers, Retry, Service};
use attune_timers::{Timer, TimerError, TimerHandler};
use chrono::TimeDelta;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use tokio::sync::{Notify, mpsc};
use tonic::{Request, Response, Status};
use uuid::Uuid;

pub(crate) static IMPROVEMENT: LazyLock<Migrator> = LazyLock::new(|| {
    let platform = include_str!("../../../../services/improvement/migrations/0001_platform.sql");
    migrator("improvement._sqlx_migrations", platform)
});
pub(crate) static FEEDBACK: LazyLock<Migrator> = LazyLock::new(|| {
    let platform = include_str!("../../../../services/feedback/migrations/0001_platform.sql");
    migrator("feedback._sqlx_migrations", platform)
});

fn migrator(table: &'static str, platform: &'static str) -> Migrator {
    let migration = Migration::new(
        1,
        "platform".into(),
        MigrationType::Simple,
        platform.into_sql_str(),
        false,
    );
    let mut migrator = Migrator::with_migrations(vec![migration]);
    migrator.dangerous_set_table_name(table);
    migrator
}

/// What the tests see of the handlers.
#[derive(Debug)]
pub(crate) struct Probe {
    /// A handler told to wait has begun.
    pub(crate) begun: Notify,
    /// Lets it end.
    pub(crate) release: Notify,
    /// Calls told to fail twice.
    pub(crate) flaky: AtomicU32,
    /// What consumers and timers tell.
    pub(crate) heard: mpsc::UnboundedSender<String>,
}

/// `improvement`: its one method obeys the `issue_id` of the request.
pub(crate) struct Improvement(pub(crate) Arc<Probe>);

#[async_trait]
impl Service for Improvement {
    fn name(&self) -> &'static str {
        "improvement"
    }
    fn migrator(&self) -> &'static Migrator {
        &IMPROVEMENT
    }
    async fn build(&self, _context: Context) -> anyhow::Result<Part> {
        Ok(Part::new()
            .grpc(TraceServiceServer::new(Obedient(self.0.clone())))
            .consumer(Listener(self.0.clone())))
    }
}

struct Obedient(Arc<Probe>);

#[tonic::async_trait]
impl TraceService for Obedient {
    async fn get_trace(
        &self,
        request: Request<improvement::GetTraceRequest>,
    ) -> Result<Response<improvement::GetTraceResponse>, Status> {
        let caller = Caller::of(&request)?;
        let Some(From::IssueId(order)) = &request.get_ref().from else {
            return Ok(Response::new(improvement::GetTraceResponse::default()));
        };
        let answer = match order.as_str() {
            "panic" => panic!("told to"),
            "wait" => {
                self.0.begun.notify_one();
                self.0.release.notified().await;
                "released".to_owned()
            }
            "hang" => std::future::pending().await,
            "flaky" if self.0.flaky.fetch_add(1, Ordering::SeqCst) < 2 => {
                return Err(Status::unavailable("not yet"));
            }
            "describe" => {
                let left = Deadline::current().map(Deadline::remaining).unwrap_or_default();
                let trace = attune_telemetry::current_traceparent().unwrap_or_default();
                format!(
                    "{} {} {} {trace}",
                    caller.subject(),
                    caller.tenant(),
                    left.as_millis()
                )
            }
            _ => "done".to_owned(),
        };
        let answer = improvement::GetTraceResponse {
            next_page_token: answer,
            ..Default::default()
        };
        Ok(Response::new(answer))
    }

    async fn list_owed_answers(
        &self,
        _request: Request<improvement::ListOwedAnswersRequest>,
    ) -> Result<Response<improvement::ListOwedAnswersResponse>, Status> {
        Ok(Response::new(improvement::ListOwedAnswersResponse::default()))
    }
}

/// `improvement` hears of every topic.
struct Listener(Arc<Probe>);

#[async_trait]
impl Consumer for Listener {
    fn name(&self) -> &'static str {
        "improvement.topics"
    }
    fn source(&self) -> &'static str {
        "feedback"
    }
    fn types(&self) -> Vec<String> {
        Vec::new()
    }
    async fn handle(&self, _tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        let topic: feedback::CreateTopicRequest = event.decode()?;
        self.0
            .heard
            .send(format!("event {} {}", event.tenant, topic.request_id))
            .map_err(ConsumeError::retry)
    }
}

/// `feedback`: asks `improvement`, tells of topics, and has a timer.
pub(crate) struct Feedback(pub(crate) Arc<Probe>);

#[async_trait]
impl Service for Feedback {
    fn name(&self) -> &'static str {
        "feedback"
    }
    fn migrator(&self) -> &'static Migrator {
        &FEEDBACK
    }
    async fn build(&self, context: Context) -> anyhow::Result<Part> {
        let topics = Topics {
            database: context.database,
            peers: context.peers,
        };
        Ok(Part::new()
            .grpc(TopicServiceServer::new(topics))
            .timer(Alarm(self.0.clone())))
    }
}

/// Methods that no test calls, as `async_trait` would have made them.
macro_rules! unused {
    ($($method:ident($request:ident) -> $response:ident;)*) => {$(
        fn $method<'life0, 'async_trait>(
            &'life0 self,
            _request: Request<feedback::$request>,
        ) -> Pin<Box<dyn Future<Output = Result<Response<feedback::$response>, Status>> + Send + 'async_trait>>
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async { Err(Status::unimplemented("no test calls it")) })
        }
    )*};
}

struct Topics {
    database: Database,
    peers: Peers,
}

#[tonic::async_trait]
impl TopicService for Topics {
    /// Tells of the topic and sets an alarm an hour later.
    async fn create_topic(
        &self,
        request: Request<feedback::CreateTopicRequest>,
    ) -> Result<Response<feedback::CreateTopicResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut tx = self
            .database
            .system(caller.tenant())
            .await
            .map_err(database_error)?;
        let topic = Uuid::now_v7();
        attune_events::append(&mut tx, topic, 1, request.get_ref())
            .await
            .map_err(database_error)?;
        let due = tx.now() + TimeDelta::hours(1);
        attune_timers::schedule(&mut tx, "feedback.alarm", topic, due)
            .await
            .map_err(database_error)?;
        tx.commit().await.map_err(database_error)?;
        Ok(Response::new(feedback::CreateTopicResponse::default()))
    }

    /// Passes the page token on to `improvement` as an order and its answer back.
    async fn list_topics(
        &self,
        request: Request<feedback::ListTopicsRequest>,
    ) -> Result<Response<feedback::ListTopicsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let order = &request.get_ref().page_token;
        let service = if order == "stranger" {
            "profiles"
        } else {
            "improvement"
        };
        let client = TraceServiceClient::new(self.peers.channel(service).for_tenant(caller.tenant()));
        let answer = Retry::default()
            .run(|| {
                let (mut client, order) = (client.clone(), crate::fixture::order(order));
                async move { client.get_trace(order).await }
            })
            .await?;
        let next_page_token = answer.into_inner().next_page_token;
        Ok(Response::new(feedback::ListTopicsResponse {
            next_page_token,
            ..Default::default()
        }))
    }

    unused! {
        get_topic(GetTopicRequest) -> GetTopicResponse;
        update_topic(UpdateTopicRequest) -> UpdateTopicResponse;
        archive_topic(ArchiveTopicRequest) -> ArchiveTopicResponse;
        list_taxonomy_versions(ListTaxonomyVersionsRequest) -> ListTaxonomyVersionsResponse;
        recode_feedback(RecodeFeedbackRequest) -> RecodeFeedbackResponse;
        cancel_recoding(CancelRecodingRequest) -> CancelRecodingResponse;
        get_recoding(GetRecodingRequest) -> GetRecodingResponse;
        list_recodings(ListRecodingsRequest) -> ListRecodingsResponse;
        list_codings(ListCodingsRequest) -> ListCodingsResponse;
    }
}

struct Alarm(Arc<Probe>);

#[async_trait]
impl TimerHandler for Alarm {
    fn kind(&self) -> &'static str {
        "feedback.alarm"
    }
    async fn fire(&self, _tx: &mut Tx, timer: &Timer) -> Result<(), TimerError> {
        self.0
            .heard
            .send(format!("alarm {}", timer.tenant))
            .map_err(|error| TimerError::from(anyhow::Error::from(error)))
    }
}
