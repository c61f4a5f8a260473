//! What is said of issues after their cohorts were fixed.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_scalar};
use uuid::Uuid;

use crate::domain::{Complaint, LaterEvidence};

/// Has whoever hears go on beside others who do, and answers whether that may be: not while an issue is merged into another.
/// Nobody waits here.
pub(crate) async fn try_hear(tx: &mut Tx) -> Result<bool, sqlx::Error> {
    let name = lock_name(tx);
    query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock_shared(hashtextextended($1, 0)) AS "heard!""#,
        name
    )
    .fetch_one(&mut **tx)
    .await
}

/// Waits for those who hear for the tenant and lets nobody else until the transaction ends: what they hear would come to an
/// issue that does not go on. To be asked for before issues are locked.
pub(crate) async fn alone(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let name = lock_name(tx);
    query!(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) AS locked",
        name
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn lock_name(tx: &Tx) -> String {
    format!("improvement.later_evidence/{}", tx.tenant().as_str())
}

/// Stores complaints as later evidence of the issues they speak of; what is evidence already stays as it is. For each topic
/// that is one issue, open or in work: of the complaint's product before one of all products, of several one that is worked
/// on, then the newest. What was said before the issue's problem began is none of it, whenever it is heard.
pub(crate) async fn hear(tx: &mut Tx, complaints: &[Complaint<'_>]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let now = tx.now();
    let topics: Vec<String> = complaints.iter().map(|one| one.topic_id.to_owned()).collect();
    let products: Vec<String> = complaints.iter().map(|one| one.product.to_owned()).collect();
    let feedback: Vec<Uuid> = complaints.iter().map(|one| one.feedback_id).collect();
    let profiles: Vec<Option<Uuid>> = complaints.iter().map(|one| one.profile_id).collect();
    let instants: Vec<DateTime<Utc>> = complaints.iter().map(|one| one.occurred_at).collect();
    query!(
        "INSERT INTO improvement.later_evidence (tenant_id, issue_id, feedback_id, profile_id, heard_at)
         SELECT $1, i.issue_id, said.feedback_id, said.profile_id, $7
         FROM unnest($2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::timestamptz[])
              AS said (topic_id, product, feedback_id, profile_id, occurred_at)
         CROSS JOIN LATERAL (
             SELECT issue_id FROM improvement.issue
             WHERE tenant_id = $1 AND topic_id = said.topic_id AND product IN (said.product, '')
               AND state IN ('open', 'in_work') AND coalesce(window_start, opened_at) <= said.occurred_at
             ORDER BY product = said.product DESC, state = 'in_work' DESC, issue_id DESC LIMIT 1) i
         WHERE NOT EXISTS (SELECT FROM improvement.evidence e
                           WHERE e.tenant_id = $1 AND e.issue_id = i.issue_id AND e.feedback_id = said.feedback_id)
         ON CONFLICT ON CONSTRAINT later_evidence_pkey DO NOTHING",
        tenant,
        &topics,
        &products,
        &feedback,
        &profiles as &[Option<Uuid>],
        &instants,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What came later to a merged issue came later to the survivor too.
pub(crate) async fn merge(tx: &mut Tx, merged_id: Uuid, survivor_id: Uuid) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.later_evidence (tenant_id, issue_id, feedback_id, profile_id, heard_at)
         SELECT tenant_id, $3, feedback_id, profile_id, heard_at FROM improvement.later_evidence
         WHERE tenant_id = $1 AND issue_id = $2
         ON CONFLICT ON CONSTRAINT later_evidence_pkey DO NOTHING",
        tenant,
        merged_id,
        survivor_id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether anything was said of an issue since it was opened.
pub(crate) async fn is_any(tx: &mut Tx, issue_id: Uuid) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT EXISTS (SELECT FROM improvement.later_evidence
                          WHERE tenant_id = $1 AND issue_id = $2) AS "any!""#,
        tenant,
        issue_id
    )
    .fetch_one(&mut **tx)
    .await
}

/// How much of it an issue has at this moment: without what its cohort turned out to be made from, for that may be heard before
/// its part of the cohort arrives. Answers also the version of the issue whose cohort it was counted beside.
pub(crate) async fn count(tx: &mut Tx, issue_id: Uuid) -> Result<(LaterEvidence, i64), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let counted_at = tx.now();
    // OFFSET keeps the question one for each row, by the index: as a join it would be planned for a usual issue, and one that
    // has a hundred thousand pieces compares each with each.
    let row = query!(
        r#"SELECT coalesce(sum(l.said), 0)::bigint AS "feedback!",
                  coalesce(sum(l.said) FILTER (WHERE l.profile_id IS NULL), 0)::bigint AS "nobody_known!",
                  count(l.profile_id) AS "persons!",
                  count(l.profile_id) FILTER (
                      WHERE NOT EXISTS (SELECT FROM improvement.cohort_member m
                                        WHERE m.tenant_id = $1 AND m.issue_id = $2 AND m.profile_id = l.profile_id)
                  ) AS "new_persons!",
                  coalesce((SELECT version FROM improvement.issue
                            WHERE tenant_id = $1 AND issue_id = $2), 0) AS "version!"
           FROM (SELECT profile_id, count(*) AS said FROM improvement.later_evidence h
                 WHERE tenant_id = $1 AND issue_id = $2
                   AND NOT EXISTS (SELECT FROM improvement.evidence e
                                   WHERE e.tenant_id = $1 AND e.issue_id = $2 AND e.feedback_id = h.feedback_id
                                   OFFSET 0)
                 GROUP BY profile_id) l"#,
        tenant,
        issue_id
    )
    .fetch_one(&mut **tx)
    .await?;
    let later = LaterEvidence {
        feedback: row.feedback,
        nobody_known: row.nobody_known,
        persons: row.persons,
        new_persons: row.new_persons,
        counted_at,
    };
    Ok((later, row.version))
}
