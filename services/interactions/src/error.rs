//! What can go wrong in this service.

use attune_database::database_error;
use attune_rpc::{Reason, Violations};
use uuid::Uuid;

/// An error of the interactions service; [`attune_rpc::Error`] is how a caller sees it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no interaction {0}")]
    NoInteraction(Uuid),
    #[error("the interaction is closed")]
    Closed,
    #[error("closed_at {0}")]
    ClosedAt(&'static str),
    #[error(transparent)]
    Rpc(#[from] attune_rpc::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Error> for attune_rpc::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NoInteraction(id) => Self::not_found("interaction", id),
            Error::Closed => {
                let message = "the interaction is closed; what comes after it is another interaction";
                Self::failed_precondition(Reason::WrongState, message).with("state", "closed")
            }
            Error::ClosedAt(problem) => {
                let mut violations = Violations::default();
                violations.add("closed_at", problem);
                Self::invalid(violations)
            }
            Error::Rpc(error) => error,
            Error::Database(error) => database_error(error),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        attune_rpc::Error::from(error).into()
    }
}
