//! One consumer's way through one source's feed.
//!
//! The cursor is a row of the consumer's own schema. A batch of events, its effects and the step of the cursor
//! are one transaction, begun by taking the row: of several replicas one handles a batch, the others step
//! back and look again later.

mod apply;
mod batch;
mod cursor;
mod handle;
mod parking;

use std::sync::Arc;
use std::time::Duration;

use attune_api::events::v1 as pb;
use attune_database::Database;
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use crate::backoff::Backoff;
use crate::measure::SubscriptionMeasures;
use crate::signals::Signals;
use crate::{Consumer, Cursor, FeedClient};
use batch::{Batch, InvalidResponse};
use cursor::CursorRow;
use parking::Parking;

/// How long a replica that found another one at work waits before it looks again.
const STANDBY: Duration = Duration::from_secs(1);
/// How often parked events are looked at, and the lag is measured, without a hint.
const TICK: Duration = Duration::from_secs(2);
/// A checkpoint is kept back until the stream has been silent this long, ...
const SILENCE: Duration = Duration::from_millis(2);
/// ... but not longer than this: under load it would be a commit for every batch of somebody else's events.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(100);
/// Rests between tries of a stream, a database or an event that fails.
const FIRST_REST: Duration = Duration::from_millis(20);
const LONGEST_REST: Duration = Duration::from_secs(5);

/// Feeds one [`Consumer`] until it is shut down.
pub struct Subscription {
    consumer: Arc<dyn Consumer>,
    database: Database,
    client: FeedClient,
    row: CursorRow,
    parking: Parking,
    signals: Arc<Signals>,
    measures: SubscriptionMeasures,
}

/// Why following a stream ended.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("feed: {} {}", .0.code(), .0.message())]
    Feed(#[from] tonic::Status),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "the subscription {name} follows {source_found}; give the consumer of {source_wanted} another name"
    )]
    OtherSource {
        name: &'static str,
        source_found: String,
        source_wanted: &'static str,
    },
    #[error(transparent)]
    Response(#[from] InvalidResponse),
    #[error("another replica is at work")]
    Standby,
}

impl Subscription {
    /// Feeds `consumer`, whose effects and cursor are in `database`, from the feed behind `client`.
    pub fn new(consumer: Arc<dyn Consumer>, database: Database, client: FeedClient) -> Self {
        let (name, source, schema) = (consumer.name(), consumer.source(), database.schema());
        Self {
            row: CursorRow::new(schema, name, source),
            parking: Parking::new(schema, name),
            signals: Signals::of(&database),
            measures: SubscriptionMeasures::of(name, source),
            consumer,
            database,
            client,
        }
    }

