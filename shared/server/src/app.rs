//! A process put together, bound to its address, and not yet serving.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use attune_database::Database;
use attune_rpc::Reason;
use attune_telemetry::Readiness;
use http::{Response, Uri};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::assembly::Assembly;
use crate::descriptor::Descriptor;
use crate::identities::Identities;
use crate::layers::{Stack, cors};
use crate::pages::Pages;
use crate::part::Registration;
use crate::reflection::{Reflection, V1, V1Alpha};
use crate::running::Health;
use crate::tasks::{Supervisor, Task};
use crate::{Config, ConfigError, Context, Limits, Peers, Running, Service, storage};

/// The services of the platform.
const SERVICES: [&str; 5] = [
    "profiles",
    "interactions",
    "feedback",
    "improvement",
    "notifications",
];
/// An engine that a platform team runs for feedback; no service of the platform, and reached like one.
const ANALYZER: &str = "feedback_analyzer";
/// A connection is probed so often, and given up when it does not answer.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(20);

/// A process ready to serve: its address is bound, its databases are migrated, nothing runs yet.
pub struct App {
    limits: Limits,
    address: SocketAddr,
    incoming: TcpIncoming,
    server: Server,
    routes: Routes,
    stack: Stack,
    pages: Pages,
    tasks: Vec<Task>,
    health: Health,
    databases: Vec<Database>,
    shutdown: CancellationToken,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("address", &self.address)
            .field("services", &self.health.names)
            .field("tasks", &self.tasks)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Puts `services` together as `config` says. Fails with a [`ConfigError`] where the configuration
    /// cannot work, else with what could not be reached. Must be called inside a runtime.
    pub async fn build(config: Config, services: Vec<Arc<dyn Service>>) -> anyhow::Result<Self> {
        Self::assemble(config, services, Readiness::default()).await
    }

    /// The same; `readiness` is what `/readyz` shows.
    pub(crate) async fn assemble(
        config: Config,
        services: Vec<Arc<dyn Service>>,
        readiness: Readiness,
    ) -> anyhow::Result<Self> {
        config.check()?;
        let identities = Identities::new(&config)?;
        let server = server(&config)?;
        let (incoming, address) = bind(config.listen)?;
        let peers = Peers::new(addresses(&config, &services, address)?, &config.tls)?;
        let clock = config.clock()?;
        let databases = storage::open(&config.database, &services, &clock).await?;
        let shutdown = CancellationToken::new();

        let mut assembly = Assembly::new(config.database.event_retention_days);
        for (service, database) in services.iter().zip(&databases) {
            let context = Context {
                database: database.clone(),
                clock: clock.clone(),
                peers: peers.with_identity(identities.of(service.name())?),
                longest_lease: config.limits.longest_lease,
                analyzer_timeout: config.peers.feedback_analyzer_timeout,
                shutdown: shutdown.clone(),
            };
            let peers = context.peers.clone();
            let part = service
                .build(context)
                .await
                .with_context(|| format!("cannot build {}", service.name()))?;
            assembly.add(service.name(), database, &peers, part);
        }
        let (registrations, mut tasks, pages) = assembly.finish(shutdown.clone());

        let (routes, health) = routes(registrations, readiness);
        let descriptor = Descriptor::read()?;
        let stack = Stack {
            methods: descriptor.methods(&health.names),
            request_streams: descriptor.request_streams(),
            cors: cors(&config.cors_origins)?,
            auth: identities.layer(),
            shutdown: shutdown.clone(),
        };
        health.stopping().await;
        tasks.extend(identities.tasks(&health).await);
        let pages = Pages::new(pages, config.limits.max_in_flight);
        Ok(Self {
            limits: config.limits,
            address,
            incoming,
            server,
            routes,
            stack,
            pages,
            tasks,
            health,
            databases,
            shutdown,
        })
    }

