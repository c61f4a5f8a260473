//! Own ratings and perception gaps.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use attune_stats::comparison::Difference;

use super::driver::MOST_DAYS;
use super::feedback::{parse_rating, rating_to_proto};
use super::metric::{parse_hours, parse_scale, value_to_proto};
use crate::commands::perception::{Gap, Record};
use crate::domain::{OwnRating, OwnRatingDraft, Perception, Subject};
use crate::store::perception::{Filter, Place};

pub(crate) fn record(request: &pb::RecordOwnRatingRequest) -> Result<Record, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("RecordOwnRating", &request.request_id, request, &mut violations);
    let mut inner = Violations::default();
    let draft = violations
        .required("own_rating", request.own_rating.as_ref())
        .and_then(|rating| parse(rating, &mut inner));
    violations.nest("own_rating", inner);
    let record = || {
        Some(Record {
            draft: draft?,
            key: key?,
        })
    };
    violations.finish(record())
}

fn parse(own: &pb::OwnRating, violations: &mut Violations) -> Option<OwnRatingDraft> {
    let touchpoint = violations.optional_slug("touchpoint", &own.touchpoint, 64);
    let agent_id = violations.text("agent_id", &own.agent_id, 0..=100);
    if own.touchpoint.is_empty() && own.agent_id.trim().is_empty() {
        violations.add("touchpoint", "must be given where there is no agent_id");
    }
    let rating = violations
        .required("rating", own.rating)
        .and_then(|rating| parse_rating(rating, violations));
    let assessor_id = violations.text("assessor_id", &own.assessor_id, 1..=100);
    let assessed_at = violations.instant("assessed_at", own.assessed_at);
    Some(OwnRatingDraft {
        touchpoint: touchpoint?.unwrap_or_default(),
        agent_id: agent_id?,
        rating: rating?,
        assessor_id: assessor_id?,
        assessed_at: assessed_at?,
    })
}

pub(crate) fn list(request: &pb::ListOwnRatingsRequest) -> Result<(Filter, Page<Place>), Error> {
    let mut violations = Violations::default();
    let pb::ListOwnRatingsRequest {
        touchpoint,
        agent_id,
        page_size,
        page_token,
    } = request;
    let arguments = (touchpoint, agent_id);
    let touchpoint = violations.optional_slug("touchpoint", touchpoint, 64);
    let agent_id = violations.text("agent_id", agent_id, 0..=100);
    // A token of other arguments is refused after the arguments themselves, which may be what is wrong.
    let page = Page::parse(*page_size, page_token, &arguments, &mut violations);
    let filter = || {
        Some(Filter {
            touchpoint: touchpoint?.unwrap_or_default(),
            agent_id: agent_id?,
        })
    };
    let filter = violations.finish(filter())?;
    Ok((filter, page?))
}

pub(crate) fn gaps(request: &pb::GetPerceptionGapRequest) -> Result<(Perception, Page<String>), Error> {
    let mut violations = Violations::default();
    let pb::GetPerceptionGapRequest {
        metric,
        subject,
        start,
        end,
        page_size,
        page_token,
    } = request;
    let scale = parse_scale(metric, &mut violations);
    let subject = violations
        .choice::<pb::PerceptionSubject>("subject", *subject)
        .and_then(|subject| match subject {
            pb::PerceptionSubject::Unspecified => None,
            pb::PerceptionSubject::Touchpoint => Some(Subject::Touchpoint),
            pb::PerceptionSubject::Agent => Some(Subject::Agent),
        });
    let start = violations.instant("start", *start);
    let end = violations.instant("end", *end);
    let window = start
        .zip(end)
        .and_then(|ends| parse_hours(ends, Some(MOST_DAYS), &mut violations));
    let arguments = (metric, subject, window.map(|window| (window.start, window.end)));
    let page = Page::parse(*page_size, page_token, &arguments, &mut violations);
    let question = || {
        Some(Perception {
            scale: scale?,
            subject: subject?,
            window: window?,
        })
    };
    let question = violations.finish(question())?;
    Ok((question, page?))
}

pub(crate) fn to_proto(own: OwnRating) -> pb::OwnRating {
    let OwnRating {
        own_rating_id,
        draft,
        created_at,
    } = own;
    let OwnRatingDraft {
        touchpoint,
        agent_id,
        rating,
        assessor_id,
        assessed_at,
    } = draft;
    pb::OwnRating {
        own_rating_id: own_rating_id.to_string(),
        touchpoint,
        agent_id,
        rating: Some(rating_to_proto(rating)),
        assessor_id,
        assessed_at: Some(timestamp(assessed_at)),
        create_time: Some(timestamp(created_at)),
    }
}

pub(crate) fn gap_to_proto(gap: Gap) -> pb::PerceptionGap {
    let Gap {
        subject,
        own,
        customers,
        gap,
    } = gap;
    let shown = pb::PerceptionGap {
        subject,
        own: Some(value_to_proto(own)),
        customers: Some(value_to_proto(customers)),
        ..pb::PerceptionGap::default()
    };
    match gap {
        Ok(Difference {
            value,
            low,
            high,
            level,
            p_value: _,
            test,
        }) => pb::PerceptionGap {
            gap: Some(value),
            low: Some(low),
            high: Some(high),
            level,
            method: test.interval_name().to_owned(),
            ..shown
        },
        Err(suppressed_reason) => pb::PerceptionGap {
            suppressed_reason,
            ..shown
        },
    }
}
