//! Everything that stands while a row is measured: Postgres, the services, somebody who may call them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use attune_auth::{DevIssuer, TokenSpec};
use attune_clock::write_clock_file;
use attune_database::Schema;
use attune_rpc::TenantId;
use chrono::{DateTime, Utc};
use tempfile::TempDir;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::cpu::{self, Cpu};
use crate::postgres::{MAINTENANCE, OURS, PARTNER, Postgres};
use crate::process::{Process, free};

/// The tenant of all rows.
pub(crate) const TENANT: &str = "bench";

/// The five, in the order in which they are started.
pub(crate) const SERVICES: [&str; 5] = [
    "profiles",
    "interactions",
    "feedback",
    "improvement",
    "notifications",
];

/// Far above what is measured: a tenant's share is not what these rows are about.
const TENANT_RATE: &str = "10000000";
/// What mail to the sink is signed with; it does not look.
const WEBHOOK_SECRET: &str = "whsec_dGhpcnR5LXR3byBieXRlcyBhcmUgZW5vdWdoIQ==";
/// HTTP/2 windows of the load's connections; the protocol's own 64 KiB are for the open internet.
const WINDOW: u32 = 4 << 20;
/// Calls that share a connection, at most.
const CALLS_ON_ONE: usize = 32;
const MOST_CONNECTIONS: usize = 8;

/// A connection that carries a token.
pub(crate) type Caller = InterceptedService<Channel, Bearer>;

/// Puts the token on every call.
#[derive(Clone, Debug)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A service that runs.
#[derive(Debug)]
struct Up {
    process: Process,
    ready_millis: f64,
}

/// What a row is measured on.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) postgres: Postgres,
    folder: TempDir,
    binaries: PathBuf,
    issuer: DevIssuer,
    addresses: BTreeMap<&'static str, SocketAddr>,
    up: BTreeMap<&'static str, Up>,
    /// Where mail is handed over, by HTTP.
    pub(crate) sink: String,
    /// The file of the time that the services follow; the system's where there is none.
    clock: Option<PathBuf>,
}