    /// Where it listens, with its true port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins to serve and to work. Must be called inside a runtime.
    pub fn spawn(self) -> Running {
        let Self {
            limits,
            address,
            incoming,
            server,
            routes,
            stack,
            pages,
            tasks,
            health,
            databases,
            shutdown,
        } = self;
        let service = pages.before(stack.around(routes, &limits));
        let stopping = shutdown.clone().cancelled_owned();
        let server = tokio::spawn(server.serve_with_incoming_shutdown(service, incoming, stopping));
        let supervisor = Supervisor::new(shutdown.clone());
        for task in tasks {
            supervisor.start(task);
        }
        Running {
            address,
            server,
            supervisor,
            shutdown,
            health,
            pools: databases.iter().map(|database| database.pool().clone()).collect(),
            grace: limits.grace,
            delay: limits.drain_delay,
        }
    }
}

fn server(config: &Config) -> anyhow::Result<Server> {
    let limits = &config.limits;
    // Replicas that started together must not send all their callers elsewhere at the same moment. There is
    // no grace on purpose: with one, tonic 0.14.9 cuts the connection without telling the client first.
    let age = limits.max_connection_age.mul_f64(rand::random_range(0.9..=1.1));
    let server = Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(limits.max_connection_streams)
        .max_connection_age(age)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_ANSWER));
    match config.tls.server()? {
        Some(tls) => server.tls_config(tls).map_err(|error| {
            ConfigError(format!("the certificate or its key cannot be used: {error}")).into()
        }),
        None => Ok(server),
    }
}

/// Binds now, so that an address in use stops the start, and the port is known before anything is built.
fn bind(address: SocketAddr) -> anyhow::Result<(TcpIncoming, SocketAddr)> {
    let incoming = TcpIncoming::bind(address)
        .with_context(|| format!("cannot listen on {address}; choose another ATTUNE_LISTEN"))?
        // Answers are small and must not wait for more; the server's own setting does not reach a listener
        // made outside it.
        .with_nodelay(Some(true));
    let address = incoming.local_addr()?;
    Ok((incoming, address))
}

/// Where each service is: as configured, else here when this process runs it.
fn addresses(
    config: &Config,
    services: &[Arc<dyn Service>],
    own: SocketAddr,
) -> anyhow::Result<Vec<(&'static str, Uri)>> {
    let host = match own.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    let own: Uri = format!("{}://{}", config.tls.scheme(), SocketAddr::new(host, own.port())).parse()?;
    let here = |name: &str| services.iter().any(|service| service.name() == name);
    let strangers = services
        .iter()
        .map(|service| service.name())
        .filter(|name| !SERVICES.contains(name));
    Ok(SERVICES
        .into_iter()
        .chain(strangers)
        .chain([ANALYZER])
        .filter_map(|name| {
            let configured = config.peers.url_of(name).cloned();
            Some((name, configured.or_else(|| here(name).then(|| own.clone()))?))
        })
        .collect())
}

/// The handlers with health and reflection beside them.
fn routes(registrations: Vec<Registration>, readiness: Readiness) -> (Routes, Health) {
    let mut names: Vec<&'static str> = registrations
        .iter()
        .map(|registration| registration.name)
        .collect();
    let (reporter, health) = tonic_health::server::health_reporter();
    let mut routes = Routes::from(axum::Router::new().fallback(unknown_method))
        .add_service(health)
        // Most tools still ask for v1alpha.
        .add_service(Reflection::<V1Alpha>::of(&names))
        .add_service(Reflection::<V1>::of(&names));
    for registration in registrations {
        routes = registration.add_to(routes);
    }
    names.push("");
    let health = Health {
        reporter,
        readiness,
        names,
    };
    (routes.prepare(), health)
}

/// A method that the platform has and this process does not serve.
async fn unknown_method(uri: Uri) -> Response<Body> {
    let method = uri.path().trim_start_matches('/');
    let reason = Reason::UnknownMethod
        .as_str_name()
        .trim_start_matches("ERROR_REASON_");
    let metadata = HashMap::from([("method".to_owned(), method.to_owned())]);
    let details = ErrorDetails::with_error_info(reason, attune_rpc::DOMAIN, metadata);
    let message = format!("this process does not serve {method}; ask the service that does");
    Status::with_error_details(Code::Unimplemented, message, details).into_http()
}
