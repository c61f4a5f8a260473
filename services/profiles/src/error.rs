//! What can go wrong in this service.

use attune_database::database_error;
use attune_rpc::{Code, Reason};
use uuid::Uuid;

/// An error of the profiles service; [`attune_rpc::Error`] is how a caller sees it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no profile {0}")]
    NoProfile(Uuid),
    #[error("there is no profile with this identity")]
    NoIdentity,
    #[error("an identity belongs to another profile")]
    IdentityTaken,
    #[error(transparent)]
    Rpc(#[from] attune_rpc::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Error> for attune_rpc::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NoProfile(id) => Self::not_found("profile", id),
            Error::NoIdentity => {
                Self::new(Code::NotFound, Reason::NotFound, error.to_string()).with("resource", "profile")
            }
            Error::IdentityTaken => Self::already_exists("profile", "identities"),
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
