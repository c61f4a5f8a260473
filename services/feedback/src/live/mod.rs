//! Streams of what is new. One reader of the service's own events serves all who watch in this process; each of them
//! has a bounded share of memory, and falls behind alone.

mod board;
mod hub;
mod metrics;
mod permits;
mod pieces;

use std::time::Duration;

use attune_database::{Database, GatherReads};
use attune_events::{Cursor, Feed};
use attune_rpc::{Error, TenantId};
use chrono::{DateTime, Utc};
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::commands::feedback::ById;
use crate::domain::Watched;

use board::Boards;
use hub::Hub;
pub(crate) use metrics::{Change, Changes};
use permits::{Permit, Permits};
pub(crate) use pieces::{Filter, Update};

/// After what time a stream that ended with the process finds another one.
const ELSEWHERE_AFTER: Duration = Duration::from_millis(500);

/// What a stream was opened with.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) tenant: TenantId,
    /// Where an earlier stream ended; none to begin now.
    pub(crate) after: Option<Cursor>,
    /// When the caller's token expires, in real time.
    pub(crate) until: DateTime<Utc>,
}

/// What a reader missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// How much; 0 where it is not known.
    pub(crate) missed: u64,
    /// The place before it, and the place of the last of it.
    pub(crate) after: Cursor,
    pub(crate) through: Cursor,
}

/// Opens streams; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    feed: Feed,
    by_id: GatherReads<ById>,
    hub: Hub,
    boards: Boards,
    permits: Permits,
    shutdown: CancellationToken,
}

impl Live {
    /// Streams over what the service that `db` belongs to tells, `most` at a time for each tenant.
    pub(crate) fn new(db: &Database, most: u32, shutdown: CancellationToken) -> Self {
        let feed = Feed::new(db.clone(), "feedback");
        let hub = Hub::new(feed.clone());
        Self {
            by_id: GatherReads::new(db.clone(), ById),
            boards: Boards::new(db.clone(), hub.clone()),
            permits: Permits::new(most),
            feed,
            hub,
            shutdown,
        }
    }

    /// Reads for all streams until `shutdown`; without it they stand still.
    pub(crate) async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            error = self.hub.run() => Err(error),
        }
    }

    /// Feedback as it is recorded. Fails where the tenant has as many streams as it may, or the place is not served.
    pub(crate) async fn feedback(
        &self,
        opening: Opening,
        filter: Filter,
    ) -> Result<ReceiverStream<Result<Update, Error>>, Error> {
        let permit = self.admit(&opening).await?;
        let (sender, receiver) = mpsc::channel(1);
        let stream = pieces::Pieces {
            feed: self.feed.clone(),
            by_id: self.by_id.clone(),
            hub: self.hub.clone(),
            tenant: opening.tenant.clone(),
            filter,
            sender: sender.clone(),
        };
        let guard = self.guard(&opening, permit);
        tokio::spawn(async move { guard.hold(&sender, stream.run(opening.after)).await });
        Ok(ReceiverStream::new(receiver))
    }

    /// Numbers as they change. Fails as [`feedback`](Self::feedback) does.
    pub(crate) async fn metrics(
        &self,
        opening: Opening,
        watched: Vec<Watched>,
    ) -> Result<ReceiverStream<Result<Changes, Error>>, Error> {
        let permit = self.admit(&opening).await?;
        let (sender, receiver) = mpsc::channel(1);
        let view = self.boards.view(&opening.tenant, watched);
        let guard = self.guard(&opening, permit);
        let stream = metrics::Numbers {
            view,
            sender: sender.clone(),
        };
        tokio::spawn(async move { guard.hold(&sender, stream.run(opening.after)).await });
        Ok(ReceiverStream::new(receiver))
    }

    /// What cannot be served is refused before the stream.
    async fn admit(&self, opening: &Opening) -> Result<Permit, Error> {
        let permit = self.permits.take(&opening.tenant)?;
        self.feed.check(opening.after).await?;
        Ok(permit)
    }

    fn guard(&self, opening: &Opening, permit: Permit) -> Guard {
        Guard {
            until: opening.until,
            shutdown: self.shutdown.clone(),
            _permit: permit,
        }
    }
}

/// What ends a stream from outside.
struct Guard {
    until: DateTime<Utc>,
    shutdown: CancellationToken,
    _permit: Permit,
}

impl Guard {
    /// Runs a stream until its reader goes, its token expires, the process stops or it fails; tells the reader why.
    async fn hold<T>(self, sender: &Sender<Result<T, Error>>, stream: impl Future<Output = Error>) {
        let left = (self.until - Utc::now()).to_std().unwrap_or_default();
        let error = tokio::select! {
            biased;
            () = sender.closed() => return,
            () = self.shutdown.cancelled() => stopping(),
            () = tokio::time::sleep(left) => {
                let message = "the token has expired; open the stream again with a fresh one and the last `through`";
                Error::unauthenticated(message)
            }
            error = stream => error,
        };
        // The reader is told why even when it is slow, unless it leaves first.
        let _ = sender.send(Err(error)).await;
    }
}

fn stopping() -> Error {
    Error::unavailable(
        "the server is stopping; open the stream again with the last `through`",
        ELSEWHERE_AFTER,
    )
}
