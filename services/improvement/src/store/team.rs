//! Who takes part in improving.

use attune_database::Tx;
use sqlx::{query, query_as};

use crate::domain::{Action, Initiative, TeamMember, TeamRole};

macro_rules! members {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            TeamMember,
            r#"SELECT member_id, display_name, email, role AS "role: TeamRole", department, updated_at
               FROM improvement.team_member
               WHERE tenant_id = $1 "# + $tail,
            $($argument),*
        )
    };
}

/// One member.
pub(crate) async fn by_id(tx: &mut Tx, id: &str) -> Result<Option<TeamMember>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    members!("AND member_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// Locks one member against other writers until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &mut Tx, id: &str) -> Result<Option<TeamMember>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    members!("AND member_id = $2 FOR UPDATE", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// At most `limit` members after `after`, by id: all, those of a department, those with a role.
pub(crate) async fn page(
    tx: &mut Tx,
    (department, role): (Option<&str>, Option<TeamRole>),
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<TeamMember>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    members!(
        "AND ($2::text IS NULL OR lower(department) = lower($2)) AND ($3::text IS NULL OR role = $3)
         AND ($4::text IS NULL OR member_id > $4) ORDER BY member_id LIMIT $5",
        tenant,
        department,
        role.map(TeamRole::as_str),
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// The members who own a department that the initiative concerns, or the one of who does the action: found by the member's
/// id or address.
pub(crate) async fn owners_concerned(
    tx: &mut Tx,
    initiative: &Initiative,
    action: &Action,
) -> Result<Vec<TeamMember>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let concerned = initiative.departments.iter();
    let concerned: Vec<String> = concerned.map(|department| department.name.clone()).collect();
    members!(
        "AND role = 'department_owner' AND lower(department) IN (
             SELECT lower(name) FROM unnest($2::text[]) AS concerned (name)
             UNION
             SELECT lower(department) FROM improvement.team_member
             WHERE tenant_id = $1 AND department <> '' AND (member_id = $3 OR lower(email) = lower($3)))
         ORDER BY member_id",
        tenant,
        &concerned,
        action.owner
    )
    .fetch_all(&mut **tx)
    .await
}

/// Stores who a member is, in place of what was said before. Violates `team_member_department_owner_key` when another one
/// owns the department.
pub(crate) async fn set(tx: &mut Tx, member: &TeamMember) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.team_member (tenant_id, member_id, display_name, email, role, department, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT ON CONSTRAINT team_member_pkey DO UPDATE
         SET display_name = excluded.display_name, email = excluded.email, role = excluded.role,
             department = excluded.department, updated_at = excluded.updated_at",
        tenant,
        member.member_id,
        member.display_name,
        member.email,
        member.role.as_str(),
        member.department,
        member.updated_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes a member with every credit, subscription and digest; answers whether there was one.
pub(crate) async fn remove(tx: &mut Tx, id: &str) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let removed = query!(
        "DELETE FROM improvement.team_member WHERE tenant_id = $1 AND member_id = $2",
        tenant,
        id
    )
    .execute(&mut **tx)
    .await?;
    Ok(removed.rows_affected() == 1)
}
