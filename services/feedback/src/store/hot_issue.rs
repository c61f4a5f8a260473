//! Hot issues and their cohorts.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Cohort, HotIssue, Member};

/// Where a page of hot issues ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) hot_issue_id: Uuid,
}

/// One hot issue.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<HotIssue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        HotIssue,
        r#"SELECT hot_issue_id, topic_id, topic_name, product, left_out, state AS "state: _", opened_at,
                  window_start, ended_at, usual_since, widened_at, observed, last_observed, expected, p_value, q_value,
                  usual_per_day, cohort_size, evidence_size, version, quotes, record AS "record: _"
           FROM feedback.hot_issue WHERE tenant_id = $1 AND hot_issue_id = $2"#,
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// At most `limit` hot issues before `before`, newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<HotIssue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        HotIssue,
        r#"SELECT hot_issue_id, topic_id, topic_name, product, left_out, state AS "state: _", opened_at,
                  window_start, ended_at, usual_since, widened_at, observed, last_observed, expected, p_value, q_value,
                  usual_per_day, cohort_size, evidence_size, version, quotes, record AS "record: _"
           FROM feedback.hot_issue
           WHERE tenant_id = $1
             AND ($2::timestamptz IS NULL OR (opened_at, hot_issue_id) < ($2, $3::uuid))
           ORDER BY opened_at DESC, hot_issue_id DESC LIMIT $4"#,
        tenant,
        before.map(|place| place.opened_at),
        before.map(|place| place.hot_issue_id),
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Locks the hot issues that go on, and reads them.
pub(crate) async fn lock_open(tx: &mut Tx) -> Result<Vec<HotIssue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        HotIssue,
        r#"SELECT hot_issue_id, topic_id, topic_name, product, left_out, state AS "state: _", opened_at,
                  window_start, ended_at, usual_since, widened_at, observed, last_observed, expected, p_value, q_value,
                  usual_per_day, cohort_size, evidence_size, version, quotes, record AS "record: _"
           FROM feedback.hot_issue WHERE tenant_id = $1 AND state = 'open'
           ORDER BY topic_id FOR UPDATE"#,
        tenant
    )
    .fetch_all(&mut **tx)
    .await
}

/// Stores a new hot issue.
pub(crate) async fn insert(tx: &mut Tx, issue: &HotIssue) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.hot_issue (tenant_id, hot_issue_id, topic_id, topic_name, product, left_out, state,
             opened_at, window_start, ended_at, usual_since, observed, last_observed, expected, p_value,
             q_value, usual_per_day, cohort_size, evidence_size, version, quotes, record)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
             $22)",
        tenant,
        issue.hot_issue_id,
        issue.topic_id,
        issue.topic_name,
        issue.product,
        &issue.left_out,
        issue.state as _,
        issue.opened_at,
        issue.window_start,
        issue.ended_at,
        issue.usual_since,
        issue.observed,
        issue.last_observed,
        issue.expected,
        issue.p_value,
        issue.q_value,
        issue.usual_per_day,
        issue.cohort_size,
        issue.evidence_size,
        issue.version,
        &issue.quotes,
        Json(&issue.record.0) as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores how a hot issue goes on. What it was opened with never changes but by [`widen`].
pub(crate) async fn update_course(tx: &mut Tx, issue: &HotIssue) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.hot_issue
         SET state = $3, ended_at = $4, usual_since = $5, last_observed = $6, version = $7
         WHERE tenant_id = $1 AND hot_issue_id = $2",
        tenant,
        issue.hot_issue_id,
        issue.state as _,
        issue.ended_at,
        issue.usual_since,
        issue.last_observed,
        issue.version
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores what a widening changed.
pub(crate) async fn widen(tx: &mut Tx, issue: &HotIssue) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.hot_issue
         SET product = $3, left_out = $4, usual_per_day = $5, widened_at = $6, record = $7, cohort_size = $8,
             evidence_size = $9
         WHERE tenant_id = $1 AND hot_issue_id = $2",
        tenant,
        issue.hot_issue_id,
        issue.product,
        &issue.left_out,
        issue.usual_per_day,
        issue.widened_at,
        Json(&issue.record.0) as _,
        issue.cohort_size,
        issue.evidence_size
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The mentions that a hot issue's cohort and evidence hold.
pub(crate) async fn known_evidence(tx: &mut Tx, hot_issue_id: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT unnest(feedback_ids) AS "feedback_id!" FROM feedback.cohort_member
           WHERE tenant_id = $1 AND hot_issue_id = $2
           UNION ALL
           SELECT feedback_id FROM feedback.cohort_anonymous WHERE tenant_id = $1 AND hot_issue_id = $2"#,
        tenant,
        hot_issue_id
    )
    .fetch_all(&mut **tx)
    .await
}

/// Extends the cohort of a hot issue; answers how many persons joined it. Who was in it already keeps their place,
/// with what they said since.
pub(crate) async fn extend(
    tx: &mut Tx,
    hot_issue_id: Uuid,
    extension: &Cohort,
    at: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (profiles, feedback) = pairs(extension);
    let joined = query_scalar!(
        r#"WITH said AS (
               INSERT INTO feedback.cohort_member AS member
                   (tenant_id, hot_issue_id, profile_id, feedback_ids, widened_at)
               SELECT $1, $2, profile_id, array_agg(feedback_id ORDER BY place), $5
               FROM unnest($3::uuid[], $4::uuid[]) WITH ORDINALITY AS new (profile_id, feedback_id, place)
               GROUP BY profile_id
               ON CONFLICT ON CONSTRAINT cohort_member_pkey
                   DO UPDATE SET feedback_ids = member.feedback_ids || EXCLUDED.feedback_ids
               RETURNING widened_at
           )
           SELECT count(*) AS "joined!" FROM said WHERE widened_at IS NOT NULL"#,
        tenant,
        hot_issue_id,
        &profiles,
        &feedback,
        at
    )
    .fetch_one(&mut **tx)
    .await?;
    query!(
        "INSERT INTO feedback.cohort_anonymous (tenant_id, hot_issue_id, feedback_id, widened_at)
         SELECT $1, $2, feedback_id, $4 FROM unnest($3::uuid[]) AS new (feedback_id)",
        tenant,
        hot_issue_id,
        &extension.anonymous,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(joined)
}

/// Who said what, pair by pair.
fn pairs(cohort: &Cohort) -> (Vec<Uuid>, Vec<Uuid>) {
    let said = |member: &Member| {
        let profile_id = member.profile_id;
        let pair = move |id: &Uuid| (profile_id, *id);
        member.feedback_ids.iter().map(pair).collect::<Vec<_>>()
    };
    cohort.members.iter().flat_map(said).unzip()
}

/// Freezes the cohort of a new hot issue.
pub(crate) async fn freeze(tx: &mut Tx, hot_issue_id: Uuid, cohort: &Cohort) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (profiles, feedback) = pairs(cohort);
    query!(
        "INSERT INTO feedback.cohort_member (tenant_id, hot_issue_id, profile_id, feedback_ids)
         SELECT $1, $2, profile_id, array_agg(feedback_id ORDER BY place)
         FROM unnest($3::uuid[], $4::uuid[]) WITH ORDINALITY AS new (profile_id, feedback_id, place)
         GROUP BY profile_id",
        tenant,
        hot_issue_id,
        &profiles,
        &feedback
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "INSERT INTO feedback.cohort_anonymous (tenant_id, hot_issue_id, feedback_id)
         SELECT $1, $2, feedback_id FROM unnest($3::uuid[]) AS new (feedback_id)",
        tenant,
        hot_issue_id,
        &cohort.anonymous
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
