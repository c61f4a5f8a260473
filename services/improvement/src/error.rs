//! What can go wrong in this service.

use std::fmt;
use std::time::Duration;

use attune_database::database_error;
use attune_rpc::{Code, Reason};
use uuid::Uuid;

use crate::domain::WrongState;

/// After what time the feedback service may answer again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// An error of the improvement service; [`attune_rpc::Error`] is how a caller sees it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no issue {0}")]
    NoIssue(Uuid),
    #[error("there is no relation {0}")]
    NoRelation(Uuid),
    #[error("there is no extension {0}")]
    NoExtension(Uuid),
    #[error("there is no assessment {0}")]
    NoAssessment(Uuid),
    #[error("the two issues have that relation")]
    RelationExists,
    #[error("an issue has at most {0} relations of a kind")]
    TooManyRelations(i64),
    #[error("there is no initiative {0}")]
    NoInitiative(Uuid),
    #[error("the initiative {0} has no iteration {1}")]
    NoIteration(Uuid, i32),
    #[error("there is no goal {0}")]
    NoGoal(Uuid),
    #[error("there is no pilot {0}")]
    NoPilot(Uuid),
    #[error("the profile {0} was never assigned to the pilot")]
    NoAssignment(Uuid),
    #[error("there is no principle {0}")]
    NoPrinciple(Uuid),
    #[error("another principle has that name")]
    PrincipleExists,
    #[error("there is no action {0} in the initiative")]
    NoAction(Uuid),
    #[error("there is no member of the team with that id")]
    NoMember(String),
    #[error("the department has another owner")]
    DepartmentOwned,
    #[error("an initiative credits at most {0} members")]
    TooManyCredited(usize),
    #[error("there is no subscription {0}")]
    NoSubscription(Uuid),
    #[error("a member has at most {0} subscriptions")]
    TooManySubscriptions(i64),
    #[error("there is no booking {0}")]
    NoCost(Uuid),
    #[error("what a customer and a contact are worth was never said in version {0}")]
    NoWorthParameters(i32),
    #[error("another version was set at the same instant")]
    ParametersRaced,
    #[error("no issue rests on the {0} {1}")]
    NoTrace(&'static str, Uuid),
    #[error(transparent)]
    WrongState(#[from] WrongState),
    /// It may be rolled out now but could not a moment ago, when there was no reason to measure; or an issue was merged
    /// between two looks at it.
    #[error("the initiative or its issue changed at the same time")]
    Raced,
    #[error("the feedback service did not give the series: {0}")]
    Series(#[from] tonic::Status),
    #[error("the feedback service gave a series that cannot be read: {0}")]
    BrokenSeries(&'static str),
    /// An initiative without an iteration, which no command makes.
    #[error("the initiative {0} is stored without its iterations")]
    BrokenInitiative(Uuid),
    /// A goal without its numbers, or of a metric that is not in the registry, which no command makes.
    #[error("the goal {0} is stored without its numbers")]
    BrokenGoal(Uuid),
    #[error(transparent)]
    Rpc(#[from] attune_rpc::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Error> for attune_rpc::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NoIssue(id) => Self::not_found("issue", id),
            Error::NoRelation(id) => Self::not_found("related_issue", id),
            Error::NoExtension(id) => Self::not_found("cohort_extension", id),
            Error::NoAssessment(id) => Self::not_found("severity_assessment", id),
            Error::RelationExists => Self::already_exists("related_issue", "to_issue_id"),
            Error::TooManyRelations(limit) => {
                let message =
                    format!("an issue has at most {limit} related issues of a kind; name another issue");
                limit_reached("related_issue", limit, message)
            }
            Error::NoInitiative(id) => Self::not_found("initiative", id),
            Error::NoIteration(id, number) => {
                Self::not_found("iteration", format!("{number} of initiative {id}"))
            }
            Error::NoGoal(id) => Self::not_found("goal", id),
            Error::NoPilot(id) => Self::not_found("pilot", id),
            Error::NoAssignment(id) => Self::not_found("assignment", id),
            Error::NoPrinciple(id) => Self::not_found("principle", id),
            Error::PrincipleExists => Self::already_exists("principle", "name"),
            Error::NoAction(id) => Self::not_found("action", id),
            Error::NoMember(id) => Self::not_found("team_member", id),
            Error::DepartmentOwned => Self::already_exists("team_member", "department"),
            Error::TooManyCredited(limit) => {
                let message = format!("an initiative credits at most {limit} members; withdraw one first");
                limit_reached("credit", limit, message)
            }
            Error::NoSubscription(id) => Self::not_found("digest_subscription", id),
            Error::TooManySubscriptions(limit) => {
                let message = format!("a member has at most {limit} subscriptions; delete one first");
                limit_reached("digest_subscription", limit, message)
            }
            Error::NoCost(id) => Self::not_found("cost", id),
            Error::NoWorthParameters(version) => {
                Self::not_found("worth_parameters", format!("version {version}"))
            }
            Error::ParametersRaced => Self::aborted(
                Reason::Retry,
                "another version was set at the same instant; read it, then repeat the call",
            ),
            Error::NoTrace(resource, id) => Self::not_found("trace", format!("of {resource} {id}")),
            Error::WrongState(WrongState { state, message }) => {
                Self::failed_precondition(Reason::WrongState, message).with("state", state)
            }
            Error::Raced => Self::aborted(
                Reason::Retry,
                "the initiative or its issue changed at the same time; repeat the call",
            ),
            Error::Series(status) => {
                tracing::warn!(code = ?status.code(), message = status.message(), "no series from feedback");
                let message = "the feedback service cannot give the series at the moment; repeat the call";
                Self::unavailable(message, RETRY_AFTER)
            }
            Error::Rpc(error) => error,
            Error::Database(error) => database_error(error),
            broken @ (Error::BrokenSeries(_) | Error::BrokenInitiative(_) | Error::BrokenGoal(_)) => {
                Self::internal(broken)
            }
        }
    }
}

/// There are as many of a resource as there may be.
fn limit_reached(resource: &str, limit: impl fmt::Display, message: String) -> attune_rpc::Error {
    attune_rpc::Error::new(Code::ResourceExhausted, Reason::LimitReached, message)
        .with("resource", resource)
        .with("limit", limit)
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        attune_rpc::Error::from(error).into()
    }
}
