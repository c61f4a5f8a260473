//! Reading a feed page by page, and waiting at its end.

use std::time::Duration;

use attune_rpc::{Error, TenantId};
use tokio::sync::watch;

use super::{Feed, FeedPage, Selection, View};
use crate::Cursor;

/// How long a reader waits for a hint at most; it looks at the feed then, whatever it was told.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// One reader of a feed, within the process that fills it: what it has not asked for stays in the table.
#[derive(Debug)]
pub struct Follow {
    feed: Feed,
    selection: Selection,
    head: watch::Receiver<i64>,
    after: Option<Cursor>,
    caught_up: bool,
}

impl Feed {
    /// Reads what was told after `after`, or from the oldest event on: of one tenant, or of all; payloads of these full
    /// names only, or all of them where none is named. A cursor that cannot be served is refused by the first
    /// [`next`](Follow::next), as by [`check`](Self::check).
    pub fn follow(&self, tenant: Option<TenantId>, types: Vec<String>, after: Option<Cursor>) -> Follow {
        let view = tenant.map_or(View::Platform, View::Tenant);
        self.read(Selection { view, types }, after)
    }

    pub(super) fn read(&self, selection: Selection, after: Option<Cursor>) -> Follow {
        Follow {
            head: self.signals.head(),
            feed: self.clone(),
            selection,
            after,
            caught_up: false,
        }
    }
}

impl Follow {
    /// The next page: at once while there is more, else when the feed has moved, or after two seconds without an
    /// event. May be dropped while it waits; nothing is lost. Fails as [`Feed::check`] does.
    pub async fn next(&mut self) -> Result<FeedPage, Error> {
        if self.caught_up {
            // An error means that the sender is gone, which the feed's own handle rules out; the heartbeat would look
            // again in any case.
            let _ = tokio::time::timeout(HEARTBEAT, self.head.changed()).await;
            self.caught_up = false;
        }
        // Seen before the look, so that no step of the head falls between the look and the wait.
        self.head.borrow_and_update();
        let page = self.feed.page(self.after, &self.selection).await?;
        self.after = Some(page.through);
        self.caught_up = page.caught_up();
        Ok(page)
    }
}
