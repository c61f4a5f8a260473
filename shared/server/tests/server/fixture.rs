//! A process with the two services, and what tests ask of it.

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use attune_api::feedback::v1 as feedback;
use attune_api::feedback::v1::topic_service_client::TopicServiceClient;
use attune_api::improvement::v1 as improvement;
use attune_api::improvement::v1::get_trace_request::From;
use attune_api::improvement::v1::trace_service_client::TraceServiceClient;
use attune_auth::{DevIssuer, TokenSpec};
use attune_clock::{Clock, ManualClock};
use attune_database::Schema;
use attune_database::template::{TemplateSet, TestDatabase};
use attune_rpc::TenantId;
use attune_server::{App, Config, IdentityConfig, Limits, Running, Secret, Service};
use tokio::sync::{Notify, mpsc};
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::services::{FEEDBACK, Feedback, IMPROVEMENT, Improvement, Probe};

pub(crate) const GET_TRACE: &str = "attune.improvement.v1.TraceService/GetTrace";

/// The longest that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running process with both services.
pub(crate) struct Process {
    pub(crate) running: Running,
    pub(crate) probe: Arc<Probe>,
    pub(crate) heard: mpsc::UnboundedReceiver<String>,
    pub(crate) hand: ManualClock,
    pub(crate) issuer: DevIssuer,
    // Dropped last, after the process that uses it.
    _database: TestDatabase,
}

impl Process {
    pub(crate) async fn start(limits: Limits) -> Self {
        Self::start_with(Config {
            limits,
            ..Config::default()
        })
        .await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        telemetry();
        let (heard, inbox) = mpsc::unbounded_channel();
        let probe = Arc::new(Probe {
            begun: Notify::new(),
            release: Notify::new(),
            flaky: AtomicU32::new(0),
            heard,
        });
        let keys = tempfile::tempdir().unwrap();
        let dev_key_file = keys.path().join("dev.pem");
        let issuer = DevIssuer::load_or_create(&dev_key_file).unwrap();
        let (clock, hand) = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        let database = database().await;
        let mut config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Some(clock),
            identity: IdentityConfig {
                dev_key_file: Some(dev_key_file),
                ..Default::default()
            },
            ..config
        };
        config.database.url = Some(Secret::new(database.url()));
        let services: Vec<Arc<dyn Service>> = vec![
            Arc::new(Feedback(probe.clone())),
            Arc::new(Improvement(probe.clone())),
        ];
        let running = App::build(config, services).await.unwrap().spawn();
        Self {
            running,
            probe,
            heard: inbox,
            hand,
            issuer,
            _database: database,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.running.address())
    }

    pub(crate) fn channel(&self) -> Channel {
        Channel::from_shared(self.url()).unwrap().connect_lazy()
    }

    /// The token of a user of `tenant` who may do everything.
    pub(crate) fn token(&self, tenant: &str) -> String {
        let tenant = TenantId::parse(tenant).unwrap();
        format!(
            "Bearer {}",
            self.issuer.token(&TokenSpec::user("ada", tenant, "*")).unwrap()
        )
    }

    /// `message` from a user of `tenant`.
    pub(crate) fn signed<M>(&self, tenant: &str, message: M) -> Request<M> {
        let mut request = Request::new(message);
        request
            .metadata_mut()
            .insert("authorization", self.token(tenant).parse().unwrap());
        request
    }

    /// Tells `improvement` what to do.
    pub(crate) async fn order(&self, order: &str) -> Result<String, Status> {
        let request = self.signed("acme", self::order(order));
        let answer = TraceServiceClient::new(self.channel()).get_trace(request).await?;
        Ok(answer.into_inner().next_page_token)
    }

    /// Tells `improvement` what to do through `feedback`.
    pub(crate) async fn order_through(&self, order: &str) -> Result<String, Status> {
        let request = feedback::ListTopicsRequest {
            page_token: order.to_owned(),
            ..Default::default()
        };
        let request = self.signed("acme", request);
        let answer = TopicServiceClient::new(self.channel())
            .list_topics(request)
            .await?;
        Ok(answer.into_inner().next_page_token)
    }
}

pub(crate) fn order(order: &str) -> improvement::GetTraceRequest {
    improvement::GetTraceRequest {
        from: Some(From::IssueId(order.to_owned())),
        ..Default::default()
    }
}

/// A migrated database for one test.
pub(crate) async fn database() -> TestDatabase {
    let services = [
        (Schema("improvement"), &*IMPROVEMENT),
        (Schema("feedback"), &*FEEDBACK),
    ];
    TemplateSet::new(&services).database().await.unwrap()
}

/// The telemetry of the test process, started by whoever asks first.
pub(crate) fn telemetry() -> &'static attune_telemetry::Guard {
    static GUARD: OnceLock<attune_telemetry::Guard> = OnceLock::new();
    GUARD.get_or_init(|| {
        let config = attune_telemetry::TelemetryConfig {
            service: "test".into(),
            ..Default::default()
        };
        attune_telemetry::init(&config).unwrap()
    })
}

/// How many calls of `method` ended with `status` in this test process.
pub(crate) fn counted(method: &str, status: &str) -> u64 {
    let text = telemetry().prometheus().render().unwrap();
    let labels = [
        format!("rpc_method=\"{method}\""),
        format!("rpc_response_status_code=\"{status}\""),
    ];
    text.lines()
        .filter(|line| line.starts_with("rpc_server_call_duration_seconds_count{"))
        .filter(|line| labels.iter().all(|label| line.contains(label)))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// The reason in a status' `ErrorInfo`.
pub(crate) fn reason(status: &Status) -> String {
    let details = tonic_types::StatusExt::get_error_details(status);
    details
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

/// Waits for `work`, at most as long as a test has patience.
pub(crate) async fn soon<F: std::future::Future>(work: F) -> F::Output {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.unwrap_or_else(|_| panic!("nothing happened within {PATIENCE:?}"))
}
