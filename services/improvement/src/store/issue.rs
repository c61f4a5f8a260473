//! Issues.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Issue, IssueState, LaterEvidence, Severity};

macro_rules! issues {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            Issue,
            r#"SELECT issue_id, version, events, origin AS "origin: _", state AS "state: _", hot_issue_id, title,
                      description, topic_id, product, opened_at, window_start, closed_at, subsided_at, cohort_size,
                      cohort_frozen, evidence_size, quotes, p_value, widened_at, widening, priority,
                      employee_reporters, merged_into, split_from, gone_on,
                      later_evidence AS "later: Json<LaterEvidence>", severity AS "severity: _",
                      severity_by_person, severity_assessed_at
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

/// Locks issues in the order of their ids, as everybody does who locks several, and reads them in that order.
pub(crate) async fn lock_all(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Issue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    issues!("AND issue_id = ANY($2) ORDER BY issue_id FOR UPDATE", tenant, ids)
        .fetch_all(&mut **tx)
        .await
}

/// Reads the issue that was opened for a hot issue.
pub(crate) async fn by_hot_issue(tx: &mut Tx, hot_issue_id: Uuid) -> Result<Option<Issue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    issues!("AND hot_issue_id = $2", tenant, hot_issue_id)
        .fetch_optional(&mut **tx)
        .await
}

/// Locks the issue of a topic that employees' reports belong to, and reads it: one of all products before one of a
/// single one, for employees name none; of several the most urgent.
pub(crate) async fn lock_of_topic(tx: &mut Tx, topic_id: &str) -> Result<Option<Issue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    issues!(
        "AND topic_id = $2 AND state IN ('open', 'in_work')
         ORDER BY product = '' DESC, priority DESC, issue_id DESC LIMIT 1 FOR UPDATE",
        tenant,
        topic_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// At most `limit` issues in flight whose priority was computed before `since` or with other worth parameters than version
/// `parameters`, locked but for those that somebody else holds.
pub(crate) async fn lock_stale(
    tx: &mut Tx,
    since: DateTime<Utc>,
    parameters: i32,
    limit: i64,
) -> Result<Vec<Issue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    issues!(
        "AND state IN ('open', 'in_work')
         AND (prioritised_at IS NULL OR prioritised_at < $2 OR priority_parameters <> $3)
         ORDER BY issue_id LIMIT $4 FOR UPDATE SKIP LOCKED",
        tenant,
        since,
        parameters,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Where an issue goes on: itself, or the last of those it was merged into one after the other.
pub(crate) async fn standing(tx: &mut Tx, id: Uuid) -> Result<Uuid, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    // No issue is merged twice, and none into a merged one: a chain ends.
    let last = query_scalar!(
        r#"WITH RECURSIVE chain (issue_id, step) AS (
               SELECT $2::uuid, 0
               UNION ALL
               SELECT i.merged_into, step + 1 FROM chain
               JOIN improvement.issue i ON i.tenant_id = $1 AND i.issue_id = chain.issue_id
               WHERE i.merged_into IS NOT NULL
           )
           SELECT issue_id AS "issue_id!" FROM chain ORDER BY step DESC LIMIT 1"#,
        tenant,
        id
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(last)
}

/// The newest issue of a topic and product that was merged.
pub(crate) async fn merged_of(
    tx: &mut Tx,
    topic_id: &str,
    product: &str,
) -> Result<Option<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT issue_id FROM improvement.issue
         WHERE tenant_id = $1 AND topic_id = $2 AND product = $3 AND state = 'merged'
         ORDER BY issue_id DESC LIMIT 1",
        tenant,
        topic_id,
        product
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Whether something is tried on an issue's customers at this moment: an iteration is measured, a pilot runs, or they are
/// being told.
pub(crate) async fn is_tried(tx: &mut Tx, id: Uuid) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM improvement.initiative n
               WHERE n.tenant_id = $1 AND n.issue_id = $2
                 AND (n.state IN ('rolled_out', 'measuring') OR EXISTS (
                     SELECT FROM improvement.pilot p
                     WHERE p.tenant_id = n.tenant_id AND p.initiative_id = n.initiative_id
                       AND p.state = 'running') OR EXISTS (
                     SELECT FROM improvement.cohort_telling t
                     WHERE t.tenant_id = n.tenant_id AND t.initiative_id = n.initiative_id
                       AND t.ended_at IS NULL))
           ) AS "tried!""#,
        tenant,
        id
    )
    .fetch_one(&mut **tx)
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
    (state, severity): (Option<IssueState>, Option<Severity>),
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Issue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    issues!(
        "AND ($2::text IS NULL OR state = $2) AND ($5::text IS NULL OR severity = $5)
         AND ($3::uuid IS NULL OR issue_id < $3)
         ORDER BY issue_id DESC LIMIT $4",
        tenant,
        state.map(IssueState::as_str),
        before,
        limit,
        severity.map(Severity::as_str)
    )
    .fetch_all(&mut **tx)
    .await
}

/// At most `limit` issues after the priority and id `after`, the most urgent first, of equals the newest.
pub(crate) async fn page_by_priority(
    tx: &mut Tx,
    (state, severity): (Option<IssueState>, Option<Severity>),
    after: Option<(f64, Uuid)>,
    limit: i64,
) -> Result<Vec<Issue>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (priority, id) = after.unzip();
    issues!(
        "AND ($2::text IS NULL OR state = $2) AND ($6::text IS NULL OR severity = $6)
         AND ($3::float8 IS NULL OR (priority, issue_id) < ($3, $4::uuid))
         ORDER BY priority DESC, issue_id DESC LIMIT $5",
        tenant,
        state.map(IssueState::as_str),
        priority,
        id,
        limit,
        severity.map(Severity::as_str)
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
                                        subsided_at, cohort_size, cohort_frozen, evidence_size, quotes, p_value,
                                        employee_reporters, split_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
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
        issue.p_value,
        issue.employee_reporters,
        issue.split_from
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
             cohort_frozen = $9, evidence_size = $10, title = $11, product = $12, widened_at = $13, widening = $14,
             priority = $15, employee_reporters = $16, merged_into = $17, gone_on = $18
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
        issue.widening,
        issue.priority,
        issue.employee_reporters,
        issue.merged_into,
        issue.gone_on
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
