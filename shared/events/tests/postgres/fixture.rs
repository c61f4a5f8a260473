//! Two services' schemas in one database, and a process that serves the first one's feed.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use attune_api::events::v1::event_feed_service_client::EventFeedServiceClient;
use attune_api::events::v1::event_feed_service_server::EventFeedServiceServer;
use attune_auth::{AuthLayer, DevIssuer, Scopes, TENANT_HEADER, TokenSpec, Verifier, VerifierConfig};
use attune_clock::Clock;
use attune_database::template::{TemplateSet, TestDatabase};
use attune_database::{Database, PoolSettings, Schema, Tx, connect};
use attune_events::{Consumer, Feed, FeedClient, FeedService, Sequencer, Subscription, append};
use attune_rpc::TenantId;
use chrono::{DateTime, Utc};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{PgPool, SqlSafeStr};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use uuid::Uuid;

pub(crate) const PROFILES: Schema = Schema("profiles");
pub(crate) const FEEDBACK: Schema = Schema("feedback");
/// No test waits longer than this for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

static PROFILES_MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let platform = include_str!("../../../../services/profiles/migrations/0001_platform.sql");
    migrator(
        "profiles._sqlx_migrations",
        [platform, include_str!("profiles.sql")],
    )
});
static FEEDBACK_MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let platform = include_str!("../../../../services/feedback/migrations/0001_platform.sql");
    migrator(
        "feedback._sqlx_migrations",
        [platform, include_str!("feedback.sql")],
    )
});

