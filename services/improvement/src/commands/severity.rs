//! Saying how bad issues are.

use attune_database::{Database, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use crate::domain::{Issue, Ruling, Severity, SeverityAssessment, Statement};
use crate::error::Error;
use crate::{events, store};

/// What somebody says of the severity of an issue.
#[derive(Debug)]
pub(crate) struct Assess {
    pub(crate) issue_id: Uuid,
    pub(crate) etag: String,
    /// `None` gives it back to the rule.
    pub(crate) severity: Option<Severity>,
    pub(crate) statement: Statement,
    pub(crate) key: RequestKey,
}

/// Has what somebody says stand above the rule, or the rule hold again.
pub(crate) async fn assess(
    db: &Database,
    tenant: &TenantId,
    assess: Assess,
) -> Result<(Issue, SeverityAssessment), Error> {
    let Assess {
        issue_id,
        etag,
        severity,
        statement,
        key,
    } = assess;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return assessed(db, tenant, id).await,
    };
    let issue = store::issue::lock(&mut tx, issue_id).await?;
    let mut issue = issue.ok_or(Error::NoIssue(issue_id))?;
    issue.etag().check(&etag)?;
    issue.check_assesses()?;
    let facts = store::priority::facts(&mut tx, &issue).await?;
    let ruling = Ruling::of(&issue, facts.mentions);
    let assessment = issue.assess_severity(id, (severity, statement), ruling, tx.now());
    store::severity::record(&mut tx, &assessment).await?;
    events::issue_severity_assessed(&mut tx, &mut issue, &assessment).await?;
    store::issue::update(&mut tx, &issue).await?;
    tx.commit().await?;
    Ok((issue, assessment))
}

/// What was said before, with the issue as it is now.
async fn assessed(db: &Database, tenant: &TenantId, id: Uuid) -> Result<(Issue, SeverityAssessment), Error> {
    let mut tx = db.read(tenant).await?;
    let assessment = store::severity::by_id(&mut tx, id).await?;
    let assessment = assessment.ok_or(Error::NoAssessment(id))?;
    let issue = store::issue::by_id(&mut tx, assessment.issue_id).await?;
    tx.commit().await?;
    let issue = issue.ok_or(Error::NoIssue(assessment.issue_id))?;
    Ok((issue, assessment))
}

/// Reads a page of the assessments of an issue, the newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    issue_id: Uuid,
    page: &Page<Uuid>,
) -> Result<(Vec<SeverityAssessment>, String), Error> {
    let mut tx = db.read(tenant).await?;
    store::issue::by_id(&mut tx, issue_id)
        .await?
        .ok_or(Error::NoIssue(issue_id))?;
    let mut assessments =
        store::severity::page(&mut tx, issue_id, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut assessments, |last| last.severity_assessment_id)?;
    Ok((assessments, next))
}
