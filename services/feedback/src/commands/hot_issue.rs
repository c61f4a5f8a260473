//! Reading what was found and noticed.

use attune_database::Database;
use attune_rpc::{Page, TenantId};
use uuid::Uuid;

use crate::domain::{Course, HotIssue, Notice, course};
use crate::error::Error;
use crate::store;

/// Reads a hot issue.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<HotIssue, Error> {
    let mut tx = db.read(tenant).await?;
    let issue = store::hot_issue::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoHotIssue(id))?;
    tx.commit().await?;
    Ok(issue)
}

/// Reads a page of hot issues, newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    page: &Page<store::hot_issue::Place>,
) -> Result<(Vec<HotIssue>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut issues = store::hot_issue::page(&mut tx, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut issues, |issue| store::hot_issue::Place {
        opened_at: issue.opened_at,
        hot_issue_id: issue.hot_issue_id,
    })?;
    Ok((issues, next))
}

/// Reads how the volume of a hot issue went, day by day.
pub(crate) async fn course(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Course, Error> {
    let mut tx = db.read(tenant).await?;
    let issue = store::hot_issue::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoHotIssue(id))?;
    let now = tx.now();
    let window = Course::window(&issue, now);
    let days = store::course::days(&mut tx, &issue.topic_id, &issue.scope(), window).await?;
    let versions = store::course::versions(&mut tx, &issue.scope(), window).await?;
    let lineage = store::taxonomy::lineage(&mut tx, &issue.topic_id, false).await?;
    tx.commit().await?;
    let found = issue.window_start.date_naive();
    let otherwise = course::coded_otherwise(&versions, &lineage, found);
    Ok(Course::of(issue, &days, &otherwise, now))
}

/// Reads a page of notices, newest first, and the token of the next.
pub(crate) async fn notices(
    db: &Database,
    tenant: &TenantId,
    page: &Page<store::detection::Place>,
) -> Result<(Vec<Notice>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut notices = store::detection::notices(&mut tx, page.after(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut notices, |notice| store::detection::Place {
        noticed_at: notice.noticed_at,
        kind: notice.kind.clone(),
        product: notice.product.clone(),
    })?;
    Ok((notices, next))
}
