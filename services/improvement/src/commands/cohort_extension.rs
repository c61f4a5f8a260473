//! Extending a frozen cohort by those who spoke later.

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use super::priority;
use crate::domain::{CohortExtension, Issue, Statement};
use crate::error::Error;
use crate::{events, store};

/// An issue whose cohort is to be extended.
#[derive(Debug)]
pub(crate) struct Extend {
    pub(crate) issue_id: Uuid,
    pub(crate) etag: String,
    pub(crate) statement: Statement,
    pub(crate) key: RequestKey,
}

/// Extends the cohort of an issue by everybody who spoke of it since it was fixed.
pub(crate) async fn extend(
    db: &Database,
    tenant: &TenantId,
    extend: Extend,
) -> Result<(Issue, CohortExtension), Error> {
    let Extend {
        issue_id,
        etag,
        statement,
        key,
    } = extend;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return extended(db, tenant, id).await,
    };
    let issue = store::issue::lock(&mut tx, issue_id).await?;
    let mut issue = issue.ok_or(Error::NoIssue(issue_id))?;
    issue.etag().check(&etag)?;
    let tried = store::issue::is_tried(&mut tx, issue_id).await?;
    issue.check_extends(tried)?;
    let extension = CohortExtension::new(id, issue_id, statement, tx.now());
    let extension = store::cohort_extension::extend(&mut tx, &extension).await?;
    if extension.evidence_joined == 0 {
        return Err(issue.nobody_spoke().into());
    }
    take(&mut tx, &mut issue, &extension).await?;
    tx.commit().await?;
    Ok((issue, extension))
}

/// What follows from those who joined.
async fn take(tx: &mut Tx, issue: &mut Issue, extension: &CohortExtension) -> Result<(), Error> {
    store::split::come_back(tx, issue.issue_id).await?;
    let sizes = store::cohort::sizes(tx, issue.issue_id).await?;
    let gone_on = store::split::gone_on(tx, issue.issue_id).await?;
    issue.extend(sizes, gone_on);
    priority::refresh(tx, issue).await?;
    events::issue_cohort_extended(tx, issue, extension).await?;
    store::issue::update(tx, issue).await?;
    Ok(())
}

/// What an extension made before, as it is now.
async fn extended(db: &Database, tenant: &TenantId, id: Uuid) -> Result<(Issue, CohortExtension), Error> {
    let mut tx = db.read(tenant).await?;
    let extension = store::cohort_extension::by_id(&mut tx, id).await?;
    let extension = extension.ok_or(Error::NoExtension(id))?;
    let issue = store::issue::by_id(&mut tx, extension.issue_id).await?;
    tx.commit().await?;
    let issue = issue.ok_or(Error::NoIssue(extension.issue_id))?;
    Ok((issue, extension))
}

/// Reads a page of the extensions of an issue's cohort, the newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    issue_id: Uuid,
    page: &Page<Uuid>,
) -> Result<(Vec<CohortExtension>, String), Error> {
    let mut tx = db.read(tenant).await?;
    store::issue::by_id(&mut tx, issue_id)
        .await?
        .ok_or(Error::NoIssue(issue_id))?;
    let mut extensions =
        store::cohort_extension::page(&mut tx, issue_id, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut extensions, |last| last.cohort_extension_id)?;
    Ok((extensions, next))
}
