//! Reporting and reading issues.

use attune_database::{Database, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use crate::domain::{Issue, IssueState, Member, Report};
use crate::error::Error;
use crate::{events, store};

/// An issue to be reported.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) report: Report,
    pub(crate) key: RequestKey,
}

/// Reports an issue with its cohort.
pub(crate) async fn create(db: &Database, tenant: &TenantId, create: Create) -> Result<Issue, Error> {
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &create.key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut issue = Issue::reported(id, &create.report, tx.now());
    events::issue_opened(&mut tx, &mut issue).await?;
    store::issue::insert(&mut tx, &issue).await?;
    store::cohort::insert(&mut tx, id, &create.report.cohort).await?;
    tx.commit().await?;
    Ok(issue)
}

/// Reads an issue.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Issue, Error> {
    let mut tx = db.read(tenant).await?;
    let issue = store::issue::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoIssue(id))?;
    tx.commit().await?;
    Ok(issue)
}

/// Reads a page of issues, the newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    state: Option<IssueState>,
    page: &Page<Uuid>,
) -> Result<(Vec<Issue>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut issues = store::issue::page(&mut tx, state, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut issues, |last| last.issue_id)?;
    Ok((issues, next))
}

/// Reads a page of the persons an issue hit, and the token of the next.
pub(crate) async fn cohort(
    db: &Database,
    tenant: &TenantId,
    id: Uuid,
    page: &Page<Uuid>,
) -> Result<(Vec<Member>, String), Error> {
    let mut tx = db.read(tenant).await?;
    store::issue::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoIssue(id))?;
    let mut members = store::cohort::page(&mut tx, id, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut members, |last| last.profile_id)?;
    Ok((members, next))
}
