//! Readings.

use attune_api::notifications::v1 as pb;
use attune_rpc::{Error, RequestKey, Violations};

use crate::commands::reading::Record;
use crate::domain::Reading;

pub(crate) fn record(request: &pb::RecordReadingRequest) -> Result<Record, Error> {
    let pb::RecordReadingRequest {
        message_id,
        read_time,
        source,
        request_id,
    } = request;
    let mut violations = Violations::default();
    let key = RequestKey::of("RecordReading", request_id, request, &mut violations);
    let message_id = violations.id("message_id", message_id);
    let at = violations.optional_instant("read_time", *read_time);
    let source = violations.text("source", source, 1..=100);
    let record = || {
        Some(Record {
            message_id: message_id?,
            reading: Reading {
                at: at?,
                source: source?,
            },
            key: key?,
        })
    };
    violations.finish(record())
}
