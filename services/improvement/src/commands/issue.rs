//! Reporting and reading issues.

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::priority;
use crate::domain::{Issue, IssueState, Member, Report, Severity};
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
    let assessed = priority::assess(&mut tx, &mut issue).await?;
    events::issue_opened(&mut tx, &mut issue).await?;
    store::issue::insert(&mut tx, &issue).await?;
    store::cohort::insert(&mut tx, id, &create.report.cohort, None).await?;
    priority::record(&mut tx, &issue, &assessed).await?;
    tx.commit().await?;
    Ok(issue)
}

/// How often an issue is read whose cohort changes while it is counted.
const TRIES: usize = 5;

/// Reads an issue, with what was said of it until now.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Issue, Error> {
    let mut tx = db.read(tenant).await?;
    for _ in 0..TRIES {
        let mut issue = store::issue::by_id(&mut tx, id)
            .await?
            .ok_or(Error::NoIssue(id))?;
        let (later, beside) = store::later_evidence::count(&mut tx, id).await?;
        // What joined the cohort between the two would be in neither number.
        if beside == issue.version {
            tx.commit().await?;
            issue.later = Some(Json(later));
            return Ok(issue);
        }
    }
    let message = "the issue changes faster than it can be counted; repeat the call";
    Err(attune_rpc::Error::aborted(attune_rpc::Reason::Retry, message).into())
}

/// In which order issues are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The most urgent first, of equals the newest.
    Priority,
}

/// Which issues are listed, and in which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// Only those in this state.
    pub(crate) state: Option<IssueState>,
    /// Only those of this severity.
    pub(crate) severity: Option<Severity>,
    pub(crate) order: Order,
}

/// Where a page of issues ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The bits of the priority: written as a number it might come back as another one.
    priority: u64,
    issue_id: Uuid,
}

/// Reads a page of issues, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    listing: Listing,
    page: &Page<Place>,
) -> Result<(Vec<Issue>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let Listing {
        state,
        severity,
        order,
    } = listing;
    let (only, after) = ((state, severity), page.after());
    let mut issues = match order {
        Order::Newest => {
            let before = after.map(|place| place.issue_id);
            store::issue::page(&mut tx, only, before, page.limit()).await?
        }
        Order::Priority => {
            let after = after.map(|place| (f64::from_bits(place.priority), place.issue_id));
            store::issue::page_by_priority(&mut tx, only, after, page.limit()).await?
        }
    };
    tx.commit().await?;
    let next = page.next(&mut issues, |last| Place {
        priority: last.priority.to_bits(),
        issue_id: last.issue_id,
    })?;
    Ok((issues, next))
}

/// The issue that goes on where this one was merged; itself where it was not.
pub(super) async fn standing(tx: &mut Tx, id: Uuid) -> Result<Uuid, Error> {
    store::issue::by_id(tx, id).await?.ok_or(Error::NoIssue(id))?;
    Ok(store::issue::standing(tx, id).await?)
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
