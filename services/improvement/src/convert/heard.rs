//! What other services tell.

use attune_api::{feedback, notifications};
use attune_rpc::{Error, Violations};
use chrono::{DateTime, Utc};
use notifications::v1::MessageState;
use uuid::Uuid;

use crate::commands::detection::Part;
use crate::domain::{
    Cohort, Detection, Member, Mention, Rating, ReportGroup, Said, Sentiment, Telling, TellingState, Widening,
};
use crate::store::telling::{Outcome, Reading};

/// The kind of origin of messages about initiatives.
pub(crate) const INITIATIVE: &str = "initiative";
/// Employees are told of in multiples of so many, and never of fewer.
const FLOOR: i32 = 5;

pub(crate) fn opened(event: feedback::v1::HotIssueOpened) -> Result<Detection, Error> {
    let mut violations = Violations::default();
    let hot_issue = violations.required("hot_issue", event.hot_issue);
    let parsed = hot_issue.map(|hot_issue| {
        let id = violations.id("hot_issue.hot_issue_id", &hot_issue.hot_issue_id);
        let opened_at = violations.instant("hot_issue.opened_at", hot_issue.opened_at);
        let window_start = violations.instant("hot_issue.window_start", hot_issue.window_start);
        (id, opened_at, window_start, hot_issue)
    });
    let detection = || {
        let (id, opened_at, window_start, hot_issue) = parsed?;
        Some(Detection {
            hot_issue_id: id?,
            topic_id: hot_issue.topic_id,
            topic_name: hot_issue.topic_name,
            product: hot_issue.product,
            opened_at: opened_at?,
            window_start: window_start?,
            cohort_size: hot_issue.cohort_size,
            evidence_size: hot_issue.evidence_size,
            quotes: hot_issue.quotes,
            p_value: hot_issue.p_value,
        })
    };
    violations.finish(detection())
}

pub(crate) fn frozen(event: &feedback::v1::HotIssueCohortFrozen) -> Result<Part, Error> {
    let feedback::v1::HotIssueCohortFrozen {
        hot_issue_id,
        part,
        parts,
        members,
        anonymous_feedback_ids,
    } = event;
    let mut violations = Violations::default();
    let hot_issue_id = violations.id("hot_issue_id", hot_issue_id);
    if !(1..=*parts).contains(part) {
        violations.add("part", "must be 1 to the number of parts");
    }
    let members: Option<Vec<_>> = members
        .iter()
        .map(|member| self::member(member, &mut violations))
        .collect();
    let anonymous = violations.ids("anonymous_feedback_ids", anonymous_feedback_ids, usize::MAX);
    let cohort = members
        .zip(anonymous)
        .map(|(members, anonymous)| Cohort { members, anonymous });
    let taken = || {
        Some(Part {
            hot_issue_id: hot_issue_id?,
            number: *part,
            of: *parts,
            cohort: cohort?,
        })
    };
    violations.finish(taken())
}

/// A part of what a cohort was extended by: read like a part of the cohort itself.
pub(crate) fn extended(event: feedback::v1::HotIssueCohortExtended) -> Result<Part, Error> {
    frozen(&feedback::v1::HotIssueCohortFrozen {
        hot_issue_id: event.hot_issue_id,
        part: event.part,
        parts: event.parts,
        members: event.members,
        anonymous_feedback_ids: event.anonymous_feedback_ids,
    })
}

pub(crate) fn widened(event: feedback::v1::HotIssueWidened) -> Result<Widening, Error> {
    let mut violations = Violations::default();
    let hot_issue = violations.required("hot_issue", event.hot_issue);
    let widening = hot_issue.and_then(|hot_issue| {
        let hot_issue_id = violations.id("hot_issue.hot_issue_id", &hot_issue.hot_issue_id);
        let at = violations.instant("hot_issue.widened_at", hot_issue.widened_at);
        Some(Widening {
            hot_issue_id: hot_issue_id?,
            topic_name: hot_issue.topic_name,
            at: at?,
            explanation: event.explanation,
        })
    });
    violations.finish(widening)
}

fn member(member: &feedback::v1::CohortMember, violations: &mut Violations) -> Option<Member> {
    let feedback::v1::CohortMember {
        profile_id,
        feedback_ids,
    } = member;
    let profile_id = violations.id("members.profile_id", profile_id);
    let feedback_ids = violations.ids("members.feedback_ids", feedback_ids, usize::MAX);
    profile_id
        .zip(feedback_ids)
        .map(|(profile_id, feedback_ids)| Member::new(profile_id, feedback_ids))
}

/// The hot issue that ended, and when.
pub(crate) fn ended(event: feedback::v1::HotIssueEnded) -> Result<(Uuid, DateTime<Utc>), Error> {
    let mut violations = Violations::default();
    let hot_issue = violations.required("hot_issue", event.hot_issue);
    let parsed = hot_issue.map(|hot_issue| {
        let id = violations.id("hot_issue.hot_issue_id", &hot_issue.hot_issue_id);
        (id, violations.instant("hot_issue.ended_at", hot_issue.ended_at))
    });
    violations.finish(parsed.and_then(|(id, at)| id.zip(at)))
}

/// The person and the iteration that a message is about.
struct About {
    initiative_id: Uuid,
    iteration: i32,
    profile_id: Uuid,
    message_id: Uuid,
}

/// Whether a message is to a person about an initiative, not to a department nor about anything else.
fn is_telling(message: &notifications::v1::Message) -> bool {
    let origin = message.origin.as_ref();
    origin.is_some_and(|origin| origin.kind == INITIATIVE) && !message.profile_id.is_empty()
}

