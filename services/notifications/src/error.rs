//! What can go wrong in this service.

use attune_database::database_error;
use attune_rpc::{Reason, Violations};
use uuid::Uuid;

use crate::domain::NotRead;

/// An error of the notifications service; [`attune_rpc::Error`] is how a caller sees it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no template {0}")]
    NoTemplate(Uuid),
    #[error("another template has this name")]
    NameTaken,
    #[error("there is no message {0}")]
    NoMessage(Uuid),
    #[error("there is no contact budget {0}")]
    NoContactBudget(i32),
    #[error("there is no contact {0}")]
    NoContact(Uuid),
    #[error("a message has taken the contact")]
    ContactTaken,
    #[error("another set the budget at the same moment")]
    Overtaken,
    #[error(transparent)]
    NotRead(#[from] NotRead),
    #[error(transparent)]
    Rpc(#[from] attune_rpc::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Error> for attune_rpc::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NoTemplate(id) => Self::not_found("template", id),
            Error::NameTaken => Self::already_exists("template", "name"),
            Error::NoMessage(id) => Self::not_found("message", id),
            Error::NoContactBudget(number) => Self::not_found("contact_budget", number),
            Error::NoContact(id) => Self::not_found("contact", id),
            Error::ContactTaken => {
                let message = "a message has taken the contact; only a reservation can be released";
                Self::failed_precondition(Reason::WrongState, message).with("state", "taken")
            }
            Error::Overtaken => {
                Self::aborted(Reason::Retry, "another set the budget meanwhile; repeat the call")
            }
            Error::NotRead(NotRead::NotSent(state)) => {
                let message =
                    "only a message that was sent can have been read; look at its state with GetMessage";
                Self::failed_precondition(Reason::WrongState, message).with("state", state.as_str())
            }
            Error::NotRead(NotRead::At(problem)) => {
                let mut violations = Violations::default();
                violations.add("read_time", problem);
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
