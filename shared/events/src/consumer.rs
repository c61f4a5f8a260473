//! What a service does with another's events.

use std::time::Duration;

use async_trait::async_trait;
use attune_database::Tx;
use attune_rpc::Error as RpcError;
use tracing::Instrument as _;

use crate::{DecodeError, Event};

/// Handles the events of one source for one purpose.
///
/// Effects belong in the transaction that is handed in: it commits them together with the cursor, so each
/// event has its effects exactly once although it may be handled more often. An effect outside the database
/// must carry the event's id as its key.
#[async_trait]
pub trait Consumer: Send + Sync + 'static {
    /// Names the subscription within its service, such as `feedback.interactions`. The cursor is kept under
    /// this name and [`source`](Self::source): another name begins at the oldest event again.
    fn name(&self) -> &'static str;

    /// The service whose feed is read, such as `interactions`.
    fn source(&self) -> &'static str;

    /// The full names of the payloads wanted; empty for all. At most 50.
    fn types(&self) -> Vec<String>;

    /// How long events are gathered before they are handled, for effects that nobody waits for: fewer transactions, and
    /// none at the moment when another subscription to the same event works for somebody. At most a tenth of a second.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    /// Handles one event. `tx` has entered the event's tenant.
    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError>;

    /// Handles some events of one tenant, in order, in one transaction; by default one by one. On an error
    /// nothing of the batch is kept, and its events are handled one by one to find the one that fails.
    async fn handle_batch(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ConsumeError> {
        for event in events {
            self.handle(tx, event)
                .instrument(crate::trace::event_span(self.name(), event))
                .await?;
        }
        Ok(())
    }
}

/// Why an event could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    /// The cause lies elsewhere (a peer is down, another transaction won): the event is tried again until
    /// it succeeds, and what follows waits.
    #[error("{0:#}")]
    Retry(anyhow::Error),
    /// The cause may lie in the event: it is tried a few times, then its subject is parked and the rest
    /// flows on.
    #[error("{0:#}")]
    Poison(anyhow::Error),
}

impl ConsumeError {
    /// See [`ConsumeError::Retry`].
    pub fn retry(error: impl Into<anyhow::Error>) -> Self {
        Self::Retry(error.into())
    }

    /// See [`ConsumeError::Poison`].
    pub fn poison(error: impl Into<anyhow::Error>) -> Self {
        Self::Poison(error.into())
    }
}

impl From<sqlx::Error> for ConsumeError {
    fn from(error: sqlx::Error) -> Self {
        if is_transient(&error) {
            Self::retry(error)
        } else {
            Self::poison(error)
        }
    }
}

impl From<DecodeError> for ConsumeError {
    fn from(error: DecodeError) -> Self {
        Self::poison(error)
    }
}

impl From<anyhow::Error> for ConsumeError {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast_ref::<sqlx::Error>() {
            Some(cause) if is_transient(cause) => Self::Retry(error),
            _ => Self::Poison(error),
        }
    }
}

impl From<tonic::Status> for ConsumeError {
    fn from(status: tonic::Status) -> Self {
        let transient = is_transient_code(status.code());
        let error = anyhow::Error::new(status);
        if transient {
            Self::Retry(error)
        } else {
            Self::Poison(error)
        }
    }
}

impl From<RpcError> for ConsumeError {
    fn from(error: RpcError) -> Self {
        let transient = is_transient_code(error.code().into());
        if transient {
            Self::retry(error)
        } else {
            Self::poison(error)
        }
    }
}

fn is_transient_code(code: tonic::Code) -> bool {
    use tonic::Code;
    matches!(
        code,
        Code::Unavailable
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Cancelled
            | Code::Unauthenticated
    )
}

/// Whether the same statement may succeed later without a change to the event.
fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // Connection exceptions, transaction rollbacks (deadlock, serialization), insufficient
            // resources, operator intervention (shutdown, statement timeout), lock not available, a standby.
            matches!(code.get(..2), Some("08" | "40" | "53" | "57")) || ["55P03", "25006"].contains(&&*code)
        }),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_tried_again_and_a_missing_row_is_not() {
        assert!(matches!(
            ConsumeError::from(sqlx::Error::PoolTimedOut),
            ConsumeError::Retry(_)
        ));
        assert!(matches!(
            ConsumeError::from(sqlx::Error::RowNotFound),
            ConsumeError::Poison(_)
        ));
    }

    #[test]
    fn a_cause_wrapped_by_anyhow_is_still_recognised() {
        let wrapped = anyhow::Error::new(sqlx::Error::PoolTimedOut).context("load the profile");
        assert!(matches!(ConsumeError::from(wrapped), ConsumeError::Retry(_)));
    }

    #[test]
    fn a_peer_that_is_down_is_tried_again_and_one_that_refuses_is_not() {
        assert!(matches!(
            ConsumeError::from(tonic::Status::unavailable("")),
            ConsumeError::Retry(_)
        ));
        assert!(matches!(
            ConsumeError::from(tonic::Status::invalid_argument("")),
            ConsumeError::Poison(_)
        ));
    }
}
