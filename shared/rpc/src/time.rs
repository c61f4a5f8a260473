//! Instants between protobuf and chrono.

use chrono::{DateTime, SubsecRound, Utc};
use prost_types::Timestamp;

/// The instant of a timestamp, cut to the microseconds that Postgres keeps; `None` when it is not a valid one.
pub fn instant(timestamp: Timestamp) -> Option<DateTime<Utc>> {
    let nanos = u32::try_from(timestamp.nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)?;
    DateTime::from_timestamp(timestamp.seconds, nanos).map(|instant| instant.trunc_subsecs(6))
}

/// The timestamp of an instant.
pub fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    // Sub-second nanos of an instant are below 2·10⁹, also in a leap second.
    let nanos = i32::try_from(instant.timestamp_subsec_nanos().min(999_999_999)).unwrap_or_default();
    Timestamp {
        seconds: instant.timestamp(),
        nanos,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_before_1970_survives_the_round_trip() {
        let before: DateTime<Utc> = "1969-12-31T23:59:59.250Z".parse().unwrap();
        assert_eq!(instant(timestamp(before)), Some(before));
    }
}