    /// Follows the feed until `shutdown`. A source that is down, a database that fails and a handler that
    /// cannot go on are tried again with growing rests; progress is where it was left.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.persist() => {}
        }
    }

    async fn persist(&self) {
        let mut backoff = Backoff::new(FIRST_REST, LONGEST_REST);
        loop {
            let Err(broken) = self.follow(&mut backoff).await;
            let rest = if matches!(broken, Broken::Standby) {
                STANDBY
            } else {
                self.measures.silent();
                backoff.next()
            };
            self.tell(&broken, rest);
            tokio::time::sleep(rest).await;
        }
    }

    fn tell(&self, broken: &Broken, rest: Duration) {
        let (subscription, source) = (self.consumer.name(), self.consumer.source());
        match broken {
            Broken::Standby => {
                tracing::debug!(subscription, source, "another replica is at work, standing by");
            }
            // A source that restarts is nothing to worry about until it stays away.
            Broken::Feed(status)
                if status.code() == tonic::Code::Unavailable && rest < Duration::from_secs(1) =>
            {
                tracing::debug!(subscription, source, %broken, "feed interrupted");
            }
            _ => tracing::warn!(subscription, source, %broken, "subscription interrupted, trying again"),
        }
    }

    /// Registers, opens the stream after the cursor and handles what comes.
    async fn follow(&self, backoff: &mut Backoff) -> Result<std::convert::Infallible, Broken> {
        let found = self.row.register(&self.database).await?;
        if found != self.consumer.source() {
            let (name, source_wanted) = (self.consumer.name(), self.consumer.source());
            return Err(Broken::OtherSource {
                name,
                source_found: found,
                source_wanted,
            });
        }
        self.redeliver().await?;
        let mut at = self.row.read(&self.database).await?;
        let after = at.map(|cursor| cursor.encode()).unwrap_or_default();
        let mut stream = self
            .client
            .subscribe(self.consumer.source(), after, self.consumer.types())
            .await?;
        let mut look_at = Instant::now() + TICK;
        loop {
            let Some(batch) = self.next(&mut stream, at, look_at).await? else {
                self.redeliver().await?;
                look_at = Instant::now() + TICK;
                continue;
            };
            at = Some(self.take(batch, at).await?);
            backoff.reset();
        }
    }

    /// The next batch to handle, or `None` when it is time to look at the parked events.
    async fn next(
        &self,
        stream: &mut Streaming<pb::SubscribeResponse>,
        at: Option<Cursor>,
        look_at: Instant,
    ) -> Result<Option<Batch>, Broken> {
        let mut batch = tokio::select! {
            // A stream that is never silent must not keep the parked events from being looked at.
            biased;
            () = self.signals.released.notified() => return Ok(None),
            () = tokio::time::sleep_until(look_at) => return Ok(None),
            response = stream.message() => Batch::new(at, ended(response)?)?,
        };
        if batch.stays(at) {
            self.measure(None, batch.behind_after());
            return Ok(None);
        }
        self.gather(stream, &mut batch).await?;
        Ok(Some(batch))
    }

    /// Adds what has arrived already, and what arrives while the consumer is patient, so that a subscription which fell
    /// behind works in larger transactions and one that is up to date does not commit every empty step of the feed.
    async fn gather(
        &self,
        stream: &mut Streaming<pb::SubscribeResponse>,
        batch: &mut Batch,
    ) -> Result<(), Broken> {
        let began = Instant::now();
        let until = began + CHECKPOINT_EVERY;
        let patient = began + self.consumer.patience().min(CHECKPOINT_EVERY);
        while batch.has_room() && Instant::now() < until {
            let response = if batch.events.is_empty() {
                tokio::time::timeout(SILENCE, stream.message()).await.ok()
            } else if Instant::now() < patient {
                tokio::time::timeout_at(patient, stream.message()).await.ok()
            } else {
                stream.message().now_or_never()
            };
            let Some(response) = response else { break };
            batch.add(ended(response)?)?;
        }
        Ok(())
    }

    /// Handles a batch to the end, and answers the cursor after it.
    async fn take(&self, batch: Batch, at: Option<Cursor>) -> Result<Cursor, Broken> {
        if batch.events.is_empty() {
            if !self.row.checkpoint(&self.database, at, batch.through).await? {
                return Err(Broken::Standby);
            }
        } else {
            self.measure(batch.oldest(), batch.behind_before(at));
            self.apply(&batch, at).await?;
            self.measures.handled(batch.events.len());
        }
        self.measure(None, batch.behind_after());
        Ok(batch.through)
    }

    fn measure(&self, oldest: Option<DateTime<Utc>>, events: i64) {
        self.measures.lag(oldest, self.database.clock().now(), events);
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Subscription")
            .field("name", &self.consumer.name())
            .field("source", &self.consumer.source())
            .finish_non_exhaustive()
    }
}

/// A stream that ends without a word was cut as much as one that ends with an error.
fn ended(
    response: Result<Option<pb::SubscribeResponse>, tonic::Status>,
) -> Result<pb::SubscribeResponse, tonic::Status> {
    response?.ok_or_else(|| tonic::Status::unavailable("the stream ended"))
}
