//! What a failing database means to a caller.

use std::time::Duration;

use attune_rpc::{Error, Reason};

/// After what time a caller may find a connection free again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The error a caller sees for a failure of the database. Its text never leaves the process; what is not
/// of the passing kinds below is logged as a fault of the platform.
///
/// - a deadlock, a serialization failure or a lock not granted in time: ABORTED with reason RETRY
/// - no connection in time, a lost one, a server that starts, stops, is out of connections, memory or disk, or only
///   follows another one yet: UNAVAILABLE with a delay
/// - a statement over its time: `DEADLINE_EXCEEDED`
/// - anything else: INTERNAL
pub fn database_error(error: sqlx::Error) -> Error {
    match &error {
        // The protocol is broken by an answer that was cut off: the statements are right, so the connection is not.
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_) => unavailable(&error),
        sqlx::Error::Database(failure) => match failure.code().as_deref() {
            Some(code) => by_state(code, &error),
            None => Error::internal(error),
        },
        _ => Error::internal(error),
    }
}

/// By SQLSTATE; see appendix A of the Postgres manual.
fn by_state(code: &str, error: &sqlx::Error) -> Error {
    match code {
        "40001" | "40P01" | "55P03" => Error::aborted(
            Reason::Retry,
            "another call changed the same data at the same time; repeat the call",
        ),
        "57014" => Error::deadline_exceeded(),
        // A write on a standby that is about to be promoted; the second is what it says to BEGIN READ WRITE. All
        // statements are fixed and were checked, so that 0A000 never means the statement: the other cause is a
        // migration that changed a table under a prepared one.
        "25006" | "0A000" => unavailable(error),
        _ if ["08", "53", "57P"].iter().any(|class| code.starts_with(class)) => unavailable(error),
        _ => Error::internal(error),
    }
}

fn unavailable(error: &sqlx::Error) -> Error {
    tracing::warn!(%error, "database not available");
    Error::unavailable(
        "the database cannot be reached at the moment; repeat the call",
        RETRY_AFTER,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_rpc::Code;

    #[test]
    fn a_pool_without_a_free_connection_is_unavailable() {
        assert_eq!(
            database_error(sqlx::Error::PoolTimedOut).code(),
            Code::Unavailable
        );
    }

    #[test]
    fn what_another_moment_mends_is_unavailable() {
        for (state, what) in [
            ("08006", "a lost connection"),
            ("0A000", "BEGIN READ WRITE on a standby"),
            ("25006", "INSERT on a standby"),
            ("53100", "a full disk"),
            ("53300", "too many connections"),
            ("57P01", "a server that is stopped"),
        ] {
            let error = by_state(state, &sqlx::Error::WorkerCrashed);
            assert_eq!(error.code(), Code::Unavailable, "{what}");
        }
        let error = by_state("23505", &sqlx::Error::WorkerCrashed);
        assert_eq!(
            error.code(),
            Code::Internal,
            "a violated constraint that nobody translated"
        );
    }

    #[test]
    fn a_fault_of_ours_is_internal_and_says_nothing() {
        let error = database_error(sqlx::Error::ColumnNotFound("email".into()));
        assert_eq!(error.code(), Code::Internal);
        assert!(!error.message().contains("email"));
    }
}
