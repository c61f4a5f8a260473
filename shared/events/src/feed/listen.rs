//! How a process learns that a feed moved: a hint from Postgres, and a look every now and then.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{PgPool, SqlStr, query_scalar};
use tokio_util::sync::CancellationToken;

use super::Feed;
use crate::backoff::Backoff;
use crate::sequencer::channel;
use crate::statement::statement;

/// How often the heads are looked at; the truth, should every hint be lost.
const POLL: Duration = Duration::from_millis(250);

/// Keeps the streams of `feeds` awake until `shutdown`.
pub(super) fn spawn(feeds: Vec<Feed>, shutdown: &CancellationToken) {
    for group in by_database(feeds) {
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            let group: Arc<[Watched]> = group.into();
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = listen(&group) => {}
                () = poll(&group) => {}
            }
        });
    }
}

struct Watched {
    feed: Feed,
    channel: String,
    head: SqlStr,
}

/// Schemas of one database share one LISTEN connection.
fn by_database(feeds: Vec<Feed>) -> Vec<Vec<Watched>> {
    let mut groups: Vec<Vec<Watched>> = Vec::new();
    for feed in feeds {
        let watched = Watched {
            channel: channel(feed.database()),
            head: statement(
                feed.database().schema(),
                "SELECT position FROM {schema}.feed_head",
            ),
            feed,
        };
        match groups
            .iter_mut()
            .find(|group| group.first().is_some_and(|first| first.is_beside(&watched)))
        {
            Some(group) => group.push(watched),
            None => groups.push(vec![watched]),
        }
    }
    groups
}

impl Watched {
    fn pool(&self) -> &PgPool {
        self.feed.database().pool()
    }

    fn is_beside(&self, other: &Self) -> bool {
        let (one, two) = (self.pool().connect_options(), other.pool().connect_options());
        (
            one.get_host(),
            one.get_port(),
            one.get_socket(),
            one.get_database(),
        ) == (
            two.get_host(),
            two.get_port(),
            two.get_socket(),
            two.get_database(),
        )
    }

    /// A notification carries the head; one that does not, by another version or an operator's hand, is a reason to
    /// look.
    async fn hear(&self, head: &str) {
        match head.parse() {
            Ok(head) => self.feed.signals().head_is(head),
            Err(_) => self.look().await,
        }
    }

    async fn look(&self) {
        match query_scalar(self.head.clone()).fetch_one(self.pool()).await {
            Ok(head) => self.feed.signals().head_is(head),
            Err(error) => tracing::debug!(source = self.feed.name(), %error, "feed head not read"),
        }
    }
}

async fn poll(group: &[Watched]) {
    loop {
        futures::future::join_all(group.iter().map(Watched::look)).await;
        tokio::time::sleep(POLL).await;
    }
}

async fn listen(group: &[Watched]) {
    let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));
    loop {
        if let Err(error) = follow(group, &mut backoff).await {
            tracing::debug!(%error, "no notifications of feeds, polling only");
        }
        tokio::time::sleep(backoff.next()).await;
    }
}

/// One connection beside the pool, whose places are for those who come and go.
async fn follow(group: &[Watched], backoff: &mut Backoff) -> Result<(), sqlx::Error> {
    let Some(first) = group.first() else {
        return std::future::pending().await;
    };
    let options = first.pool().connect_options().as_ref().clone();
    let own = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None);
    let mut listener = PgListener::connect_with(&own.connect_lazy_with(options)).await?;
    listener
        .listen_all(group.iter().map(|watched| watched.channel.as_str()))
        .await?;
    backoff.reset();
    loop {
        match listener.try_recv().await? {
            Some(notification) => {
                for watched in group
                    .iter()
                    .filter(|watched| watched.channel == notification.channel())
                {
                    watched.hear(notification.payload()).await;
                }
            }
            // The connection was lost and is back; what was told meanwhile is not.
            None => {
                for watched in group {
                    watched.look().await;
                }
            }
        }
    }
}
