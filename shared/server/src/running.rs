//! A process that serves, until it has drained.

use std::net::SocketAddr;
use std::time::Duration;

use attune_telemetry::Readiness;
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::tasks::Supervisor;

/// How long the connections of the pools may take to close.
const CLOSE: Duration = Duration::from_secs(2);

/// A serving process. Dropping it leaves the process serving; [`Running::drain`] ends it.
#[derive(Debug)]
#[must_use = "a process is stopped by `drain`"]
pub struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) server: JoinHandle<Result<(), tonic::transport::Error>>,
    pub(crate) supervisor: Supervisor,
    pub(crate) shutdown: CancellationToken,
    pub(crate) health: Health,
    pub(crate) pools: Vec<PgPool>,
    pub(crate) grace: Duration,
    pub(crate) delay: Duration,
}

/// How a process stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Everything ended by itself within the grace.
    Cleanly,
    /// The grace was over first.
    Cut {
        /// Whether calls or streams were still open.
        calls: bool,
        /// How many tasks still ran.
        tasks: usize,
    },
}

impl Running {
    /// Where it listens, with its true port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns when the server has ended although nobody asked it to.
    pub async fn failed(&mut self) -> anyhow::Error {
        match (&mut self.server).await {
            Ok(Ok(())) => anyhow::anyhow!("the server ended by itself"),
            Ok(Err(error)) => anyhow::Error::new(error).context("the server ended"),
            Err(error) => anyhow::Error::new(error).context("the server's task ended"),
        }
    }

    /// Stops: says `NOT_SERVING`, goes on for the drain delay, then takes no more calls, tells streams and
    /// tasks to end, and waits for them and for the calls in progress at most for the grace.
    pub async fn drain(self) -> Drained {
        let Self {
            address,
            mut server,
            supervisor,
            shutdown,
            health,
            pools,
            grace,
            delay,
        } = self;
        tracing::info!(%address, grace_s = grace.as_secs_f64(), "stopping");
        health.stopping().await;
        tokio::time::sleep(delay).await;
        shutdown.cancel();

        let end = Instant::now() + grace;
        let calls = timeout_at(end, &mut server).await.is_err();
        if calls {
            server.abort();
        }
        let tasks = match timeout_at(end, supervisor.ended()).await {
            Ok(()) => 0,
            Err(_) => supervisor.cut(),
        };
        let closed = futures::future::join_all(pools.iter().map(PgPool::close));
        if tokio::time::timeout(CLOSE, closed).await.is_err() {
            tracing::warn!("some database connections were still in use");
        }
        let drained = if calls || tasks > 0 {
            Drained::Cut { calls, tasks }
        } else {
            Drained::Cleanly
        };
        tracing::info!(%address, ?drained, "stopped");
        drained
    }
}

/// What the process says of itself, to gRPC health checks and to `/readyz`.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub(crate) reporter: HealthReporter,
    pub(crate) readiness: Readiness,
    /// The full names of the services served, and "" for the whole.
    pub(crate) names: Vec<&'static str>,
}

impl Health {
    pub(crate) async fn serving(&self) {
        self.set(ServingStatus::Serving).await;
        self.readiness.set(true);
    }

    pub(crate) async fn stopping(&self) {
        self.readiness.set(false);
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        for name in &self.names {
            self.reporter.set_service_status(*name, status).await;
        }
    }
}
