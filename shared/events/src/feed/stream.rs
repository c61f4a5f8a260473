//! One subscriber's stream: pages read on demand, never a queue in between.

use std::time::Duration;

use attune_api::events::v1 as pb;
use attune_rpc::Error;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{Feed, FeedPage, Selection};
use crate::Cursor;

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
        let mut follow = self.feed.read(self.selection.clone(), self.after);
        loop {
            let page = match follow.next().await {
                Ok(page) => page,
                Err(error) => return error,
            };
            if self.sender.send(Ok(page.into())).await.is_err() {
                return stopping();
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

impl From<FeedPage> for pb::SubscribeResponse {
    fn from(page: FeedPage) -> Self {
        let caught_up = page.caught_up();
        Self {
            events: page.events.into_iter().map(Into::into).collect(),
            through: page.through.encode(),
            caught_up,
            through_position: page.through.position,
            head_position: page.head,
        }
    }
}
