//! Recodings and codings.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::feedback::mention_to_proto;
use super::metric::parse_hours;
use super::topic::version;
use crate::commands::recoding::{Cancel, Recode};
use crate::domain::{Coding, Recoding};

/// The widest window of a recoding, in days: three years and some.
const WIDEST: i64 = 1100;

pub(crate) fn recode(request: &pb::RecodeFeedbackRequest, author: &str) -> Result<Recode, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("RecodeFeedback", &request.request_id, request, &mut violations);
    let start = violations.instant("start", request.start);
    let end = violations.instant("end", request.end);
    let window = start
        .zip(end)
        .and_then(|ends| parse_hours(ends, Some(WIDEST), &mut violations));
    let version = version(request.taxonomy_version, &mut violations);
    let recode = || {
        Some(Recode {
            window: window?,
            version: version?,
            author: author.to_owned(),
            key: key?,
        })
    };
    violations.finish(recode())
}

pub(crate) fn cancel(request: &pb::CancelRecodingRequest, by: &str) -> Result<Cancel, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CancelRecoding", &request.request_id, request, &mut violations);
    let recoding_id = violations.id("recoding_id", &request.recoding_id);
    let reason = violations.text("reason", &request.reason, 1..=500);
    let cancel = || {
        Some(Cancel {
            recoding_id: recoding_id?,
            reason: reason?,
            by: by.to_owned(),
            key: key?,
        })
    };
    violations.finish(cancel())
}

pub(crate) fn get(request: &pb::GetRecodingRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("recoding_id", &request.recoding_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListRecodingsRequest) -> Result<Page<Uuid>, Error> {
    let mut violations = Violations::default();
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &"recodings",
        &mut violations,
    )?;
    violations.finish(Some(page))
}

pub(crate) fn codings(request: &pb::ListCodingsRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("feedback_id", &request.feedback_id);
    violations.finish(id)
}

pub(crate) fn to_proto(recoding: Recoding) -> pb::Recoding {
    let Recoding {
        recoding_id,
        taxonomy_version,
        window,
        author,
        created_at,
        ended_at,
        through: _,
        total,
        processed,
        changed,
        known,
        cancelled,
        restored,
    } = recoding;
    let state = match (ended_at, &cancelled) {
        (None, None) => pb::RecodingState::Running,
        (Some(_), None) => pb::RecodingState::Done,
        (None, Some(_)) => pb::RecodingState::Cancelling,
        (Some(_), Some(_)) => pb::RecodingState::Cancelled,
    };
    let cancel_time = cancelled.as_ref().map(|cancelled| timestamp(cancelled.at));
    let (cancelled_by, cancel_reason) = cancelled
        .map(|cancelled| (cancelled.by, cancelled.reason))
        .unwrap_or_default();
    pb::Recoding {
        recoding_id: recoding_id.to_string(),
        taxonomy_version,
        start: Some(timestamp(window.start)),
        end: Some(timestamp(window.end)),
        state: state.into(),
        total,
        processed,
        changed,
        known,
        author,
        create_time: Some(timestamp(created_at)),
        end_time: ended_at.map(timestamp),
        cancelled_by,
        cancel_reason,
        cancel_time,
        restored,
    }
}

pub(crate) fn coding_to_proto(coding: Coding) -> pb::Coding {
    let Coding {
        taxonomy_version,
        standing,
        topics,
    } = coding;
    pb::Coding {
        taxonomy_version,
        standing,
        topics: topics.into_iter().map(mention_to_proto).collect(),
    }
}
