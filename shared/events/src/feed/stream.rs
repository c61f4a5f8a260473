//! One subscriber's stream: pages read on demand, never a queue in between.

use std::time::Duration;

use attune_api::events::v1 as pb;
use attune_rpc::Error;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{Feed, Page, Selection};
use crate::Cursor;

/// How long a stream stays silent at most; it looks at the feed then, whatever it was told.
const HEARTBEAT: Duration = Duration::from_secs(2);

pub(super) type Message = Result<pb::SubscribeResponse, Status>;

pub(super) struct Stream {
    pub(super) feed: Feed,
    pub(super) selection: Selection,
    pub(super) after: Option<Cursor>,
    /// The channel holds one message: what a slow reader has not taken stays in the table.
    pub(super) sender: Sender<Message>,
    pub(super) shutdown: CancellationToken,
}

impl Stream {
    /// Sends pages until the reader goes, the server stops or the feed cannot be read.
    pub(super) async fn run(self) {
        let error = tokio::select! {
            biased;
            () = self.sender.closed() => return,
            () = self.shutdown.cancelled() => stopping(),
            error = self.pages() => error,
        };
        // The reader is told why even when it is slow, unless it leaves first.
        let _ = self.sender.send(Err(error.into())).await;
    }

    async fn pages(&self) -> Error {
        let mut head = self.feed.signals().head();
        let mut after = self.after;
        loop {
            // Seen before the look, so that no step of the head falls between the look and the wait.
            head.borrow_and_update();
            let page = match self.feed.page(after, &self.selection).await {
                Ok(page) => page,
                Err(error) => return error,
            };
            after = Some(page.through);
            let caught_up = page.through.position == page.head;
            if self.sender.send(Ok(page.into())).await.is_err() {
                return stopping();
            }
            if caught_up {
                // An error means that the sender is gone, which the feed's own handle rules out; the heartbeat
                // would look again in any case.
                let _ = tokio::time::timeout(HEARTBEAT, head.changed()).await;
            }
        }
    }
}

fn stopping() -> Error {
    Error::unavailable(
        "the server is stopping; subscribe again after the last `through`",
        Duration::from_millis(500),
    )
}

impl From<Page> for pb::SubscribeResponse {
    fn from(page: Page) -> Self {
        Self {
            events: page.events.into_iter().map(Into::into).collect(),
            through: page.through.encode(),
            caught_up: page.through.position == page.head,
            through_position: page.through.position,
            head_position: page.head,
        }
    }
}
