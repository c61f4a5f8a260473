//! The one error that crosses the API, and the one place where it becomes a gRPC status.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

use crate::{Reason, Violations};

/// The `ErrorInfo.domain` of every error of this platform.
pub const DOMAIN: &str = "attune";

/// Characters of a caller's own text that an error repeats.
const LONGEST_ECHO: usize = 100;

/// The gRPC codes a service may answer with; a subset, so that a code always means one thing (AIP-193).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request can never succeed as it is.
    InvalidArgument,
    /// No valid token.
    Unauthenticated,
    /// A valid token that does not allow this.
    PermissionDenied,
    /// The tenant has no such resource.
    NotFound,
    /// The value is taken.
    AlreadyExists,
    /// The resource's state does not allow it; a change elsewhere comes first.
    FailedPrecondition,
    /// Somebody else was faster; read again and repeat.
    Aborted,
    /// Past the end of what is kept.
    OutOfRange,
    /// Too much at once; come again later.
    ResourceExhausted,
    /// The call's time is over.
    DeadlineExceeded,
    /// Not reachable now; repeat.
    Unavailable,
    /// A fault of the platform.
    Internal,
}

impl From<Code> for tonic::Code {
    fn from(code: Code) -> Self {
        match code {
            Code::InvalidArgument => Self::InvalidArgument,
            Code::Unauthenticated => Self::Unauthenticated,
            Code::PermissionDenied => Self::PermissionDenied,
            Code::NotFound => Self::NotFound,
            Code::AlreadyExists => Self::AlreadyExists,
            Code::FailedPrecondition => Self::FailedPrecondition,
            Code::Aborted => Self::Aborted,
            Code::OutOfRange => Self::OutOfRange,
            Code::ResourceExhausted => Self::ResourceExhausted,
            Code::DeadlineExceeded => Self::DeadlineExceeded,
            Code::Unavailable => Self::Unavailable,
            Code::Internal => Self::Internal,
        }
    }
}

/// An error as the caller will see it. Large parts are boxed so that `Result<T, Error>` stays small.
#[derive(Debug)]
pub struct Error {
    code: Code,
    reason: Reason,
    message: String,
    details: Box<Details>,
}

#[derive(Debug, Default)]
struct Details {
    metadata: HashMap<String, String>,
    violations: Violations,
    retry_after: Option<Duration>,
}

