//! The persons an issue hit, and what they said.

use attune_database::Tx;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Cohort, Member, TracedFeedback};

/// Notes that a part of a cohort has arrived; answers whether it is the first time.
pub(crate) async fn note_part(tx: &mut Tx, issue_id: Uuid, part: i32) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let noted = query!(
        "INSERT INTO improvement.cohort_part (tenant_id, issue_id, part) VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT cohort_part_pkey DO NOTHING",
        tenant,
        issue_id,
        part
    )
    .execute(&mut **tx)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// How many parts have arrived.
pub(crate) async fn parts(tx: &mut Tx, issue_id: Uuid) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT count(*) AS "parts!" FROM improvement.cohort_part WHERE tenant_id = $1 AND issue_id = $2"#,
        tenant,
        issue_id
    )
    .fetch_one(&mut **tx)
    .await
}

/// Stores persons and evidence; those that are there already stay as they are. `joined_by` is the merge that brings them.
pub(crate) async fn insert(
    tx: &mut Tx,
    issue_id: Uuid,
    cohort: &Cohort,
    joined_by: Option<Uuid>,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let members: Vec<Uuid> = cohort.members.iter().map(|member| member.profile_id).collect();
    query!(
        "INSERT INTO improvement.cohort_member (tenant_id, issue_id, profile_id, joined_by)
         SELECT $1, $2, profile_id, $4 FROM unnest($3::uuid[]) AS new (profile_id)
         ON CONFLICT ON CONSTRAINT cohort_member_pkey DO NOTHING",
        tenant,
        issue_id,
        &members,
        joined_by
    )
    .execute(&mut **tx)
    .await?;
    let said = |member: &Member| {
        let profile_id = member.profile_id;
        member
            .feedback_ids
            .iter()
            .map(move |id| (*id, Some(profile_id)))
            .collect::<Vec<_>>()
    };
    let (feedback, profiles): (Vec<Uuid>, Vec<Option<Uuid>>) = cohort
        .members
        .iter()
        .flat_map(said)
        .chain(cohort.anonymous.iter().map(|id| (*id, None)))
        .unzip();
    query!(
        "INSERT INTO improvement.evidence (tenant_id, issue_id, feedback_id, profile_id)
         SELECT $1, $2, feedback_id, profile_id
         FROM unnest($3::uuid[], $4::uuid[]) AS new (feedback_id, profile_id)
         ON CONFLICT ON CONSTRAINT evidence_pkey DO NOTHING",
        tenant,
        issue_id,
        &feedback,
        &profiles as &[Option<Uuid>]
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many persons there are, and how many pieces of feedback.
pub(crate) async fn sizes(tx: &mut Tx, issue_id: Uuid) -> Result<(i64, i64), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let sizes = query!(
        r#"SELECT (SELECT count(*) FROM improvement.cohort_member
                   WHERE tenant_id = $1 AND issue_id = $2) AS "members!",
                  (SELECT count(*) FROM improvement.evidence
                   WHERE tenant_id = $1 AND issue_id = $2) AS "evidence!""#,
        tenant,
        issue_id
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((sizes.members, sizes.evidence))
}

/// At most `limit` persons after `after`, by id, with what they said.
pub(crate) async fn page(
    tx: &mut Tx,
    issue_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Member>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Member,
        r#"SELECT profile_id,
                  ARRAY(SELECT feedback_id FROM improvement.evidence e
                        WHERE e.tenant_id = m.tenant_id AND e.issue_id = m.issue_id
                          AND e.profile_id = m.profile_id
                        ORDER BY feedback_id) AS "feedback_ids!",
                  joined_by, extended_by,
                  (SELECT r.from_issue_id FROM improvement.issue_relation r
                   WHERE r.tenant_id = m.tenant_id AND r.issue_relation_id = m.gone_on_by) AS gone_on_to
           FROM improvement.cohort_member m
           WHERE tenant_id = $1 AND issue_id = $2 AND ($3::uuid IS NULL OR profile_id > $3)
           ORDER BY profile_id LIMIT $4"#,
        tenant,
        issue_id,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// At most `limit` complaints after `after`, by id: those of one person, one alone, or all, with or without what was heard
/// later.
pub(crate) async fn evidence(
    tx: &mut Tx,
    issue_id: Uuid,
    (of, later): (EvidenceOf, bool),
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<TracedFeedback>, sqlx::Error> {
    let some = match of {
        EvidenceOf::Everybody => return evidence_of_all(tx, issue_id, later, after, limit).await,
        EvidenceOf::Person(profile_id) => said_by(tx, (issue_id, profile_id), after, limit).await?,
        EvidenceOf::Nobody(feedback_id) => vec![feedback_id],
    };
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        TracedFeedback,
        r#"SELECT e.feedback_id AS "feedback_id!", e.profile_id,
                  (SELECT r.from_issue_id FROM improvement.issue_relation r
                   WHERE r.tenant_id = $1 AND r.issue_relation_id = e.gone_on_by) AS gone_on_to,
                  e.heard_at AS heard_later_at
           FROM (SELECT feedback_id, profile_id, gone_on_by, NULL::timestamptz AS heard_at
                 FROM improvement.evidence
                 WHERE tenant_id = $1 AND issue_id = $2 AND feedback_id = ANY($3)
                 UNION ALL
                 SELECT feedback_id, profile_id, NULL, heard_at FROM improvement.later_evidence h
                 WHERE $4 AND tenant_id = $1 AND issue_id = $2 AND feedback_id = ANY($3)
                   AND NOT EXISTS (SELECT FROM improvement.evidence e
                                   WHERE e.tenant_id = $1 AND e.issue_id = $2 AND e.feedback_id = h.feedback_id
                                   OFFSET 0)) e
           WHERE $5::uuid IS NULL OR e.feedback_id > $5
           ORDER BY e.feedback_id LIMIT $6"#,
        tenant,
        issue_id,
        &some,
        later,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// What one person said of an issue. A statement of its own: in one that may also be about everybody, the person's few
/// pieces are looked for among all that the issue has.
async fn said_by(
    tx: &mut Tx,
    (issue_id, profile_id): (Uuid, Uuid),
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT feedback_id AS "feedback_id!" FROM improvement.evidence
           WHERE tenant_id = $1 AND issue_id = $2 AND profile_id = $3 AND ($4::uuid IS NULL OR feedback_id > $4)
           UNION
           SELECT feedback_id FROM improvement.later_evidence
           WHERE tenant_id = $1 AND issue_id = $2 AND profile_id = $3 AND ($4::uuid IS NULL OR feedback_id > $4)
           ORDER BY 1 LIMIT $5"#,
        tenant,
        issue_id,
        profile_id,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

async fn evidence_of_all(
    tx: &mut Tx,
    issue_id: Uuid,
    later: bool,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<TracedFeedback>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        TracedFeedback,
        r#"SELECT e.feedback_id AS "feedback_id!", e.profile_id,
                  (SELECT r.from_issue_id FROM improvement.issue_relation r
                   WHERE r.tenant_id = $1 AND r.issue_relation_id = e.gone_on_by) AS gone_on_to,
                  e.heard_at AS heard_later_at
           FROM ((SELECT feedback_id, profile_id, gone_on_by, NULL::timestamptz AS heard_at
                  FROM improvement.evidence
                  WHERE tenant_id = $1 AND issue_id = $2 AND ($3::uuid IS NULL OR feedback_id > $3)
                  ORDER BY feedback_id LIMIT $4)
                 UNION ALL
                 (SELECT feedback_id, profile_id, NULL, heard_at FROM improvement.later_evidence h
                  WHERE $5 AND tenant_id = $1 AND issue_id = $2 AND ($3::uuid IS NULL OR feedback_id > $3)
                    AND NOT EXISTS (SELECT FROM improvement.evidence e
                                    WHERE e.tenant_id = $1 AND e.issue_id = $2 AND e.feedback_id = h.feedback_id
                                    OFFSET 0)
                  ORDER BY feedback_id LIMIT $4)) e
           ORDER BY e.feedback_id LIMIT $4"#,
        tenant,
        issue_id,
        after,
        limit,
        later
    )
    .fetch_all(&mut **tx)
    .await
}

/// Whose complaints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EvidenceOf {
    /// All of them.
    Everybody,
    /// What one person said.
    Person(Uuid),
    /// One that nobody knows who said it.
    Nobody(Uuid),
}
