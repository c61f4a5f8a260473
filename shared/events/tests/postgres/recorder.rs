//! A consumer that writes down what it was given.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use attune_database::{Database, Tx};
use attune_events::{ConsumeError, Consumer, Event};
use sqlx::PgPool;
use uuid::Uuid;

/// What happens after the effect was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mischief {
    Fail,
    Panic,
    /// The consumer's connection is cut, and the handler does not notice.
    Cut,
    /// A statement fails, and the handler hides it.
    Hide,
}

#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) name: &'static str,
    pub(crate) types: Vec<String>,
    /// By subject and version, and how often.
    mischief: Mutex<HashMap<(Uuid, i64), (Mischief, u32)>>,
    admin: PgPool,
    /// The tenants and sizes of the batches given.
    pub(crate) batches: Mutex<Vec<(String, usize)>>,
    /// The trace of each event handled.
    pub(crate) traces: Mutex<Vec<Option<String>>>,
}

impl Recorder {
    pub(crate) fn new(admin: &PgPool) -> Arc<Self> {
        Self::of_types(admin, Vec::new())
    }

    pub(crate) fn of_types(admin: &PgPool, types: Vec<String>) -> Arc<Self> {
        Arc::new(Self {
            name: "feedback.profiles",
            types,
            mischief: Mutex::default(),
            admin: admin.clone(),
            batches: Mutex::default(),
            traces: Mutex::default(),
        })
    }

    pub(crate) fn plan(&self, subject: Uuid, version: i64, mischief: Mischief, times: u32) {
        self.mischief
            .lock()
            .unwrap()
            .insert((subject, version), (mischief, times));
    }

    fn mischief(&self, event: &Event) -> Option<Mischief> {
        let mut planned = self.mischief.lock().unwrap();
        let (mischief, times) = planned.get_mut(&(event.subject, event.subject_version))?;
        *times = times.checked_sub(1)?;
        Some(*mischief)
    }
}

#[async_trait]
impl Consumer for Recorder {
    fn name(&self) -> &'static str {
        self.name
    }

    fn source(&self) -> &'static str {
        "profiles"
    }

    fn types(&self) -> Vec<String> {
        self.types.clone()
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        assert_eq!(tx.tenant(), &event.tenant);
        self.traces
            .lock()
            .unwrap()
            .push(attune_telemetry::current_traceparent());
        sqlx::query(
            "INSERT INTO feedback.effect (tenant_id, position, subject, subject_version)
             VALUES ($1, $2, $3, $4)",
        )
        .bind(event.tenant.as_str())
        .bind(event.position)
        .bind(event.subject)
        .bind(event.subject_version)
        .execute(&mut **tx)
        .await?;
        match self.mischief(event) {
            None => Ok(()),
            Some(Mischief::Fail) => Err(ConsumeError::poison(anyhow::anyhow!("cannot digest this"))),
            Some(Mischief::Panic) => panic!("cannot even fail"),
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
            Some(Mischief::Hide) => {
                let hidden = sqlx::query("SELECT 1 / 0").execute(&mut **tx).await;
                assert!(hidden.is_err());
                Ok(())
            }
        }
    }

    async fn handle_batch(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ConsumeError> {
        assert!(
            events.iter().all(|event| event.tenant == events[0].tenant),
            "one tenant a batch"
        );
        self.batches
            .lock()
            .unwrap()
            .push((events[0].tenant.to_string(), events.len()));
        for event in events {
            self.handle(tx, event).await?;
        }
        Ok(())
    }
}

/// Tenant, position, subject and version of every effect, in the order in which they were written.
pub(crate) async fn effects(admin: &PgPool) -> Vec<(String, i64, Uuid, i64)> {
    sqlx::query_as("SELECT tenant_id, position, subject, subject_version FROM feedback.effect ORDER BY seq")
        .fetch_all(admin)
        .await
        .unwrap()
}

/// The versions of one subject's effects.
pub(crate) async fn versions(admin: &PgPool, subject: Uuid) -> Vec<i64> {
    effects(admin)
        .await
        .into_iter()
        .filter(|effect| effect.2 == subject)
        .map(|effect| effect.3)
        .collect()
}

/// Where the subscription stands.
pub(crate) async fn position(database: &Database) -> Option<i64> {
    sqlx::query_scalar("SELECT position FROM feedback.subscription WHERE name = 'feedback.profiles'")
        .fetch_optional(database.pool())
        .await
        .unwrap()
}
