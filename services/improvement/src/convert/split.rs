//! Splits.

use std::collections::HashSet;

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, RequestKey, Violations};
use uuid::Uuid;

use super::issue_relation::statement;
use super::{issue, issue_relation};
use crate::commands::split::{Parted, Split};
use crate::domain::Part;

const MOST_FEEDBACK: usize = 10_000;

pub(crate) fn split(request: &pb::SplitIssueRequest) -> Result<Split, Error> {
    let pb::SplitIssueRequest {
        issue_id,
        etag,
        part,
        feedback_ids,
        by,
        reason,
        request_id,
    } = request;
    let mut violations = Violations::default();
    let key = RequestKey::of("SplitIssue", request_id, request, &mut violations);
    let issue_id = violations.id("issue_id", issue_id);
    let part = violations.required("part", part.as_ref());
    let part = part.and_then(|part| issue::subject("part", part, &mut violations));
    let feedback_ids = named(feedback_ids, &mut violations);
    let statement = statement(by, reason, &mut violations);
    let split = || {
        let (title, description, topic_id, product) = part?;
        Some(Split {
            issue_id: issue_id?,
            etag: etag.clone(),
            part: Part {
                title,
                description,
                topic_id,
                product,
            },
            feedback_ids: feedback_ids?,
            statement: statement?,
            key: key?,
        })
    };
    violations.finish(split())
}

/// Feedback is named once: how much joins is how much is named.
fn named(feedback_ids: &[String], violations: &mut Violations) -> Option<Vec<Uuid>> {
    if feedback_ids.is_empty() {
        violations.add("feedback_ids", "must name the feedback that speaks of the part");
    }
    let ids = violations.ids("feedback_ids", feedback_ids, MOST_FEEDBACK)?;
    let mut seen = HashSet::new();
    for (place, id) in ids.iter().enumerate() {
        if !seen.insert(*id) {
            let field = format!("feedback_ids[{place}]");
            violations.add(field, "must name each piece of feedback once");
        }
    }
    Some(ids)
}

pub(crate) fn to_proto(parted: Parted) -> pb::SplitIssueResponse {
    let Parted {
        part,
        whole,
        relation,
    } = parted;
    pb::SplitIssueResponse {
        part: Some(issue::to_proto(part)),
        issue: Some(issue::to_proto(whole)),
        issue_relation: Some(issue_relation::to_proto(relation)),
    }
}
