//! Due work that calls something outside the database.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use chrono::{DateTime, Utc};
use sqlx::{SqlStr, query, query_as, query_scalar};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::Timer;
use crate::signals::Hints;
use crate::statement::statement;
use crate::timer_loop::{POLL, rest_after, timer};

/// Does what is due for one kind of timer where that needs a call outside the database, which no transaction
/// may hold open.
///
/// The timer is leased, not removed: whoever dies in the middle loses the lease, and somebody else begins
/// again. So the outside call may happen twice, and must carry a key; the effect in the database happens
/// once, because [`Leased::finish`] removes the timer in the effect's transaction and refuses when the lease
/// was lost.
#[async_trait]
pub trait Work: Send + Sync + 'static {
    /// The kind of timer.
    fn kind(&self) -> &'static str;

    /// How many timers are leased at once.
    fn batch(&self) -> u16 {
        50
    }

    /// How many batches are in work at once.
    fn concurrency(&self) -> usize {
        2
    }

    /// How long a batch may take; after that others may begin it again. Real time, also on a virtual clock:
    /// a lease guards against the death of a process.
    fn lease(&self) -> Duration {
        Duration::from_mins(1)
    }

    /// Does what is due; all of `due` belongs to `tenant`. What is not finished when this returns, whether it
    /// failed or not, is due again after a rest that grows with each time.
    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()>;
}

/// A timer that this process holds for a while.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The timer. `attempts` counts how often it was not finished before.
    pub timer: Timer,
    until: DateTime<Utc>,
    /// Whether the transaction that removes the timer was committed; all copies know.
    finished: Arc<AtomicBool>,
}

/// Tenant, kind, subject, due at, attempts, leased until.
type Row = (String, String, Uuid, DateTime<Utc>, i32, DateTime<Utc>);

/// The lease was over and somebody else may have begun the same work; nothing of this transaction may stay.
#[derive(Debug, thiserror::Error)]
#[error("the lease of the {kind} of {subject} was lost")]
pub struct LeaseLost {
    kind: String,
    subject: Uuid,
}

/// Why [`Leased::finish`] failed.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// See [`LeaseLost`].
    #[error(transparent)]
    Lost(#[from] LeaseLost),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Leased {
    /// Removes the timer in the transaction of the effect. Scheduling the same timer again comes after this.
    pub async fn finish(&self, tx: &mut Tx) -> Result<(), FinishError> {
        let removed = query(statement(tx.schema(), FINISH))
            .bind(self.timer.tenant.as_str())
            .bind(&self.timer.kind)
            .bind(self.timer.subject)
            .bind(self.until)
            .execute(&mut **tx)
            .await?;
        if removed.rows_affected() == 1 {
            let finished = Arc::clone(&self.finished);
            tx.after_commit(move || finished.store(true, Ordering::Release));
            return Ok(());
        }
        Err(LeaseLost {
            kind: self.timer.kind.clone(),
            subject: self.timer.subject,
        }
        .into())
    }

    /// [`finish`](Self::finish) for many timers of one tenant and kind in one statement. Answers the subjects of
    /// those whose lease still holds; the others were lost, and nothing of this transaction may follow from them.
    pub async fn finish_many(tx: &mut Tx, leased: &[&Self]) -> Result<HashSet<Uuid>, sqlx::Error> {
        let Some(first) = leased.first() else {
            return Ok(HashSet::new());
        };
        let subjects: Vec<Uuid> = leased.iter().map(|leased| leased.timer.subject).collect();
        let ends: Vec<DateTime<Utc>> = leased.iter().map(|leased| leased.until).collect();
        let finished: Vec<Uuid> = query_scalar(statement(tx.schema(), FINISH_MANY))
            .bind(first.timer.tenant.as_str())
            .bind(&first.timer.kind)
            .bind(subjects)
            .bind(ends)
            .fetch_all(&mut **tx)
            .await?;
        let finished: HashSet<Uuid> = finished.into_iter().collect();
        let held = leased
            .iter()
            .filter(|leased| finished.contains(&leased.timer.subject));
        let held: Vec<Arc<AtomicBool>> = held.map(|leased| Arc::clone(&leased.finished)).collect();
        tx.after_commit(move || {
            for finished in held {
                finished.store(true, Ordering::Release);
            }
        });
        Ok(finished)
    }
}