fn migrator(table: &'static str, files: [&'static str; 2]) -> Migrator {
    let migrations = (1..).zip(files).map(|(version, sql)| {
        Migration::new(
            version,
            "test".into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name(table);
    migrator
}

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// Waits until `condition` holds; fails the test when it does not within [`DEADLINE`].
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let held = tokio::time::timeout(DEADLINE, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(held.await.is_ok(), "{what}: did not happen within {DEADLINE:?}");
}

/// Sooner than a poll comes.
pub(crate) const PROMPTLY: Duration = Duration::from_millis(100);

pub(crate) struct Fixture {
    /// Writes and is read.
    pub(crate) profiles: Database,
    /// Consumes.
    pub(crate) feedback: Database,
    pub(crate) admin: PgPool,
    pub(crate) issuer: DevIssuer,
    pub(crate) clone: TestDatabase,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let services: [(Schema, &'static Migrator); 2] =
            [(PROFILES, &PROFILES_MIGRATOR), (FEEDBACK, &FEEDBACK_MIGRATOR)];
        let clone = TemplateSet::new(&services).database().await.unwrap();
        let (clock, _) = Clock::manual(noon());
        Self {
            profiles: open(&clone, PROFILES, clock.clone()).await,
            feedback: open(&clone, FEEDBACK, clock).await,
            admin: PgPool::connect(clone.url()).await.unwrap(),
            issuer: DevIssuer::ephemeral().unwrap(),
            clone,
        }
    }

    /// Another process's view of the same schema.
    pub(crate) async fn replica(&self, schema: Schema) -> Database {
        open(&self.clone, schema, self.profiles.clock().clone()).await
    }

    pub(crate) async fn tell(&self, tenant_name: &str, subject: Uuid, version: i64) {
        let mut tx = self.profiles.system(&tenant(tenant_name)).await.unwrap();
        say(&mut tx, subject, version).await;
        tx.commit().await.unwrap();
    }

    pub(crate) fn sequence(&self) -> Background {
        let sequencer = Sequencer::new(self.profiles.clone());
        Background::start(move |shutdown| async move { sequencer.run(shutdown).await })
    }

    pub(crate) fn subscribe(&self, consumer: &Arc<impl Consumer>, server: &FeedServer) -> Background {
        self.subscribe_in(self.feedback.clone(), consumer, server)
    }

    pub(crate) fn subscribe_in(
        &self,
        database: Database,
        consumer: &Arc<impl Consumer>,
        server: &FeedServer,
    ) -> Background {
        let client = FeedClient::new(self.platform_channel(server.address));
        let subscription = Subscription::new(consumer.clone(), database, client);
        Background::start(move |shutdown| async move { subscription.run(shutdown).await })
    }

    /// As the feedback service, for every tenant; that is asked for by the feed client itself.
    fn platform_channel(&self, address: SocketAddr) -> InterceptedService<Channel, Identity> {
        let spec = TokenSpec::service("feedback", "events.read");
        InterceptedService::new(channel(address), Identity::new(&self.issuer, &spec, None))
    }

    pub(crate) fn client(
        &self,
        server: &FeedServer,
        spec: &TokenSpec,
        tenant: Option<&'static str>,
    ) -> EventFeedServiceClient<InterceptedService<Channel, Identity>> {
        let identity = Identity::new(&self.issuer, spec, tenant);
        EventFeedServiceClient::with_interceptor(channel(server.address), identity)
    }

    /// A client that reads the whole feed.
    pub(crate) fn platform_client(
        &self,
        server: &FeedServer,
    ) -> EventFeedServiceClient<InterceptedService<Channel, Identity>> {
        self.client(server, &TokenSpec::service("reader", "events.read"), Some("*"))
    }

    pub(crate) fn serve(&self) -> FeedServer {
        self.serve_at("127.0.0.1:0".parse().unwrap())
    }

    /// Serves the feed of profiles and the parked events of feedback, as one process of both would.
    pub(crate) fn serve_at(&self, address: SocketAddr) -> FeedServer {
        let shutdown = CancellationToken::new();
        let feeds = vec![
            Feed::new(self.profiles.clone(), "profiles"),
            Feed::new(self.feedback.clone(), "feedback"),
        ];
        let service = EventFeedServiceServer::new(FeedService::new(feeds, shutdown.clone()));
        let verifier =
            Verifier::new(VerifierConfig::new(vec![self.issuer.trusted()]), Clock::system()).unwrap();
        let scopes = Scopes::new(attune_api::scopes());
        let incoming = TcpIncoming::bind(address).unwrap().with_nodelay(Some(true));
        let address = incoming.local_addr().unwrap();
        let server = Server::builder()
            .layer(AuthLayer::new(verifier, scopes))
            .add_service(service);
        let stopped = shutdown.clone().cancelled_owned();
        let task = tokio::spawn(async move {
            server
                .serve_with_incoming_shutdown(incoming, stopped)
                .await
                .unwrap();
        });
        FeedServer {
            address,
            shutdown,
            task,
        }
    }
}

pub(crate) async fn open(clone: &TestDatabase, schema: Schema, clock: Clock) -> Database {
    let url = clone.service_url(schema).unwrap();
    let pool = connect(&url, schema, PoolSettings::default()).await.unwrap();
    Database::new(pool, schema, clock)
}

fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy()
}

pub(crate) async fn say(tx: &mut Tx, subject: Uuid, version: i64) {
    append(tx, subject, version, &format!("version {version}"))
        .await
        .unwrap();
}

/// Puts a token, and a tenant where one is named, on every call.
#[derive(Clone)]
pub(crate) struct Identity {
    bearer: MetadataValue<tonic::metadata::Ascii>,
    tenant: Option<&'static str>,
}

impl Identity {
    fn new(issuer: &DevIssuer, spec: &TokenSpec, tenant: Option<&'static str>) -> Self {
        let token = issuer.token(spec).unwrap();
        Self {
            bearer: format!("Bearer {token}").parse().unwrap(),
            tenant,
        }
    }
}

impl tonic::service::Interceptor for Identity {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, tonic::Status> {
        request
            .metadata_mut()
            .insert("authorization", self.bearer.clone());
        if let Some(tenant) = self.tenant {
            request
                .metadata_mut()
                .insert(TENANT_HEADER, MetadataValue::from_static(tenant));
        }
        Ok(request)
    }
}

pub(crate) struct FeedServer {
    pub(crate) address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl FeedServer {
    /// Stops serving, and waits until the last call has ended.
    pub(crate) async fn drain(self) {
        self.shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(5), self.task)
            .await
            .expect("within the grace time")
            .unwrap();
    }
}

/// A loop that runs until it is stopped.
pub(crate) struct Background {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Background {
    fn start<F: Future<Output = ()> + Send + 'static>(run: impl FnOnce(CancellationToken) -> F) -> Self {
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(run(shutdown.clone()));
        Self { shutdown, task }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(DEADLINE, self.task)
            .await
            .expect("it stops")
            .unwrap();
    }
}
