//! How cohorts were extended by those who spoke later.

use attune_database::Tx;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::CohortExtension;

macro_rules! extensions {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            CohortExtension,
            "SELECT cohort_extension_id, issue_id, rule, said_by, reason, extended_at, members_joined, evidence_joined
             FROM improvement.cohort_extension WHERE tenant_id = $1 " + $tail,
            $($argument),*
        )
    };
}

/// One extension.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<CohortExtension>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    extensions!("AND cohort_extension_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// At most `limit` extensions of an issue's cohort older than `before`, the newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    issue_id: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<CohortExtension>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    extensions!(
        "AND issue_id = $2 AND ($3::uuid IS NULL OR cohort_extension_id < $3)
         ORDER BY cohort_extension_id DESC LIMIT $4",
        tenant,
        issue_id,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Records an extension and does it, in one look at what was heard: the oldest later evidence becomes evidence of the cohort,
/// and who said it joins. Answers it with the numbers. OFFSET is there for the reason that it is where later evidence is
/// counted.
pub(crate) async fn extend(tx: &mut Tx, extension: &CohortExtension) -> Result<CohortExtension, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let counts = query!(
        "WITH later AS MATERIALIZED (
             SELECT feedback_id, profile_id FROM improvement.later_evidence h
             WHERE tenant_id = $1 AND issue_id = $3
               AND NOT EXISTS (SELECT FROM improvement.evidence e
                               WHERE e.tenant_id = $1 AND e.issue_id = $3 AND e.feedback_id = h.feedback_id OFFSET 0)
             ORDER BY feedback_id LIMIT $8
         ), said AS (
             INSERT INTO improvement.evidence (tenant_id, issue_id, feedback_id, profile_id)
             SELECT $1, $3, feedback_id, profile_id FROM later
             ON CONFLICT ON CONSTRAINT evidence_pkey DO NOTHING RETURNING 1
         ), joined AS (
             INSERT INTO improvement.cohort_member (tenant_id, issue_id, profile_id, extended_by)
             SELECT DISTINCT $1::text, $3::uuid, profile_id, $2::uuid FROM later WHERE profile_id IS NOT NULL
             ON CONFLICT ON CONSTRAINT cohort_member_pkey DO NOTHING RETURNING 1
         )
         INSERT INTO improvement.cohort_extension
             (tenant_id, cohort_extension_id, issue_id, rule, said_by, reason, extended_at, members_joined,
              evidence_joined)
         SELECT $1, $2, $3, $4, $5, $6, $7, (SELECT count(*) FROM joined), (SELECT count(*) FROM said)
         RETURNING members_joined, evidence_joined",
        tenant,
        extension.cohort_extension_id,
        extension.issue_id,
        extension.rule,
        extension.said_by,
        extension.reason,
        extension.extended_at,
        CohortExtension::MOST
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(CohortExtension {
        members_joined: counts.members_joined,
        evidence_joined: counts.evidence_joined,
        ..extension.clone()
    })
}
