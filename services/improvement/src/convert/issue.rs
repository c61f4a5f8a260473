//! Issues.

use std::collections::HashSet;

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::severity;
use crate::commands::issue::{Create, Listing, Order, Place};
use crate::domain::{Cohort, Issue, IssueState, LaterEvidence, Member, Origin, Report};

const MOST_MEMBERS: usize = 500;
const MOST_FEEDBACK: usize = 100;

pub(crate) fn create(request: &pb::CreateIssueRequest) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreateIssue", &request.request_id, request, &mut violations);
    let issue = violations.required("issue", request.issue.as_ref());
    let subject = issue.and_then(|issue| subject("issue", issue, &mut violations));
    let members = cohort(&request.cohort, &mut violations);
    let create = || {
        let (title, description, topic_id, product) = subject?;
        let report = Report {
            title,
            description,
            topic_id,
            product,
            cohort: Cohort {
                members: members?,
                anonymous: Vec::new(),
            },
        };
        Some(Create { report, key: key? })
    };
    violations.finish(create())
}

/// What an issue in `field` is about: its title, description, topic and product.
pub(super) fn subject(
    field: &str,
    issue: &pb::Issue,
    violations: &mut Violations,
) -> Option<(String, String, String, String)> {
    let title = violations.text(&format!("{field}.title"), &issue.title, 1..=200);
    let description = violations.text(&format!("{field}.description"), &issue.description, 0..=5000);
    let topic_id = violations.optional_slug(&format!("{field}.topic_id"), &issue.topic_id, 64);
    let product = violations.text(&format!("{field}.product"), &issue.product, 0..=100);
    Some((title?, description?, topic_id?.unwrap_or_default(), product?))
}

/// Persons and feedback are named once: who said something twice has two pieces of feedback.
fn cohort(entries: &[pb::CohortEntry], violations: &mut Violations) -> Option<Vec<Member>> {
    violations.at_most("cohort", entries.len(), MOST_MEMBERS)?;
    let (mut persons, mut said) = (HashSet::new(), HashSet::new());
    let mut members = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        let pb::CohortEntry {
            profile_id,
            feedback_ids,
            joined_by_relation_id: _,
            gone_on_to_issue_id: _,
            joined_by_extension_id: _,
        } = entry;
        let field = format!("cohort[{place}].profile_id");
        let profile_id = violations.id(&field, profile_id);
        if profile_id.is_some_and(|id| !persons.insert(id)) {
            violations.add(field, "must name each person once");
        }
        let field = format!("cohort[{place}].feedback_ids");
        let feedback_ids = violations.ids(&field, feedback_ids, MOST_FEEDBACK);
        if feedback_ids
            .as_ref()
            .is_some_and(|ids| ids.iter().any(|id| !said.insert(*id)))
        {
            violations.add(field, "must name each piece of feedback once in the whole cohort");
        }
        members.extend(
            profile_id
                .zip(feedback_ids)
                .map(|(id, said)| Member::new(id, said)),
        );
    }
    (members.len() == entries.len()).then_some(members)
}

pub(crate) fn get(request: &pb::GetIssueRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("issue_id", &request.issue_id);
    violations.finish(id)
}

pub(crate) fn explain_priority(request: &pb::ExplainPriorityRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("issue_id", &request.issue_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListIssuesRequest) -> Result<(Listing, Page<Place>), Error> {
    let mut violations = Violations::default();
    let state = match request.state {
        0 => Some(None),
        state => violations
            .choice::<pb::IssueState>("state", state)
            .map(state_from),
    };
    let order = match request.order_by {
        0 => Some(Order::Newest),
        order => violations
            .choice::<pb::IssueOrder>("order_by", order)
            .map(order_from),
    };
    let severity = severity::optional(request.severity, &mut violations);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("issues", request.state, request.order_by, request.severity),
        &mut violations,
    )?;
    let listing = || {
        Some(Listing {
            state: state?,
            severity: severity?,
            order: order?,
        })
    };
    violations.finish(listing().map(|listing| (listing, page)))
}

fn order_from(order: pb::IssueOrder) -> Order {
    match order {
        pb::IssueOrder::Unspecified | pb::IssueOrder::Newest => Order::Newest,
        pb::IssueOrder::Priority => Order::Priority,
    }
}

