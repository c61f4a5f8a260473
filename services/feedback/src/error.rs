//! What can go wrong in this service.

use std::time::Duration;

use attune_database::database_error;
use attune_rpc::{Code, Reason};
use attune_text::TaxonomyError;
use uuid::Uuid;

use crate::analysis::AnalyzerError;
use crate::domain::invitation::TokenError;
use crate::domain::{CorrectionState, Misplaced};

/// After what time a caller may find another service again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// An error of the feedback service; [`attune_rpc::Error`] is how a caller sees it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no feedback {0}")]
    NoFeedback(Uuid),
    #[error("there is no hot issue {0}")]
    NoHotIssue(Uuid),
    #[error("there is no own rating {0}")]
    NoOwnRating(Uuid),
    #[error("there is no topic {0}")]
    NoTopic(String),
    #[error("there is no version {0} of the taxonomy")]
    NoTaxonomyVersion(i64),
    #[error("the topic is archived")]
    TopicArchived,
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    #[error("there is no recoding {0}")]
    NoRecoding(Uuid),
    #[error("the recoding {0} is done")]
    RecodingDone(Uuid),
    #[error("{limit} recodings go on, which is the most")]
    TooManyRecodings { limit: i64 },
    #[error("there is no group of reports {0}")]
    NoReportGroup(Uuid),
    #[error("there is no recovery case {0}")]
    NoRecoveryCase(Uuid),
    #[error("there is no recovery policy {0}")]
    NoRecoveryPolicy(i32),
    #[error("the recovery case is resolved")]
    Resolved,
    #[error("the feedback has no text")]
    NoText,
    #[error("there is no theme {0}")]
    NoTheme(Uuid),
    #[error("the theme has nothing that a topic could be made of")]
    ThinTheme,
    #[error("there is no correction {0}")]
    NoCorrection(Uuid),
    #[error("the correction is {} and cannot be switched", .state.as_str())]
    CorrectionState { state: CorrectionState, usable: bool },
    #[error("the tenant has this topic already")]
    TopicTaken,
    #[error("the tenant has {limit} topics, which is the most")]
    TooManyTopics { limit: usize },
    #[error("the tenant has {limit} topics with a rule, which is the most")]
    TooManyRules { limit: usize },
    #[error("the tenant's topics cannot be used together: {0}")]
    Taxonomy(#[from] TaxonomyError),
    #[error("there is no survey {0}")]
    NoSurvey(Uuid),
    #[error("another survey has this name")]
    SurveyNameTaken,
    #[error("there are {limit} {resource}, which is the most")]
    TooMany { resource: &'static str, limit: i32 },
    #[error("the template {template_id} {fault}")]
    Template { template_id: Uuid, fault: &'static str },
    #[error("there is no invitation {0}")]
    NoInvitation(Uuid),
    #[error("the invitation is {state}")]
    NotOpen { state: &'static str },
    #[error("another change came at the same time")]
    Overtaken,
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("the {service} service did not answer: {status}")]
    Peer {
        service: &'static str,
        status: Box<tonic::Status>,
    },
    #[error("the record of a decision cannot be read or written: {0}")]
    Record(#[from] serde_json::Error),
    #[error("the stored counts contradict each other: {0}")]
    Counts(#[from] attune_stats::metric::MetricError),
    #[error(transparent)]
    History(#[from] attune_stats::hot::HistoryError),
    #[error("a computation was cut short: {0}")]
    Computation(#[from] tokio::task::JoinError),
    #[error(transparent)]
    Analyzer(#[from] AnalyzerError),
    #[error(transparent)]
    Rpc(#[from] attune_rpc::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Error> for attune_rpc::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NoFeedback(id) => Self::not_found("feedback", id),
            Error::NoHotIssue(id) => Self::not_found("hot issue", id),
            Error::NoOwnRating(id) => Self::not_found("own rating", id),
            Error::NoTopic(id) => Self::not_found("topic", id),
            Error::NoTaxonomyVersion(version) => Self::not_found("taxonomy version", version),
            Error::NoRecoding(id) => Self::not_found("recoding", id),
            Error::TopicArchived
            | Error::Misplaced(_)
            | Error::RecodingDone(_)
            | Error::TooManyRecodings { .. }
            | Error::TooManyRules { .. } => of_taxonomy(&error),
            Error::NoReportGroup(id) => Self::not_found("report group", id),
            Error::NoRecoveryCase(id) => Self::not_found("recovery case", id),
            Error::NoRecoveryPolicy(number) => Self::not_found("recovery policy", number),
            Error::Resolved => resolved(),
            Error::NoText => {
                let message =
                    "the feedback has no text, so nothing was understood of it; ask about one that has";
                Self::failed_precondition(Reason::WrongState, message).with("state", "no_text")
            }
            Error::NoTheme(id) => Self::not_found("theme", id),
            Error::ThinTheme => thin(),
            Error::NoCorrection(id) => Self::not_found("correction", id),
            Error::CorrectionState { state, usable } => wrong_state(state, usable),
            Error::TopicTaken => Self::already_exists("topic", "topic_id"),
            Error::TooManyTopics { limit } => too_many_topics(limit),
            Error::NoSurvey(id) => Self::not_found("survey", id),
            Error::NoInvitation(id) => Self::not_found("invitation", id),
            Error::SurveyNameTaken => Self::already_exists("survey", "name"),
            Error::TooMany { resource, limit } => {
                let message = format!("there are at most {limit} {resource}s; use one that is there");
                Self::new(Code::ResourceExhausted, Reason::LimitReached, message)
                    .with("resource", resource)
                    .with("limit", limit)
            }
            Error::Template { template_id, fault } => {
                let message = format!("the template {template_id} {fault}; choose another one");
                Self::failed_precondition(Reason::WrongState, message).with("template_id", template_id)
            }
            Error::NotOpen { state } => {
                let message = format!("the invitation is {state} and takes no answer");
                Self::failed_precondition(Reason::WrongState, message).with("state", state)
            }
            Error::Overtaken => Self::aborted(
                Reason::Retry,
                "another change came at the same time; repeat the call",
            ),
            Error::Token(error) => Self::unauthenticated(error.to_string()),
            Error::Peer { service, status } => from_peer(service, &status),
            Error::Taxonomy(_)
            | Error::Record(_)
            | Error::Counts(_)
            | Error::History(_)
            | Error::Computation(_)
            | Error::Analyzer(_) => Self::internal(error),
            Error::Rpc(error) => error,
            Error::Database(error) => database_error(error),
        }
    }
}

/// What another service's failure means to a caller of this one. Its text stays here.
fn from_peer(service: &'static str, status: &tonic::Status) -> attune_rpc::Error {
    match status.code() {
        tonic::Code::Unavailable
        | tonic::Code::DeadlineExceeded
        | tonic::Code::ResourceExhausted
        | tonic::Code::Cancelled
        | tonic::Code::Aborted => {
            tracing::warn!(service, %status, "another service did not answer");
            let message = format!("the {service} service cannot be reached at the moment; repeat the call");
            attune_rpc::Error::unavailable(message, RETRY_AFTER)
        }
        _ => attune_rpc::Error::internal(format!("{service}: {status}")),
    }
}

impl Error {
    /// The failure of a call to `service`.
    pub(crate) fn peer(service: &'static str) -> impl Fn(tonic::Status) -> Self {
        move |status| Self::Peer {
            service,
            status: Box::new(status),
        }
    }
}

/// What is wrong with a change of the taxonomy, or with a coding by it.
fn of_taxonomy(error: &Error) -> attune_rpc::Error {
    let (state, advice) = match error {
        Error::TopicArchived => ("archived", "create it again to bring it back"),
        Error::Misplaced(Misplaced::NoParent) => ("no_parent", "name a topic that is in use"),
        Error::Misplaced(Misplaced::Circle) => ("circle", "name a topic that does not stand below it"),
        Error::Misplaced(Misplaced::TooDeep) => ("too_deep", "name a topic higher up"),
        Error::Misplaced(Misplaced::HasBelow) => ("has_topics_below", "move or archive those first"),
        Error::RecodingDone(_) => ("done", "recode with an earlier version to have its codings again"),
        Error::TooManyRecodings { .. } => return limit_reached(error, "recoding", "wait until one is done"),
        _ => return limit_reached(error, "topic rule", "use keywords or examples"),
    };
    attune_rpc::Error::failed_precondition(Reason::WrongState, format!("{error}; {advice}"))
        .with("state", state)
}

fn too_many_topics(limit: usize) -> attune_rpc::Error {
    let message = format!("a tenant has at most {limit} topics, the starter set included; use one of them");
    attune_rpc::Error::new(Code::ResourceExhausted, Reason::LimitReached, message)
        .with("resource", "topic")
        .with("limit", limit)
}

fn limit_reached(error: &Error, resource: &'static str, advice: &str) -> attune_rpc::Error {
    attune_rpc::Error::new(
        Code::ResourceExhausted,
        Reason::LimitReached,
        format!("{error}; {advice}"),
    )
    .with("resource", resource)
}

fn resolved() -> attune_rpc::Error {
    let message = "the recovery case is resolved; what the customer says next tells whether it helped";
    attune_rpc::Error::failed_precondition(Reason::WrongState, message).with("state", "resolved")
}

fn thin() -> attune_rpc::Error {
    let message = "the theme has no phrase or quote that a topic could be made of; create the topic with keywords of \
                   your own";
    attune_rpc::Error::failed_precondition(Reason::WrongState, message).with("state", "thin")
}

fn wrong_state(state: CorrectionState, usable: bool) -> attune_rpc::Error {
    let message = match state {
        CorrectionState::Rejected => {
            "the correction was no better than the model beyond chance; use another one"
        }
        _ if !usable => {
            "the correction is of another model, or its weights are not kept any more; wait for the next one"
        }
        _ => "the correction is not in use; switch off the one that is",
    };
    attune_rpc::Error::failed_precondition(Reason::WrongState, message).with("state", state.as_str())
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        attune_rpc::Error::from(error).into()
    }
}

impl From<Error> for attune_events::ConsumeError {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => error.into(),
            Error::Rpc(error) => error.into(),
            other => Self::poison(other),
        }
    }
}
