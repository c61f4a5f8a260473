//! What a service adds to the process.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use attune_events::Consumer;
use attune_timers::TimerHandler;
use axum::Router;
use axum::response::IntoResponse;
use chrono::TimeDelta;
use http::Request;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;

use crate::pages::Section;
use crate::retention::Expiring;
use crate::tasks::{Task, TaskResult};

/// The handlers, subscriptions, timers and tasks of one service.
///
/// Sequencer, feed, retention and first statistics come by themselves. Registering a handler registers its reflection, its
/// health and its metrics, so that they cannot diverge.
#[derive(Default)]
pub struct Part {
    pub(crate) grpc: Vec<Registration>,
    pub(crate) consumers: Vec<Arc<dyn Consumer>>,
    pub(crate) timers: Vec<Arc<dyn TimerHandler>>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) expiring: Vec<Expiring>,
    pub(crate) pages: Vec<Section>,
}

/// A generated server on its way into the routes.
pub(crate) struct Registration {
    pub(crate) name: &'static str,
    add: Box<dyn FnOnce(Routes) -> Routes + Send>,
}

impl Registration {
    pub(crate) fn new<S>(server: S) -> Self
    where
        S: tower::Service<Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        Self {
            name: S::NAME,
            add: Box::new(move |routes| routes.add_service(server)),
        }
    }

    pub(crate) fn add_to(self, routes: Routes) -> Routes {
        (self.add)(routes)
    }
}

impl Part {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves a generated server, such as `ProfileServiceServer::new(handler)`.
    #[must_use]
    pub fn grpc<S>(mut self, server: S) -> Self
    where
        S: tower::Service<Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        self.grpc.push(Registration::new(server));
        self
    }

    /// Serves plain HTTP under `prefix`, such as `/s/`, on the listener of the calls: without their layers, so
    /// without a token; whoever can reach the listener can ask. The number in progress, the time and the size of a
    /// request are bounded.
    #[must_use]
    pub fn http(mut self, prefix: &'static str, router: Router) -> Self {
        self.pages.push(Section { prefix, router });
        self
    }

    /// Subscribes to another service's feed.
    #[must_use]
    pub fn consumer(mut self, consumer: impl Consumer) -> Self {
        self.consumers.push(Arc::new(consumer));
        self
    }

    /// Fires the timers of one kind.
    #[must_use]
    pub fn timer(mut self, handler: impl TimerHandler) -> Self {
        self.timers.push(Arc::new(handler));
        self
    }

    /// Forgets the rows of `table` whose `column` is older than `age`; what the table needs for it stands at
    /// [`expire_rows`](attune_database::retention::expire_rows).
    #[must_use]
    pub fn expiring(mut self, table: &'static str, column: &'static str, age: TimeDelta) -> Self {
        self.expiring.push(Expiring { table, column, age });
        self
    }

    /// Runs `start(shutdown)` beside the calls, on every replica. Returning `()` or `Ok` ends the task for
    /// good; an error or a panic is logged and counted, and it is started again after a rest that grows from
    /// 0.1 to 30 s. It is expected to end soon after `shutdown` is cancelled.
    #[must_use]
    pub fn task<F, T>(mut self, name: &'static str, start: F) -> Self
    where
        F: Fn(CancellationToken) -> T + Send + Sync + 'static,
        T: Future<Output: TaskResult> + Send + 'static,
    {
        self.tasks.push(Task::new(name, start));
        self
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field(
                "grpc",
                &self
                    .grpc
                    .iter()
                    .map(|registration| registration.name)
                    .collect::<Vec<_>>(),
            )
            .field(
                "consumers",
                &self
                    .consumers
                    .iter()
                    .map(|consumer| consumer.name())
                    .collect::<Vec<_>>(),
            )
            .field(
                "timers",
                &self.timers.iter().map(|timer| timer.kind()).collect::<Vec<_>>(),
            )
            .field("tasks", &self.tasks)
            .field("expiring", &self.expiring)
            .field(
                "pages",
                &self
                    .pages
                    .iter()
                    .map(|section| section.prefix)
                    .collect::<Vec<_>>(),
            )
            .finish()
    }
}