pub(crate) fn list_cohort(request: &pb::ListIssueCohortRequest) -> Result<(Uuid, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let id = violations.id("issue_id", &request.issue_id);
    let arguments = ("cohort", &request.issue_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &arguments,
        &mut violations,
    )?;
    violations.finish(id.map(|id| (id, page)))
}

fn state_from(state: pb::IssueState) -> Option<IssueState> {
    match state {
        pb::IssueState::Unspecified => None,
        pb::IssueState::Open => Some(IssueState::Open),
        pb::IssueState::InWork => Some(IssueState::InWork),
        pb::IssueState::Resolved => Some(IssueState::Resolved),
        pb::IssueState::Merged => Some(IssueState::Merged),
    }
}

pub(crate) fn member_to_proto(member: Member) -> pb::CohortEntry {
    let Member {
        profile_id,
        feedback_ids,
        joined_by,
        extended_by,
        gone_on_to,
    } = member;
    pb::CohortEntry {
        profile_id: profile_id.to_string(),
        feedback_ids: feedback_ids.iter().map(Uuid::to_string).collect(),
        joined_by_relation_id: joined_by.map(|id| id.to_string()).unwrap_or_default(),
        gone_on_to_issue_id: gone_on_to.map(|id| id.to_string()).unwrap_or_default(),
        joined_by_extension_id: extended_by.map(|id| id.to_string()).unwrap_or_default(),
    }
}

#[allow(clippy::too_many_lines)] // each field once, so that a new one is not forgotten
pub(crate) fn to_proto(issue: Issue) -> pb::Issue {
    let etag = issue.etag().to_string();
    let Issue {
        issue_id,
        version: _,
        events: _,
        origin,
        state,
        hot_issue_id,
        title,
        description,
        topic_id,
        product,
        opened_at,
        window_start,
        closed_at,
        subsided_at: _,
        cohort_size,
        cohort_frozen,
        evidence_size,
        quotes,
        p_value,
        widened_at,
        widening,
        priority,
        employee_reporters,
        merged_into,
        split_from,
        gone_on,
        later,
        severity,
        severity_by_person,
        severity_assessed_at: _, // the assessments say it
    } = issue;
    pb::Issue {
        issue_id: issue_id.to_string(),
        title,
        description,
        topic_id,
        product,
        origin: origin_to_proto(origin).into(),
        hot_issue_id: hot_issue_id.map(|id| id.to_string()).unwrap_or_default(),
        state: state_to_proto(state).into(),
        opened_at: Some(timestamp(opened_at)),
        window_start: window_start.map(timestamp),
        cohort_size,
        cohort_frozen,
        evidence_size,
        quotes,
        p_value,
        closed_at: closed_at.map(timestamp),
        etag,
        widening,
        widened_at: widened_at.map(timestamp),
        priority,
        employee_reporters,
        merged_into_issue_id: merged_into.map(|id| id.to_string()).unwrap_or_default(),
        split_from_issue_id: split_from.map(|id| id.to_string()).unwrap_or_default(),
        gone_on,
        later: later.map(|later| later_to_proto(later.0)),
        severity: severity::to_proto(severity).into(),
        severity_by_person,
    }
}

pub(super) fn later_to_proto(later: LaterEvidence) -> pb::LaterEvidence {
    let LaterEvidence {
        feedback,
        nobody_known,
        persons,
        new_persons,
        counted_at,
    } = later;
    pb::LaterEvidence {
        feedback,
        feedback_of_nobody_known: nobody_known,
        persons,
        new_persons,
        counted_at: Some(timestamp(counted_at)),
    }
}

fn state_to_proto(state: IssueState) -> pb::IssueState {
    match state {
        IssueState::Open => pb::IssueState::Open,
        IssueState::InWork => pb::IssueState::InWork,
        IssueState::Resolved => pb::IssueState::Resolved,
        IssueState::Merged => pb::IssueState::Merged,
    }
}

fn origin_to_proto(origin: Origin) -> pb::IssueOrigin {
    match origin {
        Origin::Detected => pb::IssueOrigin::Detected,
        Origin::Reported => pb::IssueOrigin::Reported,
        Origin::Employees => pb::IssueOrigin::Employees,
        Origin::Split => pb::IssueOrigin::Split,
    }
}
