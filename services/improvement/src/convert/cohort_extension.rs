//! Cohorts that are extended by those who spoke later.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::issue;
use super::issue_relation::statement;
use crate::commands::cohort_extension::Extend;
use crate::domain::{CohortExtension, Issue};

pub(crate) fn extend(request: &pb::ExtendCohortRequest) -> Result<Extend, Error> {
    let pb::ExtendCohortRequest {
        issue_id,
        etag,
        by,
        reason,
        request_id,
    } = request;
    let mut violations = Violations::default();
    let key = RequestKey::of("ExtendCohort", request_id, request, &mut violations);
    let issue_id = violations.id("issue_id", issue_id);
    let statement = statement(by, reason, &mut violations);
    let extend = || {
        Some(Extend {
            issue_id: issue_id?,
            etag: etag.clone(),
            statement: statement?,
            key: key?,
        })
    };
    violations.finish(extend())
}

pub(crate) fn list(request: &pb::ListCohortExtensionsRequest) -> Result<(Uuid, Page<Uuid>), Error> {
    let pb::ListCohortExtensionsRequest {
        issue_id,
        page_size,
        page_token,
    } = request;
    let mut violations = Violations::default();
    let id = violations.id("issue_id", issue_id);
    let page = Page::parse(
        *page_size,
        page_token,
        &("cohort_extensions", issue_id),
        &mut violations,
    )?;
    violations.finish(id.map(|id| (id, page)))
}

pub(crate) fn extended_to_proto((of, extension): (Issue, CohortExtension)) -> pb::ExtendCohortResponse {
    pb::ExtendCohortResponse {
        issue: Some(issue::to_proto(of)),
        cohort_extension: Some(to_proto(extension)),
    }
}

pub(crate) fn to_proto(extension: CohortExtension) -> pb::CohortExtension {
    let CohortExtension {
        cohort_extension_id,
        issue_id,
        rule,
        said_by,
        reason,
        extended_at,
        members_joined,
        evidence_joined,
    } = extension;
    pb::CohortExtension {
        cohort_extension_id: cohort_extension_id.to_string(),
        issue_id: issue_id.to_string(),
        rule,
        by: said_by,
        reason,
        extended_at: Some(timestamp(extended_at)),
        members_joined,
        evidence_joined,
    }
}
