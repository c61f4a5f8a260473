//! A timer and the one who is called when it is due.

use async_trait::async_trait;
use attune_database::Tx;
use attune_rpc::TenantId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Something that is due at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Whose it is.
    pub tenant: TenantId,
    /// What is due, such as `interactions.sla`.
    pub kind: String,
    /// What it is about. A subject has at most one timer of a kind.
    pub subject: Uuid,
    /// When it is due: as scheduled, or moved on by the rest after a failure.
    pub due_at: DateTime<Utc>,
    /// How often it fired and failed.
    pub attempts: i32,
}

/// Does what is due for one kind of timer.
#[async_trait]
pub trait TimerHandler: Send + Sync + 'static {
    /// The kind it handles. One handler a kind; timers without a handler in the process stay.
    fn kind(&self) -> &'static str;

    /// Called at or after `timer.due_at`, in the transaction that removes the timer: `tx` has entered its
    /// tenant. It may schedule the same timer again. After an error nothing it did remains, and the timer
    /// fires again after a rest. It may be called more often than it commits, so an effect outside the
    /// database needs a key of its own.
    async fn fire(&self, tx: &mut Tx, timer: &Timer) -> Result<(), TimerError>;
}

/// Why a timer could not be handled. The timer stays and fires again after a rest that grows from five
/// seconds to an hour with every failure in a row.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub struct TimerError(#[from] anyhow::Error);

impl From<sqlx::Error> for TimerError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.into())
    }
}

impl From<attune_rpc::Error> for TimerError {
    fn from(error: attune_rpc::Error) -> Self {
        Self(error.into())
    }
}
