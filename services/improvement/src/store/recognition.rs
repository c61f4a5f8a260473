//! Who is credited for an idea, and thanks for those that worked.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{CreditedMember, Recognition, Thanks, Verdict};

struct Row {
    recognition_id: Uuid,
    initiative_id: Uuid,
    iteration: i32,
    statement: i32,
    employees: i64,
    recognised_at: DateTime<Utc>,
    initiative_title: String,
    issue_id: Uuid,
    issue_title: String,
    verdict: Json<Verdict>,
    latest: Json<Verdict>,
    members: Json<Vec<CreditedMember>>,
}

/// At most `limit` recognitions older than `before` that go to somebody, the newest first: all, or an initiative's.
pub(crate) async fn page(
    tx: &mut Tx,
    initiative_id: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Recognition>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        r#"SELECT r.recognition_id, r.initiative_id, r.iteration, r.statement, r.employees, r.recognised_at,
                  n.title AS initiative_title, n.issue_id, i.title AS issue_title, v.verdict AS "verdict: _",
                  (SELECT l.verdict FROM improvement.verdict l
                   WHERE l.tenant_id = $1 AND l.initiative_id = r.initiative_id AND l.iteration = r.iteration
                   ORDER BY l.statement DESC LIMIT 1) AS "latest!: _",
                  (SELECT coalesce(jsonb_agg(jsonb_build_object('member_id', m.member_id,
                              'display_name', m.display_name) ORDER BY m.member_id), '[]')
                   FROM improvement.credit c
                   JOIN improvement.team_member m ON m.tenant_id = c.tenant_id AND m.member_id = c.member_id
                   WHERE c.tenant_id = $1 AND c.initiative_id = r.initiative_id) AS "members!: _"
           FROM improvement.recognition r
           JOIN improvement.initiative n ON n.tenant_id = r.tenant_id AND n.initiative_id = r.initiative_id
           JOIN improvement.issue i ON i.tenant_id = n.tenant_id AND i.issue_id = n.issue_id
           JOIN improvement.verdict v ON v.tenant_id = r.tenant_id AND v.initiative_id = r.initiative_id
                AND v.iteration = r.iteration AND v.statement = r.statement
           WHERE r.tenant_id = $1 AND ($2::uuid IS NULL OR r.initiative_id = $2)
             AND ($3::uuid IS NULL OR r.recognition_id < $3)
             AND (r.employees > 0 OR EXISTS (SELECT FROM improvement.credit c
                                             WHERE c.tenant_id = $1 AND c.initiative_id = r.initiative_id))
           ORDER BY r.recognition_id DESC LIMIT $4"#,
        tenant,
        initiative_id,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(assemble).collect())
}

fn assemble(row: Row) -> Recognition {
    let Row {
        recognition_id,
        initiative_id,
        iteration,
        statement,
        employees,
        recognised_at,
        initiative_title,
        issue_id,
        issue_title,
        verdict,
        latest,
        members,
    } = row;
    Recognition {
        thanks: Thanks {
            recognition_id,
            initiative_id,
            iteration,
            statement,
            employees,
        },
        initiative_title,
        issue_id,
        issue_title,
        verdict: verdict.0,
        latest: latest.0,
        members: members.0,
        recognised_at,
    }
}

/// Stores thanks; answers whether the iteration had none.
pub(crate) async fn insert(tx: &mut Tx, thanks: &Thanks) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let now = tx.now();
    let inserted = query!(
        "INSERT INTO improvement.recognition (tenant_id, recognition_id, initiative_id, iteration, statement, employees,
                                              recognised_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT ON CONSTRAINT recognition_iteration_key DO NOTHING",
        tenant,
        thanks.recognition_id,
        thanks.initiative_id,
        thanks.iteration,
        thanks.statement,
        thanks.employees,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// How many employees reported an issue, or one that was merged into it, in groups released by `until`.
pub(crate) async fn employees(tx: &mut Tx, issue_id: Uuid, until: DateTime<Utc>) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"WITH RECURSIVE same (issue_id) AS (
               SELECT $2::uuid
               UNION
               SELECT r.from_issue_id FROM same
               JOIN improvement.issue_relation r
                 ON r.tenant_id = $1 AND r.to_issue_id = same.issue_id AND r.kind = 'merged_into'
           )
           SELECT coalesce(sum(g.reporters), 0)::bigint AS "employees!"
           FROM same JOIN improvement.employee_group g ON g.tenant_id = $1 AND g.issue_id = same.issue_id
           WHERE g.released_at <= $3"#,
        tenant,
        issue_id,
        until
    )
    .fetch_one(&mut **tx)
    .await
}

/// Names a member for the idea of an initiative, once.
pub(crate) async fn credit(tx: &mut Tx, initiative_id: Uuid, member_id: &str) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.credit (tenant_id, initiative_id, member_id) VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT credit_pkey DO NOTHING",
        tenant,
        initiative_id,
        member_id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a member's name back.
pub(crate) async fn withdraw(tx: &mut Tx, initiative_id: Uuid, member_id: &str) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM improvement.credit WHERE tenant_id = $1 AND initiative_id = $2 AND member_id = $3",
        tenant,
        initiative_id,
        member_id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Those who are named for the ideas of initiatives, each with the initiative, by their ids.
pub(crate) async fn credited(
    tx: &mut Tx,
    initiatives: &[Uuid],
) -> Result<Vec<(Uuid, CreditedMember)>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        "SELECT c.initiative_id, m.member_id, m.display_name
         FROM improvement.credit c
         JOIN improvement.team_member m ON m.tenant_id = c.tenant_id AND m.member_id = c.member_id
         WHERE c.tenant_id = $1 AND c.initiative_id = ANY($2)
         ORDER BY c.initiative_id, m.member_id",
        tenant,
        initiatives
    )
    .fetch_all(&mut **tx)
    .await?;
    let credited = rows.into_iter().map(|row| {
        let member = CreditedMember {
            member_id: row.member_id,
            display_name: row.display_name,
        };
        (row.initiative_id, member)
    });
    Ok(credited.collect())
}
