//! Issues that are the same as others, or have to do with them.

use attune_database::Tx;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{IssueRelation, RelationKind};

/// One relation.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<IssueRelation>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        IssueRelation,
        r#"SELECT issue_relation_id, kind AS "kind: _", from_issue_id, to_issue_id, said_by, reason, related_at, rule,
                  members_joined, evidence_joined, members_gone_on
           FROM improvement.issue_relation WHERE tenant_id = $1 AND issue_relation_id = $2"#,
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// An issue with all that were merged into it, one after the other.
pub(crate) async fn family(tx: &mut Tx, issue_id: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"WITH RECURSIVE family (issue_id) AS (
               SELECT $2::uuid
               UNION
               SELECT r.from_issue_id FROM family
               JOIN improvement.issue_relation r
                 ON r.tenant_id = $1 AND r.to_issue_id = family.issue_id AND r.kind = 'merged_into'
           )
           SELECT issue_id AS "issue_id!" FROM family"#,
        tenant,
        issue_id
    )
    .fetch_all(&mut **tx)
    .await
}

/// The merge of an issue into another.
pub(crate) async fn merge_of(tx: &mut Tx, merged_id: Uuid) -> Result<Option<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT issue_relation_id FROM improvement.issue_relation
         WHERE tenant_id = $1 AND from_issue_id = $2 AND kind = 'merged_into'",
        tenant,
        merged_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The split that made an issue.
pub(crate) async fn split_of(tx: &mut Tx, part_id: Uuid) -> Result<Option<IssueRelation>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        IssueRelation,
        r#"SELECT issue_relation_id, kind AS "kind: _", from_issue_id, to_issue_id, said_by, reason, related_at, rule,
                  members_joined, evidence_joined, members_gone_on
           FROM improvement.issue_relation
           WHERE tenant_id = $1 AND from_issue_id = $2 AND kind = 'split_from'"#,
        tenant,
        part_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// At most `limit` splits of the issues, at either end, the newest first.
pub(crate) async fn splits(
    tx: &mut Tx,
    issues: &[Uuid],
    limit: i64,
) -> Result<Vec<IssueRelation>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        IssueRelation,
        r#"SELECT issue_relation_id, kind AS "kind: _", from_issue_id, to_issue_id, said_by, reason, related_at, rule,
                  members_joined, evidence_joined, members_gone_on
           FROM improvement.issue_relation
           WHERE tenant_id = $1 AND (from_issue_id = ANY($2) OR to_issue_id = ANY($2)) AND kind = 'split_from'
           ORDER BY issue_relation_id DESC LIMIT $3"#,
        tenant,
        issues,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// At most `limit` relations of an issue, at either end, before `before`, the newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    issue_id: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<IssueRelation>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        IssueRelation,
        r#"SELECT issue_relation_id, kind AS "kind: _", from_issue_id, to_issue_id, said_by, reason, related_at, rule,
                  members_joined, evidence_joined, members_gone_on
           FROM improvement.issue_relation
           WHERE tenant_id = $1 AND (from_issue_id = $2 OR to_issue_id = $2)
             AND ($3::uuid IS NULL OR issue_relation_id < $3)
           ORDER BY issue_relation_id DESC LIMIT $4"#,
        tenant,
        issue_id,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// How many relations a kind an issue has, at either end.
pub(crate) async fn count(tx: &mut Tx, issue_id: Uuid, kind: RelationKind) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT count(*) AS "relations!" FROM improvement.issue_relation
           WHERE tenant_id = $1 AND (from_issue_id = $2 OR to_issue_id = $2) AND kind = $3"#,
        tenant,
        issue_id,
        kind.as_str()
    )
    .fetch_one(&mut **tx)
    .await
}

/// Lets nobody else record a relation of the kind for the tenant until the transaction ends: two that each close no circle
/// may close one together.
pub(crate) async fn alone(tx: &mut Tx, kind: RelationKind) -> Result<(), sqlx::Error> {
    let name = format!(
        "improvement.issue_relation/{}/{}",
        tx.tenant().as_str(),
        kind.as_str()
    );
    query!(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) AS locked",
        name
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether a way leads from one issue to another by relations of the kind.
pub(crate) async fn leads(
    tx: &mut Tx,
    kind: RelationKind,
    from: Uuid,
    to: Uuid,
) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"WITH RECURSIVE reached (issue_id) AS (
               SELECT $3::uuid
               UNION
               SELECT r.to_issue_id FROM reached
               JOIN improvement.issue_relation r
                 ON r.tenant_id = $1 AND r.from_issue_id = reached.issue_id AND r.kind = $2
           )
           SELECT EXISTS (SELECT FROM reached WHERE issue_id = $4) AS "leads!""#,
        tenant,
        kind.as_str(),
        from,
        to
    )
    .fetch_one(&mut **tx)
    .await
}

/// Records a relation.
pub(crate) async fn insert(tx: &mut Tx, relation: &IssueRelation) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.issue_relation
             (tenant_id, issue_relation_id, kind, from_issue_id, to_issue_id, said_by, reason, related_at, rule,
              members_joined, evidence_joined)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)",
        tenant,
        relation.issue_relation_id,
        relation.kind.as_str(),
        relation.from_issue_id,
        relation.to_issue_id,
        relation.said_by,
        relation.reason,
        relation.related_at,
        relation.rule
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Records a merge and does it: persons and evidence of the merged issue join the survivor's, once each and with the merge
/// beside the persons. What had gone on from the merged one by a split comes as such. Answers the relation with the numbers.
pub(crate) async fn merge(tx: &mut Tx, relation: &IssueRelation) -> Result<IssueRelation, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let counts = query!(
        r#"WITH joined AS (
               INSERT INTO improvement.cohort_member (tenant_id, issue_id, profile_id, joined_by, gone_on_by)
               SELECT tenant_id, $4, profile_id, $2, gone_on_by FROM improvement.cohort_member
               WHERE tenant_id = $1 AND issue_id = $3
               ON CONFLICT ON CONSTRAINT cohort_member_pkey DO NOTHING RETURNING 1
           ), said AS (
               INSERT INTO improvement.evidence (tenant_id, issue_id, feedback_id, profile_id, gone_on_by)
               SELECT tenant_id, $4, feedback_id, profile_id, gone_on_by FROM improvement.evidence
               WHERE tenant_id = $1 AND issue_id = $3
               ON CONFLICT ON CONSTRAINT evidence_pkey DO NOTHING RETURNING 1
           )
           INSERT INTO improvement.issue_relation
               (tenant_id, issue_relation_id, kind, from_issue_id, to_issue_id, said_by, reason, related_at, rule,
                members_joined, evidence_joined)
           SELECT $1, $2, $5, $3, $4, $6, $7, $8, $9, (SELECT count(*) FROM joined), (SELECT count(*) FROM said)
           RETURNING members_joined, evidence_joined"#,
        tenant,
        relation.issue_relation_id,
        relation.from_issue_id,
        relation.to_issue_id,
        relation.kind.as_str(),
        relation.said_by,
        relation.reason,
        relation.related_at,
        relation.rule
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(IssueRelation {
        members_joined: counts.members_joined,
        evidence_joined: counts.evidence_joined,
        ..relation.clone()
    })
}
