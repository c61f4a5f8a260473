//! Issues that are the same as others, or have to do with them.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use crate::commands::merge::Merge;
use crate::commands::relation::Relate;
use crate::domain::{IssueRelation, RelationKind, Statement};

pub(crate) fn merge(request: &pb::MergeIssuesRequest) -> Result<Merge, Error> {
    let pb::MergeIssuesRequest {
        survivor_issue_id,
        merged_issue_id,
        by,
        reason,
        request_id,
    } = request;
    let mut violations = Violations::default();
    let key = RequestKey::of("MergeIssues", request_id, request, &mut violations);
    let survivor_id = violations.id("survivor_issue_id", survivor_issue_id);
    let merged_id = violations.id("merged_issue_id", merged_issue_id);
    differ("merged_issue_id", (survivor_id, merged_id), &mut violations);
    let statement = statement(by, reason, &mut violations);
    let merge = || {
        Some(Merge {
            survivor_id: survivor_id?,
            merged_id: merged_id?,
            statement: statement?,
            key: key?,
        })
    };
    violations.finish(merge())
}

pub(crate) fn relate(request: &pb::RelateIssuesRequest) -> Result<Relate, Error> {
    let pb::RelateIssuesRequest {
        from_issue_id,
        to_issue_id,
        kind,
        by,
        reason,
        request_id,
    } = request;
    let mut violations = Violations::default();
    let key = RequestKey::of("RelateIssues", request_id, request, &mut violations);
    let from = violations.id("from_issue_id", from_issue_id);
    let to = violations.id("to_issue_id", to_issue_id);
    differ("to_issue_id", (from, to), &mut violations);
    let kind = violations
        .choice::<pb::IssueRelationKind>("kind", *kind)
        .and_then(|kind| kind_from(kind, &mut violations));
    let statement = statement(by, reason, &mut violations);
    let relate = || {
        Some(Relate {
            from: from?,
            to: to?,
            kind: kind?,
            statement: statement?,
            key: key?,
        })
    };
    violations.finish(relate())
}

pub(crate) fn list(request: &pb::ListIssueRelationsRequest) -> Result<(Uuid, Page<Uuid>), Error> {
    let pb::ListIssueRelationsRequest {
        issue_id,
        page_size,
        page_token,
    } = request;
    let mut violations = Violations::default();
    let id = violations.id("issue_id", issue_id);
    let page = Page::parse(
        *page_size,
        page_token,
        &("issue_relations", issue_id),
        &mut violations,
    )?;
    violations.finish(id.map(|id| (id, page)))
}

/// An issue has nothing to do with itself.
fn differ(field: &str, (one, other): (Option<Uuid>, Option<Uuid>), violations: &mut Violations) {
    if one.is_some() && one == other {
        violations.add(field, "must be another issue");
    }
}

pub(super) fn statement(by: &str, reason: &str, violations: &mut Violations) -> Option<Statement> {
    let by = violations.text("by", by, 1..=100);
    let reason = violations.text("reason", reason, 1..=2000);
    by.zip(reason).map(|(by, reason)| Statement { by, reason })
}

fn kind_from(kind: pb::IssueRelationKind, violations: &mut Violations) -> Option<RelationKind> {
    match kind {
        pb::IssueRelationKind::Unspecified => None,
        pb::IssueRelationKind::Related => Some(RelationKind::Related),
        pb::IssueRelationKind::Causes => Some(RelationKind::Causes),
        pb::IssueRelationKind::PartOf => Some(RelationKind::PartOf),
        pb::IssueRelationKind::MergedInto => {
            violations.add("kind", "must not be a merge; call MergeIssues");
            None
        }
        pb::IssueRelationKind::SplitFrom => {
            violations.add("kind", "must not be a split; call SplitIssue");
            None
        }
    }
}

pub(crate) fn to_proto(relation: IssueRelation) -> pb::IssueRelation {
    let IssueRelation {
        issue_relation_id,
        kind,
        from_issue_id,
        to_issue_id,
        said_by,
        reason,
        related_at,
        rule,
        members_joined,
        evidence_joined,
        members_gone_on,
    } = relation;
    let kind = match kind {
        RelationKind::Related => pb::IssueRelationKind::Related,
        RelationKind::Causes => pb::IssueRelationKind::Causes,
        RelationKind::PartOf => pb::IssueRelationKind::PartOf,
        RelationKind::MergedInto => pb::IssueRelationKind::MergedInto,
        RelationKind::SplitFrom => pb::IssueRelationKind::SplitFrom,
    };
    pb::IssueRelation {
        issue_relation_id: issue_relation_id.to_string(),
        kind: kind.into(),
        from_issue_id: from_issue_id.to_string(),
        to_issue_id: to_issue_id.to_string(),
        by: said_by,
        reason,
        related_at: Some(timestamp(related_at)),
        rule,
        members_joined,
        evidence_joined,
        members_gone_on,
    }
}
