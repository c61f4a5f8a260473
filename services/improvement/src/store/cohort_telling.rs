//! How far the telling of cohorts came.

use attune_database::Tx;
use sqlx::types::Json;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::CohortTelling;

/// A person whose turn it was.
pub(crate) struct Opened {
    pub(crate) profile_id: Uuid,
    /// Whether a message is to be asked for: the others are blocked, for a reason that their telling has.
    pub(crate) pending: bool,
}

/// Begins to tell everybody who is of the cohort now.
pub(crate) async fn begin(tx: &mut Tx, telling: &CohortTelling) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let now = tx.now();
    query!(
        "INSERT INTO improvement.cohort_telling
             (tenant_id, initiative_id, iteration, issue_id, template_id, variables, begun_at, opened, persons)
         SELECT $1, $2, $3, $4, $5, $6, $7, 0, count(*)
         FROM improvement.cohort_member WHERE tenant_id = $1 AND issue_id = $4",
        tenant,
        telling.initiative_id,
        telling.iteration,
        telling.issue_id,
        telling.template_id,
        Json(&telling.variables) as _,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The first telling of an initiative that has not come to its end.
pub(crate) async fn unended(tx: &mut Tx, initiative_id: Uuid) -> Result<Option<CohortTelling>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        CohortTelling,
        r#"SELECT initiative_id, iteration, issue_id, template_id, variables AS "variables: _", opened_to
           FROM improvement.cohort_telling
           WHERE tenant_id = $1 AND initiative_id = $2 AND ended_at IS NULL
           ORDER BY iteration LIMIT 1"#,
        tenant,
        initiative_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Makes a telling for each of the next `limit` persons of the cohort, by id. It is pending, but for those who went on to an
/// issue split from this one, whom that one tells, and for the control arms of running pilots: what they hear could change
/// what they say. These are blocked with that reason.
pub(crate) async fn open(
    tx: &mut Tx,
    telling: &CohortTelling,
    limit: i64,
) -> Result<Vec<Opened>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let now = tx.now();
    query_as!(
        Opened,
        r#"WITH turn AS MATERIALIZED (
               SELECT profile_id, gone_on_by FROM improvement.cohort_member
               WHERE tenant_id = $1 AND issue_id = $4 AND ($6::uuid IS NULL OR profile_id > $6)
               ORDER BY profile_id LIMIT $7
           ), opened AS (
               INSERT INTO improvement.telling
                   (tenant_id, initiative_id, iteration, profile_id, state, reason, decided_at)
               SELECT $1, $2, $3, m.profile_id, CASE WHEN held.why = '' THEN 'pending' ELSE 'blocked' END, held.why,
                      CASE WHEN held.why <> '' THEN $5::timestamptz END
               FROM turn m
               CROSS JOIN LATERAL (SELECT CASE WHEN m.gone_on_by IS NOT NULL THEN 'gone_on' WHEN EXISTS (
                   SELECT FROM improvement.pilot_assignment a
                   JOIN improvement.pilot p ON p.tenant_id = a.tenant_id AND p.pilot_id = a.pilot_id
                   WHERE a.tenant_id = $1 AND a.profile_id = m.profile_id AND a.arm = 'control'
                     AND p.state = 'running') THEN 'pilot_control' ELSE '' END AS why) AS held
               RETURNING profile_id, state = 'pending' AS pending
           )
           SELECT profile_id AS "profile_id!", pending AS "pending!" FROM opened ORDER BY profile_id"#,
        tenant,
        telling.initiative_id,
        telling.iteration,
        telling.issue_id,
        now,
        telling.opened_to,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Notes that `opened` more persons had their turn, the last of them `to`; answers whether everybody had.
pub(crate) async fn advance(
    tx: &mut Tx,
    telling: &CohortTelling,
    opened: i64,
    to: Option<Uuid>,
) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let now = tx.now();
    let ended = query!(
        r#"UPDATE improvement.cohort_telling
           SET opened = opened + $4, opened_to = coalesce($5, opened_to),
               ended_at = CASE WHEN opened + $4 = persons THEN $6::timestamptz END
           WHERE tenant_id = $1 AND initiative_id = $2 AND iteration = $3
           RETURNING ended_at IS NOT NULL AS "ended!""#,
        tenant,
        telling.initiative_id,
        telling.iteration,
        opened,
        to,
        now
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(ended.ended)
}
