//! Which persons and feedback of an issue went on to issues split from it.

use attune_database::Tx;
use sqlx::{query, query_scalar};
use uuid::Uuid;

use crate::domain::IssueRelation;

/// Which of the pieces of feedback are evidence of an issue that has not gone on to another.
pub(crate) async fn evidence_of(
    tx: &mut Tx,
    issue_id: Uuid,
    feedback_ids: &[Uuid],
) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT feedback_id FROM improvement.evidence
         WHERE tenant_id = $1 AND issue_id = $2 AND feedback_id = ANY($3) AND gone_on_by IS NULL",
        tenant,
        issue_id,
        feedback_ids
    )
    .fetch_all(&mut **tx)
    .await
}

/// How many pieces of evidence of an issue have not gone on to another.
pub(crate) async fn evidence_staying(tx: &mut Tx, issue_id: Uuid) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT count(*) AS "staying!" FROM improvement.evidence
           WHERE tenant_id = $1 AND issue_id = $2 AND gone_on_by IS NULL"#,
        tenant,
        issue_id
    )
    .fetch_one(&mut **tx)
    .await
}

/// Does a split that is recorded: the named evidence, and the persons it is of, join the part, and are marked in the whole
/// where they went on entirely. Answers the relation with the numbers.
pub(crate) async fn split(
    tx: &mut Tx,
    relation: &IssueRelation,
    feedback_ids: &[Uuid],
) -> Result<IssueRelation, sqlx::Error> {
    let (members_joined, evidence_joined) = join(tx, relation, feedback_ids).await?;
    let members_gone_on = mark(tx, relation).await?;
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE improvement.issue_relation
         SET members_joined = $3, evidence_joined = $4, members_gone_on = $5
         WHERE tenant_id = $1 AND issue_relation_id = $2",
        tenant,
        relation.issue_relation_id,
        members_joined,
        evidence_joined,
        members_gone_on
    )
    .execute(&mut **tx)
    .await?;
    Ok(IssueRelation {
        members_joined,
        evidence_joined,
        members_gone_on,
        ..relation.clone()
    })
}

/// Has evidence of the whole go on to the part, with the persons it is of; answers how many persons and pieces joined.
async fn join(
    tx: &mut Tx,
    relation: &IssueRelation,
    feedback_ids: &[Uuid],
) -> Result<(i64, i64), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let joined = query!(
        r#"WITH named AS (
               UPDATE improvement.evidence SET gone_on_by = $4
               WHERE tenant_id = $1 AND issue_id = $2 AND feedback_id = ANY($5) AND gone_on_by IS NULL
               RETURNING feedback_id, profile_id
           ), said AS (
               INSERT INTO improvement.evidence (tenant_id, issue_id, feedback_id, profile_id)
               SELECT $1, $3::uuid, feedback_id, profile_id FROM named RETURNING 1
           ), joined AS (
               INSERT INTO improvement.cohort_member (tenant_id, issue_id, profile_id, joined_by)
               SELECT DISTINCT $1::text, $3::uuid, profile_id, $4::uuid FROM named WHERE profile_id IS NOT NULL RETURNING 1
           )
           SELECT (SELECT count(*) FROM joined) AS "members!", (SELECT count(*) FROM said) AS "evidence!""#,
        tenant,
        relation.to_issue_id,
        relation.from_issue_id,
        relation.issue_relation_id,
        feedback_ids
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((joined.members, joined.evidence))
}

/// Marks those persons of the whole who joined the part and of whom nothing else is said of the whole; answers how many.
async fn mark(tx: &mut Tx, relation: &IssueRelation) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"WITH gone AS (
               UPDATE improvement.cohort_member m SET gone_on_by = $4
               FROM improvement.cohort_member p
               WHERE m.tenant_id = $1 AND m.issue_id = $2 AND m.gone_on_by IS NULL
                 AND p.tenant_id = $1 AND p.issue_id = $3 AND p.profile_id = m.profile_id
                 AND NOT EXISTS (SELECT FROM improvement.evidence e
                                 WHERE e.tenant_id = $1 AND e.issue_id = $2 AND e.profile_id = m.profile_id
                                   AND e.gone_on_by IS NULL)
               RETURNING 1
           )
           SELECT count(*) AS "gone!" FROM gone"#,
        tenant,
        relation.to_issue_id,
        relation.from_issue_id,
        relation.issue_relation_id
    )
    .fetch_one(&mut **tx)
    .await
}

/// Before an issue becomes a part of `survivor`: whoever is owed an answer by it, and whatever speaks of it, is the
/// survivor's again, though it went on from there before. A split is taken back so. Who went on from the merged one stays
/// where they are, so everybody is owed by somebody.
pub(crate) async fn rejoin(tx: &mut Tx, merged_id: Uuid, survivor_id: Uuid) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "WITH said AS (
             UPDATE improvement.evidence s SET gone_on_by = NULL
             FROM improvement.evidence m
             WHERE s.tenant_id = $1 AND s.issue_id = $3 AND s.gone_on_by IS NOT NULL
               AND m.tenant_id = $1 AND m.issue_id = $2 AND m.feedback_id = s.feedback_id AND m.gone_on_by IS NULL
         )
         UPDATE improvement.cohort_member s SET gone_on_by = NULL
         FROM improvement.cohort_member m
         WHERE s.tenant_id = $1 AND s.issue_id = $3 AND s.gone_on_by IS NOT NULL
           AND m.tenant_id = $1 AND m.issue_id = $2 AND m.profile_id = s.profile_id AND m.gone_on_by IS NULL",
        tenant,
        merged_id,
        survivor_id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whoever went on from an issue and has said something about it that did not is owed an answer by it again.
pub(crate) async fn come_back(tx: &mut Tx, issue_id: Uuid) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE improvement.cohort_member m SET gone_on_by = NULL
         WHERE m.tenant_id = $1 AND m.issue_id = $2 AND m.gone_on_by IS NOT NULL
           AND EXISTS (SELECT FROM improvement.evidence e
                       WHERE e.tenant_id = $1 AND e.issue_id = $2 AND e.profile_id = m.profile_id
                         AND e.gone_on_by IS NULL)",
        tenant,
        issue_id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many of an issue's cohort went on to issues split from it.
pub(crate) async fn gone_on(tx: &mut Tx, issue_id: Uuid) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT count(*) AS "gone!" FROM improvement.cohort_member
           WHERE tenant_id = $1 AND issue_id = $2 AND gone_on_by IS NOT NULL"#,
        tenant,
        issue_id
    )
    .fetch_one(&mut **tx)
    .await
}
