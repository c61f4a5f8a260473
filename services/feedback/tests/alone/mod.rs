//! The service as a process has it, without the others.
#![allow(clippy::unwrap_used, dead_code)] // a test's own mistakes; not every file of tests uses all

use std::time::Duration;

use attune_auth::{DevIssuer, TokenSpec};
use attune_clock::Clock;
use attune_database::Schema;
use attune_database::template::{TemplateSet, TestDatabase};
use attune_feedback::Feedback;
use attune_rpc::TenantId;
use attune_server::{App, Config, DatabaseConfig, IdentityConfig, PeerConfig, Running, Service};
use tempfile::TempDir;
use tonic::metadata::AsciiMetadataValue;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// The time of the platform, in seconds after 1970.
pub(crate) const NOON: i64 = 1_772_366_400;

/// The service on a database of its own, at noon of a day that does not pass.
pub(crate) struct Alone {
    pub(crate) running: Running,
    channel: Channel,
    issuer: DevIssuer,
    _folder: TempDir,
    _database: TestDatabase,
}

impl Alone {
    /// With nothing but a database.
    pub(crate) async fn start() -> Self {
        Self::start_with(PeerConfig::default()).await
    }

    /// With others it reaches.
    pub(crate) async fn start_with(peers: PeerConfig) -> Self {
        Self::start_as(attune_feedback::Config::default(), peers).await
    }

    /// With settings of its own.
    pub(crate) async fn start_as(own: attune_feedback::Config, peers: PeerConfig) -> Self {
        let schema = Schema("feedback");
        let database = TemplateSet::new(&[(schema, Feedback::default().migrator())])
            .database()
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("issuer.pem");
        let issuer = DevIssuer::load_or_create(&key).unwrap();
        let (clock, _hand) = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Some(clock),
            peers,
            database: DatabaseConfig {
                feedback_database_url: Some(database.service_url(schema).unwrap().parse().unwrap()),
                migrate: false,
                ..DatabaseConfig::default()
            },
            identity: IdentityConfig {
                dev_key_file: Some(key),
                ..IdentityConfig::default()
            },
            ..Config::default()
        };
        let running = App::build(config, vec![std::sync::Arc::new(Feedback::new(own))])
            .await
            .unwrap()
            .spawn();
        let channel = Endpoint::from_shared(format!("http://{}", running.address()))
            .unwrap()
            .connect_lazy();
        Self {
            running,
            channel,
            issuer,
            _folder: folder,
            _database: database,
        }
    }

    /// A channel that calls as somebody of `tenant` with these scopes.
    pub(crate) fn as_user(
        &self,
        tenant: &str,
        scopes: &str,
    ) -> InterceptedService<Channel, impl Fn(Request<()>) -> Result<Request<()>, Status> + Clone + use<>>
    {
        self.as_bearer(&TokenSpec::user(
            "tester",
            TenantId::parse(tenant).unwrap(),
            scopes,
        ))
    }

    /// The same with a token that is good for so long.
    pub(crate) fn as_user_for(
        &self,
        tenant: &str,
        scopes: &str,
        ttl: Duration,
    ) -> InterceptedService<Channel, impl Fn(Request<()>) -> Result<Request<()>, Status> + Clone + use<>>
    {
        let spec = TokenSpec::user("tester", TenantId::parse(tenant).unwrap(), scopes);
        self.as_bearer(&TokenSpec { ttl, ..spec })
    }

    /// A token of somebody of `tenant` with these scopes.
    pub(crate) fn token(&self, tenant: &str, scopes: &str) -> String {
        let spec = TokenSpec::user("tester", TenantId::parse(tenant).unwrap(), scopes);
        self.issuer.token(&spec).unwrap()
    }

    fn as_bearer(
        &self,
        spec: &TokenSpec,
    ) -> InterceptedService<Channel, impl Fn(Request<()>) -> Result<Request<()>, Status> + Clone + use<>>
    {
        let bearer: AsciiMetadataValue = format!("Bearer {}", self.issuer.token(spec).unwrap())
            .parse()
            .unwrap();
        InterceptedService::new(self.channel.clone(), move |mut request: Request<()>| {
            request.metadata_mut().insert("authorization", bearer.clone());
            Ok(request)
        })
    }
}
