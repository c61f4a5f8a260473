//! What employees report, sealed until it is in a group.

use attune_database::Tx;
use chrono::NaiveDate;
use sqlx::types::Json;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::employee::{GroupedReport, Pseudonym, Report, ReportGroup, ReportKind, TeamShare};

/// What the tenant's employees' ids are hashed with: `fresh` where there is none yet.
pub(crate) async fn secret(tx: &mut Tx, fresh: &[u8]) -> Result<Vec<u8>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.employee_secret (tenant_id, secret) VALUES ($1, $2)
         ON CONFLICT ON CONSTRAINT employee_secret_pkey DO NOTHING",
        tenant,
        fresh
    )
    .execute(&mut **tx)
    .await?;
    query_scalar!(
        "SELECT secret FROM feedback.employee_secret WHERE tenant_id = $1",
        tenant
    )
    .fetch_one(&mut **tx)
    .await
}

/// Keeps a report.
pub(crate) async fn insert(tx: &mut Tx, report: &Report) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.employee_report
             (tenant_id, employee_report_id, received_on, topic_id, kind, text, team, reporter)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        tenant,
        report.employee_report_id,
        report.received_on,
        report.topic_id,
        report.kind as ReportKind,
        report.text,
        report.team,
        report.reporter.as_bytes()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The topics with reports that wait since a day before `today`.
pub(crate) async fn waiting_topics(tx: &mut Tx, today: NaiveDate) -> Result<Vec<String>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT topic_id FROM feedback.employee_report
         WHERE tenant_id = $1 AND report_group_id IS NULL AND received_on < $2
         GROUP BY topic_id HAVING count(DISTINCT reporter) >= 5 ORDER BY topic_id",
        tenant,
        today
    )
    .fetch_all(&mut **tx)
    .await
}

/// Reports of a topic that wait since a day before `today`: their ids, and by whom and of which team each is.
pub(crate) async fn waiting(
    tx: &mut Tx,
    topic_id: &str,
    today: NaiveDate,
) -> Result<(Vec<Uuid>, Vec<(Pseudonym, String)>), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        r#"SELECT employee_report_id, reporter AS "reporter!", team AS "team!" FROM feedback.employee_report
           WHERE tenant_id = $1 AND topic_id = $2 AND report_group_id IS NULL AND received_on < $3
           ORDER BY employee_report_id FOR UPDATE"#,
        tenant,
        topic_id,
        today
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let reporter = Pseudonym::stored(&row.reporter)?;
            Some((row.employee_report_id, (reporter, row.team)))
        })
        .unzip())
}

/// Releases a group of reports, and forgets by whom and of which team they are.
pub(crate) async fn release(tx: &mut Tx, group: &ReportGroup, reports: &[Uuid]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.report_group
             (tenant_id, report_group_id, topic_id, reporters, teams, agreements, released_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tenant,
        group.report_group_id,
        group.topic_id,
        group.reporters,
        &group.teams as &Json<Vec<TeamShare>>,
        group.agreements,
        group.released_at
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "UPDATE feedback.employee_report SET report_group_id = $2, reporter = NULL, team = NULL
         WHERE tenant_id = $1 AND employee_report_id = ANY($3)",
        tenant,
        group.report_group_id,
        reports
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets reports that waited in vain since before `since`; answers whether any still waits.
pub(crate) async fn forget(tx: &mut Tx, since: NaiveDate) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM feedback.employee_report
         WHERE tenant_id = $1 AND report_group_id IS NULL AND received_on < $2",
        tenant,
        since
    )
    .execute(&mut **tx)
    .await?;
    query_scalar!(
        r#"SELECT EXISTS (SELECT FROM feedback.employee_report
               WHERE tenant_id = $1 AND report_group_id IS NULL) AS "waits!""#,
        tenant
    )
    .fetch_one(&mut **tx)
    .await
}

/// Notes that an employee agrees with a group; a second time changes nothing.
pub(crate) async fn agree(
    tx: &mut Tx,
    report_group_id: Uuid,
    employee: Pseudonym,
    today: NaiveDate,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.group_agreement (tenant_id, report_group_id, employee, agreed_on)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT group_agreement_pkey DO NOTHING",
        tenant,
        report_group_id,
        employee.as_bytes(),
        today
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Brings the agreements that are told up to those of days before `today`.
pub(crate) async fn count_agreements(tx: &mut Tx, today: NaiveDate) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.report_group AS told SET agreements = sum.agreements
         FROM (SELECT report_group_id, (count(*) / 5 * 5)::int AS agreements FROM feedback.group_agreement
               WHERE tenant_id = $1 AND agreed_on < $2 GROUP BY report_group_id) AS sum
         WHERE told.tenant_id = $1 AND told.report_group_id = sum.report_group_id
           AND told.agreements <> sum.agreements",
        tenant,
        today
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether there is such a group.
pub(crate) async fn group_exists(tx: &mut Tx, report_group_id: Uuid) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT EXISTS (SELECT FROM feedback.report_group
               WHERE tenant_id = $1 AND report_group_id = $2) AS "exists!""#,
        tenant,
        report_group_id
    )
    .fetch_one(&mut **tx)
    .await
}

/// At most `limit` groups older than `before`, newest first; ids are in the order of release.
pub(crate) async fn groups(
    tx: &mut Tx,
    topic_id: Option<&str>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ReportGroup>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        ReportGroup,
        r#"SELECT report_group_id, topic_id, reporters, teams AS "teams: Json<Vec<TeamShare>>", agreements, released_at
           FROM feedback.report_group
           WHERE tenant_id = $1 AND ($2::text IS NULL OR topic_id = $2) AND report_group_id < $3
           ORDER BY report_group_id DESC LIMIT $4"#,
        tenant,
        topic_id,
        before.unwrap_or(Uuid::max()),
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// At most `limit` reports of a group after `after`, in the order of their random ids.
pub(crate) async fn reports(
    tx: &mut Tx,
    report_group_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<GroupedReport>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        GroupedReport,
        r#"SELECT employee_report_id, kind AS "kind: ReportKind", text FROM feedback.employee_report
           WHERE tenant_id = $1 AND report_group_id = $2 AND employee_report_id > $3
           ORDER BY employee_report_id LIMIT $4"#,
        tenant,
        report_group_id,
        after.unwrap_or(Uuid::nil()),
        limit
    )
    .fetch_all(&mut **tx)
    .await
}
