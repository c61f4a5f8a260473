//! Issues.

use attune_database::Tx;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Issue, IssueState};

macro_rules! issues {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            Issue,
            r#"SELECT issue_id, version, events, origin AS "origin: _", state AS "state: _", hot_issue_id, title,
                      description, topic_id, product, opened_at, window_start, closed_at, subsided_at, cohort_size,
                      cohort_frozen, evidence_size, quotes, p_value, widened_at, widening
               FROM improvement.issue
               WHERE tenant_id = $1 "# + $tail,
            $($argument),*
        )
    };
}

/// One issue.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Issue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    issues!("AND issue_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// Locks one issue against other writers until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Issue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    issues!("AND issue_id = $2 FOR UPDATE", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// Locks the issue that was opened for a hot issue, and reads it.
pub(crate) async fn lock_by_hot_issue(tx: &mut Tx, hot_issue_id: Uuid) -> Result<Option<Issue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    issues!("AND hot_issue_id = $2 FOR UPDATE", tenant, hot_issue_id)
        .fetch_optional(&mut **tx)
        .await
}

/// At most `limit` issues older than `before`, the newest first; ids are in the order of creation.
pub(crate) async fn page(
    tx: &mut Tx,
    state: Option<IssueState>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Issue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    issues!(
        "AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR issue_id < $3)
         ORDER BY issue_id DESC LIMIT $4",
        tenant,
        state.map(IssueState::as_str),
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Stores a new issue; answers whether it is new. There is one issue for a hot issue.
pub(crate) async fn insert(tx: &mut Tx, issue: &Issue) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let inserted = query!(
        "INSERT INTO improvement.issue (tenant_id, issue_id, version, events, origin, state, hot_issue_id, title,
                                        description, topic_id, product, opened_at, window_start, closed_at,
                                        subsided_at, cohort_size, cohort_frozen, evidence_size, quotes, p_value)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         ON CONFLICT ON CONSTRAINT issue_hot_issue_key DO NOTHING",
        tenant,
        issue.issue_id,
        issue.version,
        issue.events,
        issue.origin.as_str(),
        issue.state.as_str(),
        issue.hot_issue_id,
        issue.title,
        issue.description,
        issue.topic_id,
        issue.product,
        issue.opened_at,
        issue.window_start,
        issue.closed_at,
        issue.subsided_at,
        issue.cohort_size,
        issue.cohort_frozen,
        issue.evidence_size,
        &issue.quotes,
        issue.p_value
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Whether an iteration of one of the issue's initiatives was ever rolled out.
pub(crate) async fn was_rolled_out(tx: &mut Tx, issue_id: Uuid) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT EXISTS (
               SELECT 1 FROM improvement.initiative
               JOIN improvement.iteration USING (tenant_id, initiative_id)
               WHERE tenant_id = $1 AND issue_id = $2 AND rolled_out_at IS NOT NULL
           ) AS "rolled_out!""#,
        tenant,
        issue_id
    )
    .fetch_one(&mut **tx)
    .await
}

/// Stores what can change about an issue.
pub(crate) async fn update(tx: &mut Tx, issue: &Issue) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE improvement.issue
         SET version = $3, events = $4, state = $5, closed_at = $6, subsided_at = $7, cohort_size = $8,
             cohort_frozen = $9, evidence_size = $10, title = $11, product = $12, widened_at = $13, widening = $14
         WHERE tenant_id = $1 AND issue_id = $2",
        tenant,
        issue.issue_id,
        issue.version,
        issue.events,
        issue.state.as_str(),
        issue.closed_at,
        issue.subsided_at,
        issue.cohort_size,
        issue.cohort_frozen,
        issue.evidence_size,
        issue.title,
        issue.product,
        issue.widened_at,
        issue.widening
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
