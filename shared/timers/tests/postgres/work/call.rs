//! The outside call that the tests make under a lease, and what they look at.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use attune_database::Database;
use attune_rpc::TenantId;
use attune_timers::{FinishError, Leased, Work, Worker, schedule};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

use crate::fixture::{Fixture, KIND};

/// What happens instead of the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mischief {
    Fail,
    Panic,
    /// Returns as if all were well, and finishes nothing.
    Forget,
    /// Waits for the gate before it finishes.
    Wait,
    /// The timer is scheduled again in the transaction that finished it.
    Again(i64),
}

/// An outside call that writes down what it was given, then the effect.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) database: Database,
    pub(super) mischief: Mutex<HashMap<Uuid, (Mischief, u32)>>,
    /// Tenant, subject and earlier tries of every call.
    pub(super) made: Mutex<Vec<(String, Uuid, i32)>>,
    pub(super) lost: AtomicUsize,
    pub(super) begun: Notify,
    pub(super) gate: Semaphore,
    pub(super) lease: Duration,
    pub(super) batch: u16,
}

impl Call {
    pub(super) fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
            mischief: Mutex::default(),
            made: Mutex::default(),
            lost: AtomicUsize::new(0),
            begun: Notify::new(),
            gate: Semaphore::new(0),
            lease: Duration::from_mins(1),
            batch: 50,
        }
    }

    pub(super) fn plan(&self, subject: Uuid, mischief: Mischief, times: u32) {
        self.mischief.lock().unwrap().insert(subject, (mischief, times));
    }

    fn mischief(&self, subject: Uuid) -> Option<Mischief> {
        let mut planned = self.mischief.lock().unwrap();
        let (mischief, times) = planned.get_mut(&subject)?;
        *times = times.checked_sub(1)?;
        Some(*mischief)
    }

    pub(super) fn tries(&self, subject: Uuid) -> Vec<i32> {
        let made = self.made.lock().unwrap();
        made.iter()
            .filter(|call| call.1 == subject)
            .map(|call| call.2)
            .collect()
    }

    async fn one(&self, leased: &Leased) -> anyhow::Result<()> {
        let timer = &leased.timer;
        let call = (timer.tenant.to_string(), timer.subject, timer.attempts);
        self.made.lock().unwrap().push(call);
        let mischief = self.mischief(timer.subject);
        match mischief {
            Some(Mischief::Fail) => anyhow::bail!("not today"),
            Some(Mischief::Panic) => panic!("cannot even fail"),
            Some(Mischief::Forget) => return Ok(()),
            Some(Mischief::Wait) => {
                self.begun.notify_one();
                self.gate.acquire().await?.forget();
            }
            Some(Mischief::Again(_)) | None => {}
        }
        let mut tx = self.database.system(&timer.tenant).await?;
        if let Err(error) = leased.finish(&mut tx).await {
            if matches!(error, FinishError::Lost(_)) {
                self.lost.fetch_add(1, Ordering::SeqCst);
            }
            return Err(error.into());
        }
        sqlx::query("INSERT INTO profiles.effect (tenant_id, subject) VALUES ($1, $2)")
            .bind(timer.tenant.as_str())
            .bind(timer.subject)
            .execute(&mut *tx)
            .await?;
        if let Some(Mischief::Again(minutes)) = mischief {
            schedule(
                &mut tx,
                KIND,
                timer.subject,
                timer.due_at + TimeDelta::minutes(minutes),
            )
            .await?;
        }
        Ok(tx.commit().await?)
    }
}

/// The same calls from several workers.
#[derive(Clone, Debug)]
pub(super) struct Calls(pub(super) Arc<Call>);

#[async_trait]
impl Work for Calls {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn batch(&self) -> u16 {
        self.0.batch
    }

    fn lease(&self) -> Duration {
        self.0.lease
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        assert!(due.iter().all(|leased| leased.timer.tenant == *tenant));
        let mut failure = None;
        for leased in due {
            if let Err(error) = self.0.one(leased).await {
                failure = Some(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

pub(super) fn worker(database: &Database, call: &Arc<Call>) -> Worker {
    Worker::new(database.clone(), Calls(Arc::clone(call)))
}

/// Due at, tries, whether leased, and why it failed, of the one timer there is.
pub(super) async fn timer(fixture: &Fixture) -> (DateTime<Utc>, i32, bool, Option<String>) {
    sqlx::query_as("SELECT due_at, attempts, leased_until IS NOT NULL, last_error FROM profiles.timer")
        .fetch_one(&fixture.admin)
        .await
        .unwrap()
}

pub(super) async fn left(fixture: &Fixture) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM profiles.timer")
        .fetch_one(&fixture.admin)
        .await
        .unwrap()
}

/// As if so much time had gone by since every lease was taken.
pub(super) async fn age_leases(fixture: &Fixture, seconds: f64) {
    sqlx::query("UPDATE profiles.timer SET leased_until = leased_until - make_interval(secs => $1)")
        .bind(seconds)
        .execute(&fixture.admin)
        .await
        .unwrap();
}
