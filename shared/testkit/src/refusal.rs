//! Reading what a refusal says.

use tonic::Status;
use tonic_types::StatusExt;

/// The `ErrorInfo` reason; empty when the status has none.
pub fn reason(status: &Status) -> String {
    status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default()
}

/// The fields named in `BadRequest`, in their order.
pub fn violated_fields(status: &Status) -> Vec<String> {
    let violations = status
        .get_details_bad_request()
        .map(|request| request.field_violations);
    violations
        .unwrap_or_default()
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}
