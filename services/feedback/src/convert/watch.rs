//! Streams.

use attune_api::feedback::v1 as pb;
use attune_auth::Caller;
use attune_events::Cursor;
use attune_rpc::{Error, Violations};
use uuid::Uuid;

use super::feedback;
use super::interaction::stage_name;
use super::metric::value_to_proto;
use super::slice::{Sliced, parse_slice};
use crate::domain::{Announced, Watched, metric};
use crate::live::{Change, Changes, Filter, Gap, Opening, Update};

/// The most numbers of one stream.
const MOST_NUMBERS: usize = 20;
/// Hours of 400 days.
const LONGEST_WINDOW: i32 = 9_600;

/// What a stream is opened with by `caller`.
pub(crate) fn opening(caller: &Caller, after: &str) -> Result<Opening, Error> {
    Ok(Opening {
        tenant: caller.tenant().clone(),
        after: Cursor::after(after)?,
        until: caller.expires_at(),
    })
}

pub(crate) fn filter(request: &pb::WatchFeedbackRequest) -> Result<Filter, Error> {
    let mut violations = Violations::default();
    let profile_id = violations.optional_id("profile_id", &request.profile_id);
    let slice = parse_slice(request.slice.as_ref(), Sliced::Feedback, &mut violations);
    let filter = || {
        Some(Filter {
            profile_id: profile_id?,
            slice: slice?,
        })
    };
    violations.finish(filter())
}

pub(crate) fn watched(request: &pb::WatchMetricsRequest) -> Result<Vec<Watched>, Error> {
    let mut violations = Violations::default();
    if request.metrics.is_empty() {
        violations.add("metrics", "must name at least one number");
    }
    let fits = violations.at_most("metrics", request.metrics.len(), MOST_NUMBERS);
    let numbers = fits.map_or(&[][..], |()| &request.metrics);
    let parsed: Vec<Option<Watched>> = numbers
        .iter()
        .enumerate()
        .map(|(place, number)| {
            let mut inner = Violations::default();
            let parsed = parse(number, &mut inner);
            violations.nest(&format!("metrics[{place}]"), inner);
            parsed
        })
        .collect();
    violations.finish(parsed.into_iter().collect())
}

fn parse(number: &pb::WatchedMetric, violations: &mut Violations) -> Option<Watched> {
    let pb::WatchedMetric {
        metric: id,
        slice,
        window_hours,
    } = number;
    let metric = violations.check("metric", metric(id));
    let slice = parse_slice(slice.as_ref(), Sliced::by(metric), violations);
    let hours = Some(*window_hours).filter(|hours| (1..=LONGEST_WINDOW).contains(hours));
    if hours.is_none() {
        violations.add(
            "window_hours",
            format!("must be a number between 1 and {LONGEST_WINDOW}"),
        );
    }
    Some(Watched {
        metric: metric?,
        slice: slice?,
        hours: hours?,
    })
}

/// What is told of new feedback; none where the event does not say which.
pub(crate) fn announced(submitted: &pb::FeedbackSubmitted) -> Option<Announced> {
    let topics = submitted
        .understanding
        .iter()
        .flat_map(|understood| &understood.topics);
    Some(Announced {
        feedback_id: Uuid::try_parse(&submitted.feedback_id).ok()?,
        profile_id: Uuid::try_parse(&submitted.profile_id).ok(),
        channel: submitted.channel.clone(),
        touchpoint: submitted.touchpoint.clone(),
        product: submitted.product.clone(),
        agent_id: submitted.agent_id.clone(),
        team: submitted.team.clone(),
        stage: stage_name(submitted.stage()),
        language: submitted
            .understanding
            .as_ref()
            .map(|understood| understood.language.clone())
            .unwrap_or_default(),
        segments: submitted.segments.clone(),
        topics: topics.map(|mention| mention.topic_id.clone()).collect(),
    })
}

pub(crate) fn update_to_proto(update: Update) -> pb::WatchFeedbackResponse {
    let Update {
        feedback,
        gap,
        through,
    } = update;
    pb::WatchFeedbackResponse {
        feedback: feedback.into_iter().map(feedback::to_proto).collect(),
        gap: gap.map(|gap| pb::WatchGap {
            missed: missed(gap),
            after: gap.after.encode(),
            through: gap.through.encode(),
        }),
        through: through.encode(),
    }
}

pub(crate) fn changes_to_proto(changes: Changes) -> pb::WatchMetricsResponse {
    let Changes {
        changes,
        gap,
        through,
    } = changes;
    let change = |Change { index, value }: Change| pb::MetricChange {
        index: i32::try_from(index).unwrap_or(i32::MAX),
        value: Some(value_to_proto(value)),
    };
    pb::WatchMetricsResponse {
        changes: changes.into_iter().map(change).collect(),
        gap: gap.map(|gap| pb::MetricGap {
            missed: missed(gap),
            after: gap.after.encode(),
            through: gap.through.encode(),
        }),
        through: through.encode(),
    }
}

fn missed(gap: Gap) -> i64 {
    i64::try_from(gap.missed).unwrap_or(i64::MAX)
}