impl Error {
    /// An error with code, reason and a message that tells the caller what to do.
    pub fn new(code: Code, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Box::default(),
        }
    }

    /// `INVALID_ARGUMENT` with every field violation at once.
    pub fn invalid(violations: Violations) -> Self {
        let fields: Vec<_> = violations
            .iter()
            .map(|v| format!("{}: {}", v.field, v.description))
            .collect();
        let (listed, more) = (fields.join("; "), violations.left_out());
        let message = match fields.len() + more {
            1 => listed,
            all if more > 0 => format!("{all} fields are wrong, the first of them: {listed}"),
            all => format!("{all} fields are wrong: {listed}"),
        };
        let mut error = Self::new(Code::InvalidArgument, Reason::InvalidFields, message);
        error.details.violations = violations;
        error
    }

    /// `NOT_FOUND` for a resource of the caller's tenant.
    pub fn not_found(resource: &str, id: impl fmt::Display) -> Self {
        // Where any text is taken for a name, a long one must not come back: it would not fit a header, and
        // what does not fit ends the whole connection.
        let id: String = id.to_string().chars().take(LONGEST_ECHO).collect();
        Self::new(
            Code::NotFound,
            Reason::NotFound,
            format!("there is no {resource} {id}"),
        )
        .with("resource", resource)
        .with("id", id)
    }

    /// `ALREADY_EXISTS`: another resource holds the value of `field`.
    pub fn already_exists(resource: &str, field: &str) -> Self {
        let message = format!("another {resource} has this {field} already");
        Self::new(Code::AlreadyExists, Reason::AlreadyExists, message)
            .with("resource", resource)
            .with("field", field)
    }

    /// ABORTED: the caller's picture of the resource is old, or another transaction won.
    pub fn aborted(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Code::Aborted, reason, message)
    }

    /// `FAILED_PRECONDITION`: the state does not allow it.
    pub fn failed_precondition(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, reason, message)
    }

    /// `PERMISSION_DENIED`.
    pub fn permission_denied(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Code::PermissionDenied, reason, message)
    }

    /// UNAUTHENTICATED.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, Reason::InvalidToken, message)
    }

    /// `RESOURCE_EXHAUSTED`, with the time after which to come again.
    pub fn resource_exhausted(reason: Reason, message: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(Code::ResourceExhausted, reason, message).retry_after(retry_after)
    }

    /// UNAVAILABLE: repeating the call may help.
    pub fn unavailable(message: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(Code::Unavailable, Reason::Unavailable, message).retry_after(retry_after)
    }

    /// `DEADLINE_EXCEEDED`.
    pub fn deadline_exceeded() -> Self {
        let message =
            "the deadline of the call passed before it was done; repeat it with the same request id";
        Self::new(Code::DeadlineExceeded, Reason::DeadlineExceeded, message)
    }

    /// `OUT_OF_RANGE`.
    pub fn out_of_range(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Code::OutOfRange, reason, message)
    }

    /// INTERNAL. The cause goes to the log; the caller learns only where to look.
    pub fn internal(source: impl fmt::Display) -> Self {
        tracing::error!(error = %source, "internal error");
        let message = "the platform failed; its log has the cause under this call's trace id";
        Self::new(Code::Internal, Reason::Internal, message)
    }

    /// Adds `ErrorInfo` metadata: whatever varies in the message.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl fmt::Display) -> Self {
        self.details.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    /// Adds `RetryInfo`.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.details.retry_after = Some(delay);
        self
    }

    /// The canonical code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The reason of the `ErrorInfo`.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The reason as it travels, without the enum's prefix.
    pub fn reason_name(&self) -> &'static str {
        let name = self.reason.as_str_name();
        name.strip_prefix("ERROR_REASON_").unwrap_or(name)
    }

    /// The message for the caller.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::invalid(violations)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let reason = error.reason_name();
        let Details {
            metadata,
            violations,
            retry_after,
        } = *error.details;
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
        for violation in violations {
            details.add_bad_request_violation(violation.field, violation.description);
        }
        if retry_after.is_some() {
            details.set_retry_info(retry_after);
        }
        Status::with_error_details(error.code.into(), error.message, details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_carries_reason_metadata_and_every_violation() {
        let mut violations = Violations::default();
        violations.add("email", "must hold one @");
        violations.add("language", "must be a BCP 47 tag such as en");
        let status = Status::from(Error::invalid(violations).with("resource", "profile"));

        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("INVALID_FIELDS", "attune")
        );
        assert_eq!(info.metadata["resource"], "profile");
        assert_eq!(details.bad_request().unwrap().field_violations.len(), 2);
    }

    #[test]
    fn a_name_of_a_megabyte_is_not_repeated() {
        let status = Status::from(Error::not_found("event feed", "x".repeat(1 << 20)));
        assert!(status.message().len() < 200 && status.details().len() < 1000);
    }

    #[test]
    fn an_internal_error_does_not_tell_its_cause() {
        let status = Status::from(Error::internal("relation profiles.profile does not exist"));
        assert!(!status.message().contains("relation"));
    }

    #[test]
    fn an_exhausted_resource_says_when_to_come_again() {
        let error = Error::resource_exhausted(
            Reason::Overloaded,
            "too many calls in flight",
            Duration::from_secs(1),
        );
        let retry = Status::from(error).get_details_retry_info().unwrap();
        assert_eq!(retry.retry_delay, Some(Duration::from_secs(1)));
    }
}
