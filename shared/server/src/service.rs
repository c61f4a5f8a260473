//! What the server asks of a service, and what it gives.

use std::time::Duration;

use async_trait::async_trait;
use attune_clock::Clock;
use attune_database::Database;
use sqlx::migrate::Migrator;
use tokio_util::sync::CancellationToken;

use crate::{Part, Peers};

/// One service of the platform, as the server sees it.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// Its name, such as `profiles`: that of its schema, its feed and its role.
    fn name(&self) -> &'static str;

    /// Its migrations.
    fn migrator(&self) -> &'static Migrator;

    /// Its handlers and its background work. The database is migrated; the server does not answer yet, so
    /// nothing here may call a peer.
    async fn build(&self, context: Context) -> anyhow::Result<Part>;
}

/// What a service is built with.
#[derive(Clone, Debug)]
pub struct Context {
    /// Its own schema.
    pub database: Database,
    /// The platform's time.
    pub clock: Clock,
    /// The other services.
    pub peers: Peers,
    /// For the service's `attune_timers::Worker`s: how long they lease at most.
    pub longest_lease: Option<Duration>,
    /// For feedback: how long an engine outside, the peer `feedback_analyzer`, may take for one request.
    pub analyzer_timeout: Duration,
    /// Cancelled when the process stops. A handler that returns a stream without an end selects on it and
    /// ends the stream with UNAVAILABLE, or the stop waits for its whole grace.
    pub shutdown: CancellationToken,
}
