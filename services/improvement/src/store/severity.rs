//! How severities were assessed, and which of them hold.

use attune_database::Tx;
use sqlx::types::Json;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Input, Severity, SeverityAssessment};

macro_rules! assessments {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            SeverityAssessment,
            r#"SELECT severity_assessment_id, issue_id, severity AS "severity: _", by_person, said_by, reason,
                      severity_by_rule AS "severity_by_rule: _", rule, inputs AS "inputs: Json<Vec<Input>>",
                      explanation, assessed_at
               FROM improvement.severity_assessment WHERE tenant_id = $1 "# + $tail,
            $($argument),*
        )
    };
}

/// One assessment.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<SeverityAssessment>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    assessments!("AND severity_assessment_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// At most `limit` assessments of an issue older than `before`, the newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    issue_id: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SeverityAssessment>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    assessments!(
        "AND issue_id = $2 AND ($3::uuid IS NULL OR severity_assessment_id < $3)
         ORDER BY severity_assessment_id DESC LIMIT $4",
        tenant,
        issue_id,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Records an assessment of an issue that is stored: it holds from now on.
pub(crate) async fn record(tx: &mut Tx, assessment: &SeverityAssessment) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "WITH held AS (
             UPDATE improvement.issue
             SET severity = $4, severity_by_person = $5, severity_assessed_at = $12
             WHERE tenant_id = $1 AND issue_id = $3
         )
         INSERT INTO improvement.severity_assessment
             (tenant_id, severity_assessment_id, issue_id, severity, by_person, said_by, reason, severity_by_rule, rule,
              inputs, explanation, assessed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        tenant,
        assessment.severity_assessment_id,
        assessment.issue_id,
        assessment.severity.map(Severity::as_str),
        assessment.by_person,
        assessment.said_by,
        assessment.reason,
        assessment.severity_by_rule.map(Severity::as_str),
        assessment.rule,
        &assessment.inputs as _,
        assessment.explanation,
        assessment.assessed_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
