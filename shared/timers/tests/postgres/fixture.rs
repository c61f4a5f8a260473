//! One service's schema, a clock in the test's hand, and a handler that writes down what it was given.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use attune_clock::{Clock, ManualClock};
use attune_database::template::{TemplateSet, TestDatabase};
use attune_database::{Database, PoolSettings, Schema, Tx, connect};
use attune_rpc::TenantId;
use attune_timers::{Timer, TimerError, TimerHandler, TimerLoop, cancel, schedule};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{PgPool, SqlSafeStr};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) const PROFILES: Schema = Schema("profiles");
pub(crate) const KIND: &str = "profiles.reminder";
/// No test waits longer than this for anything.
const DEADLINE: Duration = Duration::from_secs(30);

static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let files = [
        include_str!("../../../../services/profiles/migrations/0001_platform.sql"),
        include_str!("../../../../services/profiles/migrations/0003_timer_kind.sql"),
        include_str!("profiles.sql"),
    ];
    let migrations = (1..).zip(files).map(|(version, sql)| {
        Migration::new(
            version,
            "test".into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name("profiles._sqlx_migrations");
    migrator
});

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// Waits until `condition` holds; fails the test when it does not in time.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let held = tokio::time::timeout(DEADLINE, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(held.await.is_ok(), "{what}: did not happen within {DEADLINE:?}");
}

pub(crate) struct Fixture {
    pub(crate) database: Database,
    pub(crate) admin: PgPool,
    pub(crate) hand: ManualClock,
    pub(crate) clone: TestDatabase,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let services: [(Schema, &'static Migrator); 1] = [(PROFILES, &MIGRATOR)];
        let clone = TemplateSet::new(&services).database().await.unwrap();
        let (clock, hand) = Clock::manual(noon());
        let database = open(&clone, clock).await;
        let admin = PgPool::connect(clone.url()).await.unwrap();
        Self {
            database,
            admin,
            hand,
            clone,
        }
    }

    /// Another process's view of the same schema.
    pub(crate) async fn replica(&self) -> Database {
        open(&self.clone, self.database.clock().clone()).await
    }

    pub(crate) async fn schedule(&self, tenant_name: &str, subject: Uuid, in_minutes: i64) {
        let mut tx = self.database.system(&tenant(tenant_name)).await.unwrap();
        schedule(&mut tx, KIND, subject, noon() + TimeDelta::minutes(in_minutes))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) fn timers(&self, handler: &Arc<Recorder>) -> TimerLoop {
        TimerLoop::new(self.database.clone(), vec![handler.clone()])
    }

    /// Tenant and subject of every effect, in the order in which they were written.
    pub(crate) async fn effects(&self) -> Vec<(String, Uuid)> {
        sqlx::query_as("SELECT tenant_id, subject FROM profiles.effect ORDER BY seq")
            .fetch_all(&self.admin)
            .await
            .unwrap()
    }
}

async fn open(clone: &TestDatabase, clock: Clock) -> Database {
    let url = clone.service_url(PROFILES).unwrap();
    let pool = connect(&url, PROFILES, PoolSettings::default()).await.unwrap();
    Database::new(pool, PROFILES, clock)
}

/// What happens after the effect was written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mischief {
    Fail,
    Panic,
    /// A statement fails, and the handler hides it.
    Hide,
    /// The connection is cut, and the handler does not notice.
    Cut,
    /// The timer is scheduled again, minutes after it was due.
    Again(i64),
    /// The timer of another subject is cancelled.
    Cancel(Uuid),
}

#[derive(Debug)]
pub(crate) struct Recorder {
    admin: PgPool,
    /// By subject, and how often.
    mischief: Mutex<HashMap<Uuid, (Mischief, u32)>>,
    /// Every call, also those whose transaction was lost.
    pub(crate) calls: Mutex<Vec<(Uuid, i32)>>,
    /// How many effects of its tenant each call saw.
    pub(crate) seen: Mutex<Vec<i64>>,
}

impl Recorder {
    pub(crate) fn new(admin: &PgPool) -> Arc<Self> {
        Arc::new(Self {
            admin: admin.clone(),
            mischief: Mutex::default(),
            calls: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    pub(crate) fn plan(&self, subject: Uuid, mischief: Mischief, times: u32) {
        self.mischief.lock().unwrap().insert(subject, (mischief, times));
    }

    fn mischief(&self, subject: Uuid) -> Option<Mischief> {
        let mut planned = self.mischief.lock().unwrap();
        let (mischief, times) = planned.get_mut(&subject)?;
        *times = times.checked_sub(1)?;
        Some(*mischief)
    }
}

#[async_trait]
impl TimerHandler for Recorder {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn fire(&self, tx: &mut Tx, timer: &Timer) -> Result<(), TimerError> {
        assert_eq!(tx.tenant(), &timer.tenant);
        assert!(timer.due_at <= tx.now(), "not before its instant");
        self.calls.lock().unwrap().push((timer.subject, timer.attempts));
        sqlx::query("INSERT INTO profiles.effect (tenant_id, subject) VALUES ($1, $2)")
            .bind(timer.tenant.as_str())
            .bind(timer.subject)
            .execute(&mut **tx)
            .await?;
        // Only while the table is small: with ten thousand rows this would be the whole test.
        if self.seen.lock().unwrap().len() < 100 {
            let seen = sqlx::query_scalar("SELECT count(*) FROM profiles.effect")
                .fetch_one(&mut **tx)
                .await?;
            self.seen.lock().unwrap().push(seen);
        }
        match self.mischief(timer.subject) {
            None => Ok(()),
            Some(Mischief::Fail) => Err(anyhow::anyhow!("not today").into()),
            Some(Mischief::Panic) => panic!("cannot even fail"),
            Some(Mischief::Hide) => {
                assert!(sqlx::query("SELECT 1 / 0").execute(&mut **tx).await.is_err());
                Ok(())
            }
            Some(Mischief::Again(minutes)) => {
                let due_at = timer.due_at + TimeDelta::minutes(minutes);
                Ok(schedule(tx, KIND, timer.subject, due_at).await?)
            }
            Some(Mischief::Cancel(other)) => {
                assert!(cancel(tx, KIND, other).await?, "there was one");
                Ok(())
            }
            Some(Mischief::Cut) => {
                let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
                    .fetch_one(&mut **tx)
                    .await?;
                sqlx::query("SELECT pg_terminate_backend($1, 5000)")
                    .bind(backend)
                    .execute(&self.admin)
                    .await?;
                Ok(())
            }
        }
    }
}

/// A timer loop that runs until it is stopped.
pub(crate) struct Background {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Background {
    pub(crate) fn run(timers: TimerLoop) -> Self {
        let shutdown = CancellationToken::new();
        let until = shutdown.clone();
        let task = tokio::spawn(async move { timers.run(until).await });
        Self { shutdown, task }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(DEADLINE, self.task)
            .await
            .expect("it stops")
            .unwrap();
    }
}
