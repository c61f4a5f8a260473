//! Work beside the calls: named, restarted when it fails, stopped in good order.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::layers::panic_text;

/// The first rest after a failure; it doubles with each up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
/// A task that ran so long has recovered: its next failure counts as the first.
const RECOVERED: Duration = Duration::from_mins(1);

/// How a task ended: [`Ok`] when it is done for good.
pub trait TaskResult {
    /// The failure that should restart the task.
    fn outcome(self) -> anyhow::Result<()>;
}

impl TaskResult for () {
    fn outcome(self) -> anyhow::Result<()> {
        Ok(())
    }
}

impl<E: Into<anyhow::Error>> TaskResult for Result<(), E> {
    fn outcome(self) -> anyhow::Result<()> {
        self.map_err(Into::into)
    }
}

type TaskFuture = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// A named piece of background work that can be started again.
#[derive(Clone)]
pub(crate) struct Task {
    name: Arc<str>,
    start: Arc<dyn Fn(CancellationToken) -> TaskFuture + Send + Sync>,
}

impl Task {
    pub(crate) fn new<F, T>(name: impl Into<Arc<str>>, start: F) -> Self
    where
        F: Fn(CancellationToken) -> T + Send + Sync + 'static,
        T: Future<Output: TaskResult> + Send + 'static,
    {
        let start = move |shutdown| -> TaskFuture {
            let work = start(shutdown);
            Box::pin(async move { work.await.outcome() })
        };
        Self {
            name: name.into(),
            start: Arc::new(start),
        }
    }

    /// The same task under its service's name.
    pub(crate) fn of(self, service: &str) -> Self {
        Self {
            name: format!("{service} {}", self.name).into(),
            start: self.start,
        }
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Task").field(&self.name).finish()
    }
}

/// Runs tasks until the shutdown.
#[derive(Debug)]
pub(crate) struct Supervisor {
    tracker: TaskTracker,
    shutdown: CancellationToken,
    cut: CancellationToken,
    restarts: Counter<u64>,
}

impl Supervisor {
    /// Tasks get `shutdown`, and are expected to end soon after it.
    pub(crate) fn new(shutdown: CancellationToken) -> Self {
        let restarts = attune_telemetry::meter()
            .u64_counter("attune.task.restarts")
            .with_description("Background tasks started again after an error or a panic")
            .build();
        Self {
            tracker: TaskTracker::new(),
            shutdown,
            cut: CancellationToken::new(),
            restarts,
        }
    }

    pub(crate) fn start(&self, task: Task) {
        let span = tracing::info_span!("task", task = &*task.name);
        let work = supervise(task, self.shutdown.clone(), self.restarts.clone());
        let cut = self.cut.clone();
        self.tracker
            .spawn(async move { cut.run_until_cancelled(work.instrument(span)).await });
    }

    /// Waits until every task has ended; call it after the shutdown.
    pub(crate) async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// Drops the tasks that still run, and tells how many those are.
    pub(crate) fn cut(&self) -> usize {
        self.cut.cancel();
        self.tracker.len()
    }
}

async fn supervise(task: Task, shutdown: CancellationToken, restarts: Counter<u64>) {
    let mut failures = 0;
    loop {
        let began = Instant::now();
        let Err(reason) = attempt(&task, shutdown.clone()).await else {
            tracing::debug!("task ended");
            return;
        };
        if shutdown.is_cancelled() {
            tracing::info!(reason, "task failed while stopping");
            return;
        }
        if began.elapsed() >= RECOVERED {
            failures = 0;
        }
        let rest = rest_after(failures);
        failures += 1;
        tracing::error!(
            reason,
            failures,
            rest_ms = rest.as_millis(),
            "task failed and will be started again"
        );
        restarts.add(1, &[KeyValue::new("task", task.name.to_string())]);
        if shutdown
            .run_until_cancelled(tokio::time::sleep(rest))
            .await
            .is_none()
        {
            return;
        }
    }
}

/// Runs the task once; the failure's text, be it an error or a panic.
async fn attempt(task: &Task, shutdown: CancellationToken) -> Result<(), String> {
    // Starting may panic as well, so it happens inside.
    let work = async { (task.start)(shutdown).await };
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
        Err(payload) => Err(format!("panicked: {}", panic_text(&*payload))),
    }
}

/// Doubles from [`SHORTEST`] to [`LONGEST`], shortened by up to a half so that replicas do not move in step.
fn rest_after(failures: u32) -> Duration {
    let full = SHORTEST
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(LONGEST);
    full.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_fails_or_panics_is_started_again_until_it_is_done() {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = runs.clone();
        let supervisor = Supervisor::new(CancellationToken::new());
        supervisor.start(Task::new("flaky", move |_shutdown| {
            let run = counted.fetch_add(1, Ordering::SeqCst);
            assert!(run != 0, "the first start panics");
            async move {
                match run {
                    1 => Err(anyhow::anyhow!("the second run fails")),
                    2 => panic!("the third run panics"),
                    _ => Ok(()),
                }
            }
        }));
        supervisor.ended().await;
        assert_eq!(runs.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_shutdown_ends_the_rest_between_two_starts() {
        let shutdown = CancellationToken::new();
        let supervisor = Supervisor::new(shutdown.clone());
        supervisor.start(Task::new("failing", |_shutdown| async {
            Err::<(), _>(anyhow::anyhow!("always"))
        }));
        tokio::time::advance(Duration::from_secs(5)).await;
        shutdown.cancel();
        supervisor.ended().await;
        assert_eq!(supervisor.cut(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_listen_can_be_cut() {
        let shutdown = CancellationToken::new();
        let supervisor = Supervisor::new(shutdown.clone());
        supervisor.start(Task::new("deaf", |_shutdown| std::future::pending::<()>()));
        shutdown.cancel();
        assert_eq!(supervisor.cut(), 1);
        supervisor.ended().await;
    }

    #[test]
    fn rests_grow_to_a_bound() {
        for (failures, full) in [
            (0, SHORTEST),
            (3, SHORTEST * 8),
            (9, LONGEST),
            (u32::MAX, LONGEST),
        ] {
            let rest = rest_after(failures);
            assert!(rest >= full / 2 && rest <= full, "{failures}: {rest:?}");
        }
    }
}
