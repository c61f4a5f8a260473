//! The five services in this process, on a clock that the test moves.

use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::time::Duration;

use attune_auth::{DevIssuer, TokenSpec};
use attune_clock::{Clock, ManualClock};
use attune_database::Schema;
use attune_database::embedded::TestServer;
use attune_database::template::{TemplateSet, TestDatabase};
use attune_mailbox::Mailbox;
use attune_notifications::Notifications;
use attune_rpc::TenantId;
use attune_server::{App, Config, DatabaseConfig, IdentityConfig, Limits, PeerConfig, Running, Secret};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgPool};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

use crate::database::{schemas, services};
use crate::{Channels, Failure, Proxy, SCHEMAS, Target, Tenant, settle};

/// How long a test waits for the platform to settle before it fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// The instant at which every test begins, unless it says otherwise: a Monday.
const START: &str = "2026-03-02T08:00:00Z";

/// The issuer's key in the platform's folder.
const KEY_FILE: &str = "issuer.pem";

/// What documents to a webhook are signed with.
pub const WEBHOOK_SECRET: &str = "whsec_dGhpcnR5LXR3byBieXRlcyBhcmUgZW5vdWdoIQ==";

/// What a test may want to be different.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The platform's time at the start.
    pub start: DateTime<Utc>,
    /// How long the mail provider may take for one mail, in seconds of real time.
    pub mail_timeout_seconds: u64,
    /// Whether mail is handed to the mailbox over HTTP, signed with [`WEBHOOK_SECRET`], instead of over SMTP.
    pub mail_by_webhook: bool,
    /// Where the services find each other; without an address, in this process.
    pub peers: PeerConfig,
    /// What the process accepts at most.
    pub limits: Limits,
    /// How long one statement of a service may run.
    pub statement_timeout: Duration,
    /// The server that the test's database is made on; without one, the server that all tests share.
    pub server: Option<TestServer>,
    /// The services reach their database through this, which leads to the server; without it, directly.
    pub database_through: Option<Arc<Proxy>>,
}

impl Settings {
    /// What [`TestPlatform::start`] takes.
    pub fn new() -> Result<Self, Failure> {
        let mail_timeout_seconds = attune_notifications::Config::default().mail_timeout_seconds;
        Ok(Self {
            start: START.parse()?,
            mail_timeout_seconds,
            mail_by_webhook: false,
            peers: PeerConfig::default(),
            limits: Limits::default(),
            statement_timeout: DatabaseConfig::default().statement_timeout,
            server: None,
            database_through: None,
        })
    }
}

/// The whole platform, one test's own.
#[derive(Debug)]
pub struct TestPlatform {
    running: Running,
    channel: Channel,
    clock: Clock,
    hand: ManualClock,
    issuer: DevIssuer,
    mailbox: Mailbox,
    admin: PgPool,
    database: TestDatabase,
    folder: TempDir,
}

impl TestPlatform {
    /// Starts the five services in this process on 2 March 2026, 08:00 UTC.
    pub async fn start() -> Result<Self, Failure> {
        Self::start_with(Settings::new()?).await
    }

    /// Starts them at `start`.
    pub async fn start_at(start: DateTime<Utc>) -> Result<Self, Failure> {
        Self::start_with(Settings {
            start,
            ..Settings::new()?
        })
        .await
    }

