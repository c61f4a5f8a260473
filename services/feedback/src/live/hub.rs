//! The one reader of this process, and the rooms of those who watch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attune_api::feedback::v1 as pb;
use attune_events::{Cursor, Event, Feed, FeedPage};
use attune_rpc::{Code, Error, TenantId};
use prost::Name as _;
use tokio::sync::{Notify, broadcast, watch};

use crate::convert;
use crate::domain::Announced;

/// Events of one tenant that are kept for those of its readers who are not there yet. More than two pages of the feed,
/// so that a reader who keeps up on average misses nothing.
const KEPT: usize = 1024;

/// What a room hears of: one event.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) position: i64,
    /// The feedback that was recorded; none where something else changed the numbers.
    pub(super) announced: Option<Arc<Announced>>,
}

/// The events that concern streams: new feedback, and answers that replace earlier ones.
pub(super) fn types() -> Vec<String> {
    vec![
        pb::FeedbackSubmitted::full_name(),
        pb::SurveyAnswered::full_name(),
    ]
}

impl Piece {
    /// What an event is to streams.
    pub(super) fn of(event: &Event) -> Self {
        let announced = event.is::<pb::FeedbackSubmitted>().then(|| event.decode());
        let announced = announced.and_then(|submitted| match submitted {
            Ok(submitted) => convert::watch::announced(&submitted).map(Arc::new),
            Err(error) => {
                tracing::error!(%error, position = event.position, "an event of this service cannot be read");
                None
            }
        });
        Self {
            position: event.position,
            announced,
        }
    }
}

/// Hands what is read once to the rooms of all tenants that are watched; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    feed: Feed,
    /// A room is gone with the page after its last guest.
    rooms: Mutex<HashMap<TenantId, Room>>,
    /// Up to where the rooms have been told; none while nobody reads. Set to none under the rooms' lock only.
    at: watch::Sender<Option<Cursor>>,
    /// Somebody came.
    wanted: Notify,
}

/// One tenant's.
type Room = broadcast::Sender<Piece>;

impl Hub {
    /// A hub over `feed`.
    pub(super) fn new(feed: Feed) -> Self {
        let inner = Inner {
            feed,
            rooms: Mutex::default(),
            at: watch::Sender::new(None),
            wanted: Notify::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Enters the room of a tenant until the receiver is dropped; answers with it the place that the room had been told
    /// up to: what comes after that, the receiver hears.
    pub(super) async fn enter(&self, tenant: &TenantId) -> (broadcast::Receiver<Piece>, Cursor) {
        let (receiver, mut at) = {
            let mut rooms = self.rooms();
            let room = rooms
                .entry(tenant.clone())
                .or_insert_with(|| broadcast::Sender::new(KEPT));
            // Under the lock: while somebody is in a room, the reader does not stop.
            (room.subscribe(), self.inner.at.subscribe())
        };
        self.inner.wanted.notify_one();
        let told = at.wait_for(Option::is_some).await.map(|at| *at);
        match told {
            Ok(Some(at)) => (receiver, at),
            // This hub holds the sender.
            _ => std::future::pending().await,
        }
    }

    /// Up to where the rooms have been told.
    pub(super) fn at(&self) -> Option<Cursor> {
        *self.inner.at.borrow()
    }

    /// Reads while anybody watches. Ends with an error alone; run again it goes on where it was, unless what comes next
    /// is not there any more: then those who watch are let go, and begin anew.
    pub(super) async fn run(&self) -> Error {
        loop {
            let error = match self.serve().await {
                Ok(()) => {
                    self.inner.wanted.notified().await;
                    continue;
                }
                Err(error) => error,
            };
            if matches!(error.code(), Code::OutOfRange | Code::InvalidArgument) {
                let mut rooms = self.rooms();
                rooms.clear();
                self.inner.at.send_replace(None);
            }
            return error;
        }
    }

    /// Tells the rooms until all are empty.
    async fn serve(&self) -> Result<(), Error> {
        if self.rooms().is_empty() {
            return Ok(());
        }
        let at = match self.at() {
            Some(at) => at,
            None => self.inner.feed.head().await?,
        };
        self.inner.at.send_replace(Some(at));
        let mut follow = self.inner.feed.follow(None, types(), Some(at));
        loop {
            let page = follow.next().await?;
            let mut rooms = self.rooms();
            rooms.retain(|_, room| room.receiver_count() > 0);
            if rooms.is_empty() {
                self.inner.at.send_replace(None);
                return Ok(());
            }
            tell(&rooms, &page);
            self.inner.at.send_replace(Some(page.through));
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<TenantId, Room>> {
        self.inner.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells each room what concerns it. Never waits: who is too slow misses something, and is told so.
fn tell(rooms: &HashMap<TenantId, Room>, page: &FeedPage) {
    for event in &page.events {
        if let Some(room) = rooms.get(&event.tenant) {
            // It fails without a receiver, when there is nobody to tell.
            let _ = room.send(Piece::of(event));
        }
    }
}
