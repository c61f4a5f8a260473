//! What employees reported about issues: how many, and nothing else.

use attune_database::Tx;
use sqlx::{query, query_scalar};
use uuid::Uuid;

use crate::domain::ReportGroup;

/// Whether a group is known already.
pub(crate) async fn is_known(tx: &mut Tx, report_group_id: Uuid) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT EXISTS (SELECT FROM improvement.employee_group
                          WHERE tenant_id = $1 AND report_group_id = $2) AS "known!""#,
        tenant,
        report_group_id
    )
    .fetch_one(&mut **tx)
    .await
}

/// Attaches a group to an issue.
pub(crate) async fn attach(tx: &mut Tx, issue_id: Uuid, group: &ReportGroup) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.employee_group (tenant_id, report_group_id, issue_id, reporters, released_at)
         VALUES ($1, $2, $3, $4, $5)",
        tenant,
        group.report_group_id,
        issue_id,
        group.reporters,
        group.released_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