    /// Starts them as `settings` say.
    pub async fn start_with(settings: Settings) -> Result<Self, Failure> {
        let Settings {
            start,
            mail_timeout_seconds,
            mail_by_webhook,
            peers,
            limits,
            statement_timeout,
            server,
            database_through,
        } = settings;
        let templates = TemplateSet::new(&schemas());
        let database = match server {
            Some(server) => templates.database_on(server).await?,
            None => templates.database().await?,
        };
        let admin = administrator(&database, database_through.as_deref()).await?;
        let mailbox = Mailbox::start().await?;
        let folder = tempfile::tempdir()?;
        let key = folder.path().join(KEY_FILE);
        let issuer = DevIssuer::load_or_create(&key)?;
        let (clock, hand) = Clock::manual(start);
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Some(clock.clone()),
            database: DatabaseConfig {
                statement_timeout,
                ..databases(&database, database_through.as_deref())?
            },
            peers,
            limits,
            identity: IdentityConfig {
                dev_key_file: Some(key),
                ..IdentityConfig::default()
            },
            ..Config::default()
        };
        let providers = attune_notifications::Config {
            smtp_url: format!("smtp://{}", mailbox.address()),
            mail_webhook_url: mail_by_webhook.then(|| mailbox.webhook_url()),
            mail_webhook_secret: mail_by_webhook.then(|| Secret::new(WEBHOOK_SECRET)),
            mail_timeout_seconds,
            ..attune_notifications::Config::default()
        };
        let running = App::build(config, services(Notifications::new(providers)))
            .await?
            .spawn();
        let channel = Endpoint::from_shared(format!("http://{}", running.address()))?.connect_lazy();
        Ok(Self {
            running,
            channel,
            clock,
            hand,
            issuer,
            mailbox,
            admin,
            database,
            folder,
        })
    }

    /// Somebody of `tenant` who may do everything.
    ///
    /// # Panics
    /// When `tenant` is no tenant id.
    #[allow(clippy::expect_used, clippy::missing_panics_doc)] // a test's own mistake
    pub fn tenant(&self, tenant: &str) -> Tenant {
        self.user(tenant, "*").expect("a tenant id")
    }

    /// Somebody of `tenant` with these scopes.
    pub fn user(&self, tenant: &str, scopes: &str) -> Result<Tenant, Failure> {
        let spec = TokenSpec::user("tester", TenantId::parse(tenant)?, scopes);
        Ok(Tenant::new(
            Channels::all(&self.channel),
            self.issuer.token(&spec)?,
        ))
    }

    /// The issuer whose tokens the platform believes.
    pub fn issuer(&self) -> &DevIssuer {
        &self.issuer
    }

    /// The private key that the platform's issuer signs with (PKCS#8 PEM), for tokens it would never give out.
    pub fn issuer_key(&self) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(self.folder.path().join(KEY_FILE))?)
    }

    /// A channel to the platform without a token.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Where the platform listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// The same as a proxy's target.
    pub fn target(&self) -> Target {
        Target::Tcp(self.running.address())
    }

    /// The mailbox that all mail goes to.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// A pool that sees everything, for what no API tells.
    pub fn admin(&self) -> &PgPool {
        &self.admin
    }

    /// The database's URL.
    pub fn database_url(&self) -> &str {
        self.database.url()
    }

    /// Where a service logs in as the role that owns its schema.
    pub fn service_url(&self, schema: Schema) -> Result<String, Failure> {
        Ok(self.database.service_url(schema)?)
    }

    /// The platform's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Waits until everything told has been heard and nothing is due any more.
    pub async fn settle(&self) -> Result<(), Failure> {
        settle(&self.admin, &SCHEMAS, self.now(), PATIENCE).await
    }

    /// Lets what is going on end, moves the time, and lets what is due then end too.
    pub async fn advance_to(&self, instant: DateTime<Utc>) -> Result<(), Failure> {
        self.settle().await?;
        self.hand.advance_to(instant);
        self.settle().await
    }

    /// [`advance_to`](Self::advance_to) `step` from now.
    pub async fn advance(&self, step: TimeDelta) -> Result<(), Failure> {
        self.advance_to(self.now() + step).await
    }

    /// Stops the services as a process would, and answers their database, which is there until it is dropped.
    pub async fn stop(self) -> TestDatabase {
        self.running.drain().await;
        self.admin.close().await;
        self.database
    }
}

/// A pool by the same way as the services', so that it is led to another server together with them.
async fn administrator(database: &TestDatabase, through: Option<&Proxy>) -> Result<PgPool, Failure> {
    let url = match through {
        Some(proxy) => detour(database.url(), proxy)?,
        None => database.url().to_owned(),
    };
    Ok(PgPoolOptions::new().max_connections(2).connect(&url).await?)
}

/// Each service logs in as the role that owns its schema and nothing else, `through` a proxy or directly.
fn databases(database: &TestDatabase, through: Option<&Proxy>) -> Result<DatabaseConfig, Failure> {
    let url = |schema| -> Result<String, Failure> {
        let direct = database.service_url(schema)?;
        match through {
            Some(proxy) => detour(&direct, proxy),
            None => Ok(direct),
        }
    };
    let [profiles, interactions, feedback, improvement, notifications] = SCHEMAS.map(url);
    Ok(DatabaseConfig {
        profiles_database_url: Some(profiles?.parse()?),
        interactions_database_url: Some(interactions?.parse()?),
        feedback_database_url: Some(feedback?.parse()?),
        improvement_database_url: Some(improvement?.parse()?),
        notifications_database_url: Some(notifications?.parse()?),
        migrate: false,
        pool_size: 4,
        ..DatabaseConfig::default()
    })
}

/// Leads `proxy` to the server of `url`; the URL of the same database by the way of the proxy.
fn detour(url: &str, proxy: &Proxy) -> Result<String, Failure> {
    let direct: PgConnectOptions = url.parse()?;
    let (at, port) = (proxy.address(), direct.get_port());
    if let Some(folder) = direct.get_socket() {
        proxy.lead_to(Target::Unix(folder.join(format!(".s.PGSQL.{port}"))));
        let database = direct.get_database().unwrap_or_default();
        return Ok(format!("postgres://{}@{at}/{database}", direct.get_username()));
    }
    let mut addresses = (direct.get_host(), port).to_socket_addrs()?;
    let address = addresses.next().ok_or("the database's host has no address")?;
    proxy.lead_to(Target::Tcp(address));
    let detour = direct.host(&at.ip().to_string()).port(at.port());
    Ok(detour.to_url_lossy().into())
}