/// Whom a telling is to, and what it is about.
fn about(message: &notifications::v1::Message, violations: &mut Violations) -> Option<About> {
    let origin = violations.required("message.origin", message.origin.as_ref())?;
    let initiative_id = violations.id("message.origin.id", &origin.id);
    let iteration = violations.check("message.origin.occasion", origin.occasion.parse::<i32>());
    let profile_id = violations.id("message.profile_id", &message.profile_id);
    let message_id = violations.id("message.message_id", &message.message_id);
    Some(About {
        initiative_id: initiative_id?,
        iteration: iteration?,
        profile_id: profile_id?,
        message_id: message_id?,
    })
}

/// What became of a message to a person about an iteration; `None` for all other messages. `at` is when it was
/// told, should the message not say when it was decided.
pub(crate) fn outcome(
    message: Option<notifications::v1::Message>,
    at: DateTime<Utc>,
) -> Result<Option<Outcome>, Error> {
    let mut violations = Violations::default();
    let Some(message) = violations.required("message", message) else {
        return violations.finish(None);
    };
    let state = match message.state() {
        MessageState::Sent => TellingState::Sent,
        MessageState::Blocked => TellingState::Blocked,
        MessageState::Failed => TellingState::Failed,
        MessageState::Queued | MessageState::Unspecified => return Ok(None),
    };
    if !is_telling(&message) {
        return Ok(None);
    }
    let about = about(&message, &mut violations);
    let decided_at = violations.optional_instant("message.decided_at", message.decided_at);
    let outcome = || {
        let about = about?;
        let telling = Telling {
            profile_id: about.profile_id,
            state,
            reason: message.reason.clone(),
            message_id: Some(about.message_id),
            decided_at: Some(decided_at?.unwrap_or(at)),
            read_at: None,
        };
        Some(Outcome {
            initiative_id: about.initiative_id,
            iteration: about.iteration,
            telling,
        })
    };
    violations.finish(outcome()).map(Some)
}

/// That a message to a person about an iteration was read; `None` for all other messages.
pub(crate) fn reading(message: Option<notifications::v1::Message>) -> Result<Option<Reading>, Error> {
    let mut violations = Violations::default();
    let Some(message) = violations.required("message", message) else {
        return violations.finish(None);
    };
    if !is_telling(&message) {
        return Ok(None);
    }
    let about = about(&message, &mut violations);
    let read_at = violations.instant("message.read_time", message.read_time);
    let reading = about.zip(read_at).map(|(about, read_at)| Reading {
        initiative_id: about.initiative_id,
        iteration: about.iteration,
        profile_id: about.profile_id,
        message_id: about.message_id,
        read_at,
    });
    violations.finish(reading).map(Some)
}

/// What a customer said.
pub(crate) fn said(event: feedback::v1::FeedbackSubmitted) -> Result<Said, Error> {
    let mut violations = Violations::default();
    let feedback_id = violations.id("feedback_id", &event.feedback_id);
    let profile_id = violations.optional_id("profile_id", &event.profile_id);
    let occurred_at = violations.instant("occurred_at", event.occurred_at);
    let rating = event.rating.and_then(rating);
    let understanding = event.understanding;
    let said = || {
        Some(Said {
            feedback_id: feedback_id?,
            profile_id: profile_id?,
            product: event.product,
            channel: event.channel,
            touchpoint: event.touchpoint,
            rating,
            understood: understanding.is_some(),
            sentiment: understanding
                .as_ref()
                .and_then(|read| sentiment(read.sentiment())),
            topics: understanding
                .into_iter()
                .flat_map(|read| read.topics)
                .map(mention)
                .collect(),
            occurred_at: occurred_at?,
        })
    };
    violations.finish(said())
}

fn mention(mention: feedback::v1::TopicMention) -> Mention {
    Mention {
        sentiment: sentiment(mention.sentiment()),
        topic_id: mention.topic_id,
    }
}

/// A group of employees who reported about one topic; how many they are, and nothing else.
pub(crate) fn report_group(event: feedback::v1::ReportGroupReleased) -> Result<ReportGroup, Error> {
    let mut violations = Violations::default();
    let group = violations.required("report_group", event.report_group);
    let parsed = group.map(|group| {
        let id = violations.id("report_group.report_group_id", &group.report_group_id);
        let released_at = violations.instant("report_group.released_at", group.released_at);
        if group.reporters < FLOOR || group.reporters % FLOOR != 0 {
            violations.add(
                "report_group.reporters",
                "must be a multiple of five, at least five",
            );
        }
        (id, released_at, group)
    });
    let heard = || {
        let (id, released_at, group) = parsed?;
        Some(ReportGroup {
            report_group_id: id?,
            topic_id: group.topic_id,
            reporters: group.reporters,
            released_at: released_at?,
        })
    };
    violations.finish(heard())
}

/// A kind of rating that this version does not know counts for no metric.
fn rating(rating: feedback::v1::Rating) -> Option<Rating> {
    let value = rating.value;
    match rating.kind() {
        feedback::v1::RatingKind::Nps => Some(Rating::Nps(value)),
        feedback::v1::RatingKind::Csat => Some(Rating::Csat(value)),
        feedback::v1::RatingKind::Ces => Some(Rating::Ces(value)),
        feedback::v1::RatingKind::Unspecified => None,
    }
}

fn sentiment(sentiment: feedback::v1::Sentiment) -> Option<Sentiment> {
    match sentiment {
        feedback::v1::Sentiment::Negative => Some(Sentiment::Negative),
        feedback::v1::Sentiment::Neutral => Some(Sentiment::Neutral),
        feedback::v1::Sentiment::Positive => Some(Sentiment::Positive),
        feedback::v1::Sentiment::Unspecified => None,
    }
}