/// Leases due timers of one kind and hands them to their [`Work`], on any number of replicas.
#[derive(Clone)]
pub struct Worker {
    database: Database,
    work: Arc<dyn Work>,
    lease: Duration,
    /// The statement that leases a batch.
    leasing: SqlStr,
}

impl Worker {
    /// The worker for `work` on the timers in `database`.
    pub fn new(database: Database, work: impl Work) -> Self {
        let leasing = LEASE.replace("{batch}", &work.batch().to_string());
        Self {
            leasing: statement(database.schema(), &leasing),
            database,
            lease: work.lease(),
            work: Arc::new(work),
        }
    }

    /// Leases for `longest` at most: the work of a dead process is taken up sooner, and what takes longer
    /// than that is begun twice.
    #[must_use]
    pub fn with_longest_lease(self, longest: Option<Duration>) -> Self {
        let lease = longest.map_or(self.lease, |longest| self.lease.min(longest));
        Self { lease, ..self }
    }

    /// Works until `shutdown`, then lets what is in progress end.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut moves = self.database.clock().moves();
        let mut hints = Hints::new(self.database.schema(), vec![self.work.kind()]);
        let mut running = JoinSet::new();
        loop {
            // Before the look, so that no hint falls between the look and the rest.
            hints.forget();
            let full = self.fill(&mut running, &shutdown).await;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(_) = running.join_next() => {}
                () = hints.due(self.database.clock()), if !full => {}
                () = moves.next(), if !full => {}
                () = tokio::time::sleep(POLL), if !full => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Begins batches until there is no room or nothing due; answers whether there is no room.
    async fn fill(&self, running: &mut JoinSet<()>, shutdown: &CancellationToken) -> bool {
        while running.len() < self.work.concurrency() {
            let leased = tokio::select! {
                // First, so that a loop that is told to stop begins nothing new.
                biased;
                () = shutdown.cancelled() => return true,
                leased = self.lease() => leased,
            };
            match leased {
                Ok(batches) if batches.is_empty() => return false,
                Ok(batches) => {
                    for (tenant, due) in batches {
                        running.spawn(self.clone().do_batch(tenant, due));
                    }
                }
                Err(error) => {
                    let kind = self.work.kind();
                    tracing::warn!(schema = %self.database.schema(), kind, %error, "no work leased, trying again");
                    tokio::time::sleep(POLL).await;
                    return false;
                }
            }
        }
        true
    }

    /// Does one batch of due work now, and answers how many timers it held. For tests; [`run`](Self::run)
    /// does it again and again.
    pub async fn step(&self) -> Result<usize, sqlx::Error> {
        let mut count = 0;
        for (tenant, due) in self.lease().await? {
            count += due.len();
            self.clone().do_batch(tenant, due).await;
        }
        Ok(count)
    }

    /// Leases due timers, by tenant.
    async fn lease(&self) -> Result<Vec<(TenantId, Vec<Leased>)>, sqlx::Error> {
        let mut tx = self.database.platform_tx().await?;
        let rows: Vec<Row> = query_as(self.leasing.clone())
            .bind(self.work.kind())
            .bind(tx.now())
            .bind(self.lease.as_secs_f64())
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        let mut batches: Vec<(TenantId, Vec<Leased>)> = Vec::new();
        for (tenant, kind, subject, due_at, attempts, until) in rows {
            let timer = timer((tenant, kind, subject, due_at, attempts))?;
            let leased = Leased {
                timer,
                until,
                finished: Arc::default(),
            };
            match batches
                .iter_mut()
                .find(|(tenant, _)| *tenant == leased.timer.tenant)
            {
                Some((_, batch)) => batch.push(leased),
                None => batches.push((leased.timer.tenant.clone(), vec![leased])),
            }
        }
        Ok(batches)
    }

    async fn do_batch(self, tenant: TenantId, due: Vec<Leased>) {
        let kind = self.work.kind();
        let span = tracing::info_span!("work", kind, tenant.id = tenant.as_str(), count = due.len());
        // A task of its own, so that a panic is the batch's failure and not the loop's end.
        let work = Arc::clone(&self.work);
        let (batch, of) = (due.clone(), tenant.clone());
        let done = tokio::spawn(async move { work.run(&of, &batch).await }.instrument(span)).await;
        let error = match done {
            Ok(Ok(())) => "not finished".to_owned(),
            Ok(Err(error)) => format!("{error:#}"),
            Err(panic) => panic.to_string(),
        };
        if let Err(lost) = self.put_back(&tenant, &due, &error).await {
            tracing::warn!(kind, error = %lost, "work not put back; it is due again when its lease is over");
        }
    }

    /// What is still leased was not finished: it rests.
    async fn put_back(&self, tenant: &TenantId, due: &[Leased], error: &str) -> Result<(), sqlx::Error> {
        let due = due
            .iter()
            .filter(|leased| !leased.finished.load(Ordering::Acquire));
        let due: Vec<&Leased> = due.collect();
        if due.is_empty() {
            return Ok(());
        }
        let mut tx = self.database.platform_tx().await?;
        let (kind, now) = (self.work.kind(), tx.now());
        let error: String = error.chars().take(2_000).collect();
        let subjects: Vec<Uuid> = due.iter().map(|leased| leased.timer.subject).collect();
        let ends: Vec<DateTime<Utc>> = due.iter().map(|leased| leased.until).collect();
        let again: Vec<DateTime<Utc>> = due
            .iter()
            .map(|leased| now + rest_after(leased.timer.attempts))
            .collect();
        let rests: Vec<(Uuid, i32)> = query_as(statement(tx.schema(), PUT_BACK))
            .bind(tenant.as_str())
            .bind(kind)
            .bind(subjects)
            .bind(ends)
            .bind(again)
            .bind(&error)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        for (subject, attempts) in rests {
            tracing::warn!(kind, %subject, attempts, error, "work not done, again later");
        }
        Ok(())
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Worker")
            .field("kind", &self.work.kind())
            .finish_non_exhaustive()
    }
}

/// `$1` kind, `$2` now, `$3` lease in seconds. Every lease of a batch ends at the same instant.
///
/// The size of a batch is part of the text: with it as a parameter the statement would be planned each time.
/// What is due is a common table expression, which is looked for once: a subquery may be looked for anew for each row it
/// is joined with, and would then lease more than a batch.
const LEASE: &str = "
    WITH due AS MATERIALIZED (
        SELECT tenant_id, kind, subject FROM {schema}.timer
        WHERE kind = $1 AND due_at <= $2 AND (leased_until IS NULL OR leased_until < statement_timestamp())
        ORDER BY due_at LIMIT {batch} FOR UPDATE SKIP LOCKED)
    UPDATE {schema}.timer AS leased SET leased_until = statement_timestamp() + make_interval(secs => $3)
    FROM due
    WHERE (leased.tenant_id, leased.kind, leased.subject) = (due.tenant_id, due.kind, due.subject)
    RETURNING leased.tenant_id, leased.kind, leased.subject, leased.due_at, leased.attempts, leased.leased_until";

const FINISH: &str = "
    DELETE FROM {schema}.timer WHERE tenant_id = $1 AND kind = $2 AND subject = $3 AND leased_until = $4";

const FINISH_MANY: &str = "
    DELETE FROM {schema}.timer AS timer
    USING unnest($3::uuid[], $4::timestamptz[]) AS held (subject, leased_until)
    WHERE timer.tenant_id = $1 AND timer.kind = $2 AND timer.subject = held.subject
      AND timer.leased_until = held.leased_until
    RETURNING timer.subject";

const PUT_BACK: &str = "
    UPDATE {schema}.timer AS timer
    SET leased_until = NULL, due_at = held.again_at, attempts = timer.attempts + 1, last_error = $6
    FROM unnest($3::uuid[], $4::timestamptz[], $5::timestamptz[]) AS held (subject, leased_until, again_at)
    WHERE timer.tenant_id = $1 AND timer.kind = $2 AND timer.subject = held.subject
      AND timer.leased_until = held.leased_until
    RETURNING timer.subject, timer.attempts";