impl Stage {
    /// Starts Postgres below `parent`, has the services lay their tables, and copies those for the partners.
    /// `binaries` is where the executables are; `profiled` as for [`Postgres::start`].
    pub(crate) async fn set(parent: &Path, binaries: PathBuf, profiled: bool) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("attune-bench-")
            .tempdir_in(parent)?;
        let postgres = Postgres::start(&folder.path().join("postgres"), profiled).await?;
        postgres
            .run(MAINTENANCE, &format!("CREATE DATABASE {OURS}"))
            .await?;
        let issuer = DevIssuer::load_or_create(&folder.path().join("issuer.pem"))?;
        let mut addresses = BTreeMap::new();
        for service in SERVICES {
            addresses.insert(service, free()?);
        }
        let mut stage = Self {
            postgres,
            folder,
            binaries,
            issuer,
            addresses,
            up: BTreeMap::new(),
            sink: "http://127.0.0.1:1/".to_owned(),
            clock: None,
        };
        for service in SERVICES {
            stage.launch(service, true).await?;
        }
        stage.stop_services().await?;
        let copy = format!("CREATE DATABASE {PARTNER} TEMPLATE {OURS}");
        stage.postgres.run(MAINTENANCE, &copy).await?;
        Ok(stage)
    }

    /// A folder for files of the run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of everything built.
    pub(crate) fn target(&self) -> PathBuf {
        self.binaries.parent().unwrap_or(&self.binaries).to_owned()
    }

    /// An executable of this workspace.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// Has exactly `services` run, each in its own process as the role that owns its schema.
    pub(crate) async fn run_only(&mut self, services: &[&'static str]) -> anyhow::Result<()> {
        let running: Vec<&'static str> = self.up.keys().copied().collect();
        for service in running {
            if !services.contains(&service)
                && let Some(up) = self.up.remove(service)
            {
                up.process.stop().await?;
            }
        }
        for &service in services {
            if !self.up.contains_key(service) {
                self.hears_from_here_on(service).await?;
                self.launch(service, false).await?;
            }
        }
        Ok(())
    }

    /// Moves the cursors of `service`, which does not run, to where the feeds stand: what earlier rows told while it
    /// was away is not what this one is about, and may be half a million contacts.
    async fn hears_from_here_on(&self, service: &str) -> anyhow::Result<()> {
        let statements: Vec<String> = SERVICES
            .iter()
            .map(|source| {
                format!(
                    "UPDATE {service}.subscription AS heard SET position = head.position, epoch = head.epoch
                     FROM {source}.feed_head AS head
                     WHERE heard.source = '{source}' AND heard.position < head.position"
                )
            })
            .collect();
        self.postgres.run(OURS, &statements.join(";")).await
    }

    /// Ends all services in order.
    pub(crate) async fn stop_services(&mut self) -> anyhow::Result<()> {
        self.run_only(&[]).await
    }

    /// Ends all services; those that are started from here on follow a time that stands at `start` until it is moved.
    pub(crate) async fn virtual_time(&mut self, start: DateTime<Utc>) -> anyhow::Result<()> {
        self.stop_services().await?;
        let file = self.folder().join("now");
        write_clock_file(&file, start)?;
        self.clock = Some(file);
        Ok(())
    }

    /// Ends the services that follow a virtual time; those that are started from here on follow the system's.
    pub(crate) async fn real_time(&mut self) -> anyhow::Result<()> {
        if self.clock.take().is_some() {
            self.stop_services().await?;
        }
        Ok(())
    }

    /// Moves the virtual time.
    pub(crate) fn move_to(&self, instant: DateTime<Utc>) -> anyhow::Result<()> {
        let file = self
            .clock
            .as_ref()
            .context("the services follow the system's time")?;
        Ok(write_clock_file(file, instant)?)
    }

    async fn launch(&mut self, service: &'static str, migrate: bool) -> anyhow::Result<()> {
        let admin = free()?;
        let address = self.address(service)?;
        let environment = self.environment(service, address, admin, migrate)?;
        // As the image runs it (deploy/Dockerfile).
        let arguments = ["serve".to_owned(), service.to_owned()];
        let program = self.program("attune");
        let mut process = Process::start(service, &program, &arguments, &environment, self.folder())?;
        let ready = process.ready(admin, "/readyz").await?;
        let up = Up {
            process,
            ready_millis: ready.as_secs_f64() * 1e3,
        };
        self.up.insert(service, up);
        Ok(())
    }

    fn environment(
        &self,
        service: &str,
        address: SocketAddr,
        admin: SocketAddr,
        migrate: bool,
    ) -> anyhow::Result<Vec<(String, String)>> {
        let schema = SERVICES.iter().find(|name| **name == service).copied();
        let schema = Schema(schema.context("no such service")?);
        let database = if migrate {
            self.postgres.url(OURS)?
        } else {
            self.postgres.service_url(schema, OURS)?
        };
        let key = self.folder().join("issuer.pem");
        let mut all: Vec<(String, String)> = [
            ("DATABASE_URL", database),
            ("ATTUNE_MIGRATE", migrate.to_string()),
            ("ATTUNE_LISTEN", address.to_string()),
            ("ATTUNE_ADMIN_LISTEN", admin.to_string()),
            ("ATTUNE_DEV_KEY_FILE", key.to_string_lossy().into_owned()),
            ("ATTUNE_LOG_FORMAT", "json".to_owned()),
            ("ATTUNE_TENANT_RATE", TENANT_RATE.to_owned()),
            ("ATTUNE_TENANT_BURST", TENANT_RATE.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        if let Some(file) = &self.clock {
            let file = file.to_string_lossy().into_owned();
            all.push(("ATTUNE_CLOCK_FILE".to_owned(), file));
            all.push(("ATTUNE_ALLOW_VIRTUAL_CLOCK".to_owned(), true.to_string()));
        }
        if service == "notifications" {
            all.push(("ATTUNE_MAIL_WEBHOOK_URL".to_owned(), self.sink.clone()));
            all.push(("ATTUNE_MAIL_WEBHOOK_SECRET".to_owned(), WEBHOOK_SECRET.to_owned()));
        }
        for (peer, address) in &self.addresses {
            all.push((
                format!("ATTUNE_{}_URL", peer.to_uppercase()),
                format!("http://{address}"),
            ));
        }
        Ok(all)
    }

    fn address(&self, service: &str) -> anyhow::Result<SocketAddr> {
        let address = self.addresses.get(service);
        address
            .copied()
            .with_context(|| format!("no service is called {service}"))
    }

    /// Connections to `service` for somebody who may do everything, enough for `in_flight` calls.
    pub(crate) async fn callers(&self, service: &str, in_flight: usize) -> anyhow::Result<Vec<Caller>> {
        let spec = TokenSpec::user("bench", TenantId::parse(TENANT)?, "*");
        let bearer: MetadataValue<Ascii> = format!("Bearer {}", self.issuer.token(&spec)?).parse()?;
        let mut callers = Vec::new();
        for channel in channels(self.address(service)?, in_flight).await? {
            callers.push(InterceptedService::new(channel, Bearer(bearer.clone())));
        }
        Ok(callers)
    }

    /// What everybody has cost so far.
    pub(crate) fn cpu(&self) -> Cpu {
        Cpu {
            generator: cpu::own(),
            servers: self
                .up
                .values()
                .map(|up| cpu::of_tree(up.process.pid()))
                .sum::<f64>(),
            postgres: cpu::of_tree(self.postgres.postmaster),
        }
    }

    /// How long `service` took from its start to ready, in milliseconds, and its memory in KiB: resident, and
    /// its proportional share.
    pub(crate) fn footprint(&self, service: &str) -> anyhow::Result<(f64, u64, u64)> {
        let up = self.up.get(service).context("it does not run")?;
        let (resident, share) = cpu::memory_kib(up.process.pid()).context("this needs Linux's /proc")?;
        Ok((up.ready_millis, resident, share))
    }

    /// Whether `service` runs.
    pub(crate) fn runs(&self, service: &str) -> bool {
        self.up.contains_key(service)
    }

    /// Ends everything and leaves no file behind.
    pub(crate) async fn strike(mut self) -> anyhow::Result<()> {
        self.stop_services().await?;
        self.postgres.stop().await?;
        self.folder.close()?;
        Ok(())
    }
}

/// Connections to `address`, enough for `in_flight` calls.
pub(crate) async fn channels(address: SocketAddr, in_flight: usize) -> anyhow::Result<Vec<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .tcp_nodelay(true)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    let mut channels = Vec::new();
    for _ in 0..in_flight.div_ceil(CALLS_ON_ONE).clamp(1, MOST_CONNECTIONS) {
        channels.push(endpoint.connect().await?);
    }
    Ok(channels)
}
