//! Hot issues.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Page, Violations, timestamp};
use uuid::Uuid;

use crate::domain::course::{self, CourseDay};
use crate::domain::{Cohort, Course, HotIssue, HotIssueState, Member, Notice};
use crate::store;

pub(crate) fn id(hot_issue_id: &str) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("hot_issue_id", hot_issue_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListHotIssuesRequest) -> Result<Page<store::hot_issue::Place>, Error> {
    let mut violations = Violations::default();
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &"hot_issues",
        &mut violations,
    )?;
    violations.finish(Some(page))
}

pub(crate) fn list_notices(
    request: &pb::ListDetectionNoticesRequest,
) -> Result<Page<store::detection::Place>, Error> {
    let mut violations = Violations::default();
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &"detection_notices",
        &mut violations,
    )?;
    violations.finish(Some(page))
}

pub(crate) fn to_proto(issue: &HotIssue) -> pb::HotIssue {
    let state = match issue.state {
        HotIssueState::Open => pb::HotIssueState::Open,
        HotIssueState::Ended => pb::HotIssueState::Ended,
    };
    pb::HotIssue {
        hot_issue_id: issue.hot_issue_id.to_string(),
        topic_id: issue.topic_id.clone(),
        topic_name: issue.topic_name.clone(),
        product: issue.product.clone(),
        state: state.into(),
        opened_at: Some(timestamp(issue.opened_at)),
        window_start: Some(timestamp(issue.window_start)),
        ended_at: issue.ended_at.map(timestamp),
        observed: issue.observed,
        expected: issue.expected,
        p_value: issue.p_value,
        q_value: issue.q_value,
        cohort_size: issue.cohort_size,
        evidence_size: issue.evidence_size,
        quotes: issue.quotes.clone(),
        last_observed: issue.last_observed,
        widened_at: issue.widened_at.map(timestamp),
        opened_product: issue.opened_product().to_owned(),
    }
}

pub(crate) fn explain(issue: &HotIssue) -> Result<pb::ExplainHotIssueResponse, crate::error::Error> {
    let record = &issue.record.0;
    Ok(pb::ExplainHotIssueResponse {
        hot_issue: Some(to_proto(issue)),
        comparable_windows: number(record.finding.baseline.windows),
        overdispersion: issue.variance_over_mean(),
        tested: number(record.tested),
        false_discovery_rate: record.settings.false_discovery_rate,
        explanation: issue.explanation(),
        record_json: serde_json::to_string(record)?,
        taxonomy_version: record.taxonomy_version,
    })
}

pub(crate) fn course_to_proto(course: &Course) -> pb::GetHotIssueCourseResponse {
    let Course { issue, days } = course;
    pb::GetHotIssueCourseResponse {
        hot_issue: Some(to_proto(issue)),
        days: days.iter().map(day_to_proto).collect(),
        level: course::LEVEL,
    }
}

fn day_to_proto(day: &CourseDay) -> pb::CourseDay {
    let CourseDay {
        day,
        usual,
        complete,
        coded_otherwise,
    } = day;
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    pb::CourseDay {
        start: Some(timestamp(course::midnight(day.date))),
        mentions: count(day.mentions),
        feedback: count(day.feedback),
        expected: usual.map(|range| range.expected),
        low: usual.map(|range| range.low),
        high: usual.map(|range| range.high),
        complete: *complete,
        coded_otherwise: *coded_otherwise,
    }
}

pub(crate) fn notice_to_proto(notice: Notice) -> pb::DetectionNotice {
    let Notice {
        kind,
        product,
        noticed_at,
        description,
    } = notice;
    pb::DetectionNotice {
        kind,
        product,
        noticed_at: Some(timestamp(noticed_at)),
        description,
    }
}

pub(crate) fn cohort_parts(hot_issue_id: Uuid, cohort: &Cohort) -> Vec<pb::HotIssueCohortFrozen> {
    let parts = cohort.parts();
    let count = number(parts.len());
    let part = |(number, (members, anonymous)): (i32, (&[Member], &[Uuid]))| pb::HotIssueCohortFrozen {
        hot_issue_id: hot_issue_id.to_string(),
        part: number,
        parts: count,
        members: members.iter().map(member_to_proto).collect(),
        anonymous_feedback_ids: anonymous.iter().map(Uuid::to_string).collect(),
    };
    (1..).zip(parts).map(part).collect()
}

pub(crate) fn widened(issue: &HotIssue) -> pb::HotIssueWidened {
    let rule = issue.record.widening.as_ref();
    pb::HotIssueWidened {
        hot_issue: Some(to_proto(issue)),
        rule: rule.map(|widening| widening.rule.clone()).unwrap_or_default(),
        explanation: issue.why_it_was_widened().unwrap_or_default(),
    }
}

/// The parts of what a cohort is extended by.
pub(crate) fn extension_parts(hot_issue_id: Uuid, cohort: &Cohort) -> Vec<pb::HotIssueCohortExtended> {
    let extended = |part: pb::HotIssueCohortFrozen| pb::HotIssueCohortExtended {
        hot_issue_id: part.hot_issue_id,
        part: part.part,
        parts: part.parts,
        members: part.members,
        anonymous_feedback_ids: part.anonymous_feedback_ids,
    };
    cohort_parts(hot_issue_id, cohort)
        .into_iter()
        .map(extended)
        .collect()
}

fn member_to_proto(member: &Member) -> pb::CohortMember {
    let Member {
        profile_id,
        feedback_ids,
    } = member;
    pb::CohortMember {
        profile_id: profile_id.to_string(),
        feedback_ids: feedback_ids.iter().map(Uuid::to_string).collect(),
    }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
