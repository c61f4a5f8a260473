//! The parts of all services, with what the server adds to each by itself.

use std::sync::Arc;

use attune_api::events::v1::event_feed_service_server::EventFeedServiceServer;
use attune_database::Database;
use attune_events::{Feed, FeedClient, FeedService, Sequencer, Subscription};
use attune_timers::TimerLoop;
use tokio_util::sync::CancellationToken;

use crate::pages::Section;
use crate::part::Registration;
use crate::tasks::Task;
use crate::{Part, Peers, retention, statistics};

/// Handlers, feeds and tasks collected so far.
pub(crate) struct Assembly {
    event_days: u32,
    registrations: Vec<Registration>,
    feeds: Vec<Feed>,
    tasks: Vec<Task>,
    pages: Vec<Section>,
}

impl Assembly {
    /// Events are kept for `event_days`.
    pub(crate) fn new(event_days: u32) -> Self {
        Self {
            event_days,
            registrations: Vec::new(),
            feeds: Vec::new(),
            tasks: Vec::new(),
            pages: Vec::new(),
        }
    }

    /// Adds the part of the service `name`.
    pub(crate) fn add(&mut self, name: &'static str, database: &Database, peers: &Peers, part: Part) {
        let Part {
            grpc,
            consumers,
            timers,
            tasks,
            expiring,
            pages,
        } = part;
        self.pages.extend(pages);
        self.registrations.extend(grpc);
        self.feeds.push(Feed::new(database.clone(), name));
        self.keep(
            format!("{name} sequencer"),
            Sequencer::new(database.clone()),
            |sequencer, shutdown| async move {
                sequencer.run(shutdown).await;
            },
        );
        for consumer in consumers {
            let client = FeedClient::new(peers.channel(consumer.source()));
            let task = format!("{name} subscription {}", consumer.name());
            let subscription = Subscription::new(consumer, database.clone(), client);
            self.keep(task, subscription, |subscription, shutdown| async move {
                subscription.run(shutdown).await;
            });
        }
        if !timers.is_empty() {
            let timers = TimerLoop::new(database.clone(), timers);
            self.keep(format!("{name} timers"), timers, |timers, shutdown| async move {
                timers.run(shutdown).await;
            });
        }
        let (days, kept) = (self.event_days, database.clone());
        self.tasks
            .push(Task::new(format!("{name} retention"), move |shutdown| {
                retention::run(kept.clone(), days, expiring.clone(), shutdown)
            }));
        let filled = database.clone();
        self.tasks
            .push(Task::new(format!("{name} statistics"), move |shutdown| {
                statistics::run(filled.clone(), shutdown)
            }));
        self.tasks.extend(tasks.into_iter().map(|task| task.of(name)));
    }

    /// Adds a loop that lives as long as the process and can be started again.
    fn keep<L, F, T>(&mut self, name: String, inner: L, run: F)
    where
        L: Send + Sync + 'static,
        F: Fn(Arc<L>, CancellationToken) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let inner = Arc::new(inner);
        self.tasks
            .push(Task::new(name, move |shutdown| run(Arc::clone(&inner), shutdown)));
    }

    /// Everything, with one feed service for all feeds. Must be called inside a runtime.
    pub(crate) fn finish(
        mut self,
        shutdown: CancellationToken,
    ) -> (Vec<Registration>, Vec<Task>, Vec<Section>) {
        let feeds = FeedService::new(self.feeds, shutdown);
        self.registrations
            .push(Registration::new(EventFeedServiceServer::new(feeds)));
        (self.registrations, self.tasks, self.pages)
    }
}
