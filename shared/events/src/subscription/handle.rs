//! One call of the consumer's code, which may fail in every way code can.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use attune_database::Tx;
use futures::FutureExt as _;
use tracing::Instrument as _;

use super::Subscription;
use crate::trace::{batch_span, event_span};
use crate::{ConsumeError, Event};

/// A failure, told for the log.
#[derive(Debug)]
pub(super) enum Failure {
    /// The cause lies elsewhere.
    Retry(String),
    /// The cause may lie in the event.
    Poison(String),
}

impl From<ConsumeError> for Failure {
    fn from(error: ConsumeError) -> Self {
        match error {
            ConsumeError::Retry(_) => Self::Retry(error.to_string()),
            ConsumeError::Poison(_) => Self::Poison(error.to_string()),
        }
    }
}

impl Subscription {
    pub(super) async fn handle_batch(&self, tx: &mut Tx, events: &[Event]) -> Result<(), Failure> {
        // Alone an event goes on with the trace of the call that caused it.
        let span = match events {
            [event] => event_span(self.consumer.name(), event),
            _ => batch_span(self.consumer.name(), events),
        };
        settle(self.consumer.handle_batch(tx, events).instrument(span)).await
    }

    /// Handles one event; when it fails, nothing it did remains and the transaction can go on.
    pub(super) async fn handle_in_savepoint(
        &self,
        tx: &mut Tx,
        event: &Event,
    ) -> Result<Result<(), Failure>, sqlx::Error> {
        let point = tx.savepoint().await?;
        let span = event_span(self.consumer.name(), event);
        let mut handled = settle(self.consumer.handle(tx, event).instrument(span)).await;
        if handled.is_ok() {
            handled = sound(tx).await?;
        }
        match handled {
            Ok(()) => tx.release(point).await?,
            Err(_) => tx.roll_back_to(point).await?,
        }
        Ok(handled)
    }
}

/// Finds now what would fail at the commit, where nobody could tell which event it was: a deferred constraint,
/// or a failed statement whose error the handler kept to itself.
async fn sound(tx: &mut Tx) -> Result<Result<(), Failure>, sqlx::Error> {
    match sqlx::raw_sql("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        .execute(&mut **tx)
        .await
    {
        Ok(_) => Ok(Ok(())),
        Err(error) if is_of_the_event(&error) => Ok(Err(Failure::Poison(format!(
            "the effects cannot be committed: {error}"
        )))),
        Err(error) => Err(error),
    }
}

/// Whether a commit failed for what the transaction did: a violated constraint (class 23), or a statement that
/// had failed before (25P02).
pub(super) fn is_of_the_event(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "25P02" || code.starts_with("23"))
}

/// A panic is the event's failure and not the loop's end. The transaction is rolled back over it, at least to
/// a savepoint, so nothing half done is kept.
async fn settle(handling: impl Future<Output = Result<(), ConsumeError>>) -> Result<(), Failure> {
    match AssertUnwindSafe(handling).catch_unwind().await {
        Ok(handled) => handled.map_err(Failure::from),
        Err(panic) => Err(Failure::Poison(format!(
            "the handler panicked: {}",
            message(panic.as_ref())
        ))),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
