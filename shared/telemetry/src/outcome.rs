//! How a call ended, in the words of the semantic conventions.

use http::{HeaderMap, StatusCode};
use tonic::Code;

/// The end of one call as its caller saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    code: Code,
}

impl Outcome {
    /// The caller went away before the answer was complete.
    pub const ABANDONED: Self = Self {
        code: Code::Cancelled,
    };

    /// From the headers of an answer: `None` while the status is still to come in the trailers.
    pub fn of_headers(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key("grpc-status") {
            return Some(Self::of_trailers(headers));
        }
        // The mapping of HTTP to gRPC codes is gRPC's own (doc/http-grpc-status-mapping.md).
        let code = match status {
            StatusCode::OK => return None,
            StatusCode::BAD_REQUEST => Code::Internal,
            StatusCode::UNAUTHORIZED => Code::Unauthenticated,
            StatusCode::FORBIDDEN => Code::PermissionDenied,
            StatusCode::NOT_FOUND => Code::Unimplemented,
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Code::Unavailable,
            _ => Code::Unknown,
        };
        Some(Self { code })
    }

    /// From the trailers of an answer; without a status the call ended as UNKNOWN, as the caller saw it.
    pub fn of_trailers(trailers: &HeaderMap) -> Self {
        let code = trailers
            .get("grpc-status")
            .map_or(Code::Unknown, |value| Code::from_bytes(value.as_bytes()));
        Self { code }
    }

    /// A body that ended without trailers or with a transport error.
    pub const fn broken() -> Self {
        Self { code: Code::Unknown }
    }

    /// The code's name in the specification, such as `DEADLINE_EXCEEDED`.
    pub const fn name(self) -> &'static str {
        match self.code {
            Code::Ok => "OK",
            Code::Cancelled => "CANCELLED",
            Code::Unknown => "UNKNOWN",
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Code::NotFound => "NOT_FOUND",
            Code::AlreadyExists => "ALREADY_EXISTS",
            Code::PermissionDenied => "PERMISSION_DENIED",
            Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Code::FailedPrecondition => "FAILED_PRECONDITION",
            Code::Aborted => "ABORTED",
            Code::OutOfRange => "OUT_OF_RANGE",
            Code::Unimplemented => "UNIMPLEMENTED",
            Code::Internal => "INTERNAL",
            Code::Unavailable => "UNAVAILABLE",
            Code::DataLoss => "DATA_LOSS",
            Code::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// Whether the server failed: the codes that the conventions count as errors on the server side. A
    /// refusal the caller can mend is not one.
    pub const fn is_server_error(self) -> bool {
        matches!(
            self.code,
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_in_the_headers_ends_the_call_there() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", "16".parse().unwrap());
        let outcome = Outcome::of_headers(StatusCode::OK, &headers).unwrap();
        assert_eq!(outcome.name(), "UNAUTHENTICATED");
        assert!(!outcome.is_server_error());
    }

    #[test]
    fn headers_without_a_status_leave_it_to_the_trailers() {
        assert_eq!(Outcome::of_headers(StatusCode::OK, &HeaderMap::new()), None);
        let broken = Outcome::of_trailers(&HeaderMap::new());
        assert!(broken.is_server_error());
        assert_eq!(broken.name(), "UNKNOWN");
    }

    #[test]
    fn an_http_refusal_has_the_code_grpc_gives_it() {
        let outcome = Outcome::of_headers(StatusCode::NOT_FOUND, &HeaderMap::new()).unwrap();
        assert_eq!(outcome.name(), "UNIMPLEMENTED");
    }
}
