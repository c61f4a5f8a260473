//! How bad issues are for those whom they hit.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::issue_relation::statement;
use super::{issue, priority};
use crate::commands::severity::Assess;
use crate::domain::{Issue, Severity, SeverityAssessment};

pub(crate) fn assess(request: &pb::AssessSeverityRequest) -> Result<Assess, Error> {
    let pb::AssessSeverityRequest {
        issue_id,
        etag,
        severity,
        by,
        reason,
        request_id,
    } = request;
    let mut violations = Violations::default();
    let key = RequestKey::of("AssessSeverity", request_id, request, &mut violations);
    let issue_id = violations.id("issue_id", issue_id);
    let severity = optional(*severity, &mut violations);
    let statement = statement(by, reason, &mut violations);
    let assess = || {
        Some(Assess {
            issue_id: issue_id?,
            etag: etag.clone(),
            severity: severity?,
            statement: statement?,
            key: key?,
        })
    };
    violations.finish(assess())
}

/// The severity in the field of that name, where unspecified is none.
#[allow(clippy::option_option)] // whether it can be read, and whether it is there
pub(super) fn optional(severity: i32, violations: &mut Violations) -> Option<Option<Severity>> {
    match severity {
        0 => Some(None),
        severity => violations
            .choice::<pb::Severity>("severity", severity)
            .map(from_proto),
    }
}

fn from_proto(severity: pb::Severity) -> Option<Severity> {
    match severity {
        pb::Severity::Unspecified => None,
        pb::Severity::Minor => Some(Severity::Minor),
        pb::Severity::Moderate => Some(Severity::Moderate),
        pb::Severity::Major => Some(Severity::Major),
        pb::Severity::Critical => Some(Severity::Critical),
    }
}

pub(crate) fn list(request: &pb::ListSeverityAssessmentsRequest) -> Result<(Uuid, Page<Uuid>), Error> {
    let pb::ListSeverityAssessmentsRequest {
        issue_id,
        page_size,
        page_token,
    } = request;
    let mut violations = Violations::default();
    let id = violations.id("issue_id", issue_id);
    let page = Page::parse(
        *page_size,
        page_token,
        &("severity_assessments", issue_id),
        &mut violations,
    )?;
    violations.finish(id.map(|id| (id, page)))
}

pub(crate) fn assessed_to_proto((of, assessment): (Issue, SeverityAssessment)) -> pb::AssessSeverityResponse {
    pb::AssessSeverityResponse {
        issue: Some(issue::to_proto(of)),
        severity_assessment: Some(assessment_to_proto(assessment)),
    }
}

pub(crate) fn assessment_to_proto(assessment: SeverityAssessment) -> pb::SeverityAssessment {
    let SeverityAssessment {
        severity_assessment_id,
        issue_id,
        severity,
        by_person,
        said_by,
        reason,
        severity_by_rule,
        rule,
        inputs,
        explanation,
        assessed_at,
    } = assessment;
    pb::SeverityAssessment {
        severity_assessment_id: severity_assessment_id.to_string(),
        issue_id: issue_id.to_string(),
        severity: to_proto(severity).into(),
        by_person,
        by: said_by,
        reason,
        severity_by_rule: to_proto(severity_by_rule).into(),
        rule,
        inputs: inputs.0.into_iter().map(priority::input_to_proto).collect(),
        explanation,
        assessed_at: Some(timestamp(assessed_at)),
    }
}

pub(super) fn to_proto(severity: Option<Severity>) -> pb::Severity {
    match severity {
        None => pb::Severity::Unspecified,
        Some(Severity::Minor) => pb::Severity::Minor,
        Some(Severity::Moderate) => pb::Severity::Moderate,
        Some(Severity::Major) => pb::Severity::Major,
        Some(Severity::Critical) => pb::Severity::Critical,
    }
}
