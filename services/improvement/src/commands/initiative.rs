//! Planning, reading, changing and stopping initiatives.

use attune_database::{Database, OnConstraint, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use super::{comparison, evaluation, pilot, principle};
use crate::domain::{Change, Draft, Initiative, Issue, IssueState, Step, WrongState};
use crate::error::Error;
use crate::{events, store};

/// An initiative to be planned or proposed.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) draft: Draft,
    pub(crate) by: String,
    pub(crate) key: RequestKey,
}

/// An initiative to be changed.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) initiative_id: Uuid,
    pub(crate) etag: String,
    pub(crate) change: Change,
    pub(crate) key: RequestKey,
}

/// An initiative to be given up.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) initiative_id: Uuid,
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) key: RequestKey,
}

/// Plans an initiative with its first iteration, or proposes it; the issue is in work from now on.
pub(crate) async fn create(db: &Database, tenant: &TenantId, create: Create) -> Result<Initiative, Error> {
    let Create { draft, by, key } = create;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let issue_id = draft.issue_id;
    let mut issue = store::issue::lock(&mut tx, issue_id)
        .await?
        .ok_or(Error::NoIssue(issue_id))?;
    principle::check(&mut tx, &draft.principle_ids).await?;
    comparison::check(draft.comparison.as_ref(), &issue)?;
    issue.check_measurable(draft.target.metric)?;
    issue.take_up()?;
    let proposed = draft.proposed;
    let mut initiative = Initiative::plan(id, draft, by, tx.now());
    if !proposed {
        events::planned(&mut tx, &mut initiative, &issue).await?;
    }
    store::issue::update(&mut tx, &issue).await?;
    store::initiative::insert(&mut tx, &initiative)
        .await
        .on_constraint("initiative_live_key", || {
            let message = "the issue has an initiative; stop that one before planning another";
            Error::WrongState(WrongState::new(IssueState::InWork.as_str(), message))
        })?;
    tx.commit().await?;
    Ok(initiative)
}

/// Reads an initiative.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Initiative, Error> {
    let mut tx = db.read(tenant).await?;
    let initiative = store::initiative::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoInitiative(id))?;
    tx.commit().await?;
    Ok(initiative)
}

/// Reads a page of initiatives, the newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    issue_id: Option<Uuid>,
    page: &Page<Uuid>,
) -> Result<(Vec<Initiative>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut ids = store::initiative::page(&mut tx, issue_id, page.after().copied(), page.limit()).await?;
    let next = page.next(&mut ids, |id| *id)?;
    let initiatives = store::initiative::by_ids(&mut tx, &ids).await?;
    tx.commit().await?;
    Ok((initiatives, next))
}

/// Changes what was said about an initiative.
pub(crate) async fn update(db: &Database, tenant: &TenantId, update: Update) -> Result<Initiative, Error> {
    let Update {
        initiative_id,
        etag,
        change,
        key,
    } = update;
    let mut tx = match db.write(tenant, &key, initiative_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut initiative = lock(&mut tx, initiative_id).await?;
    initiative.etag().check(&etag)?;
    principle::check(&mut tx, change.principle_ids.as_deref().unwrap_or_default()).await?;
    if change.comparison.is_some() || change.target.is_some() {
        let issue_id = initiative.issue_id;
        let issue = store::issue::by_id(&mut tx, issue_id)
            .await?
            .ok_or(Error::NoIssue(issue_id))?;
        comparison::check(change.comparison.as_ref().and_then(Option::as_ref), &issue)?;
        issue.check_measurable(change.target.as_ref().unwrap_or(&initiative.target).metric)?;
    }
    if let Some(Some(budget)) = &change.budget
        && let Some(total) = store::cost::total(&mut tx, initiative_id).await?
    {
        total.check(&budget.currency)?;
    }
    if initiative.apply(change)? {
        store::initiative::update(&mut tx, &initiative).await?;
    }
    tx.commit().await?;
    Ok(initiative)
}

/// Gives an initiative up; its issue waits for another one.
pub(crate) async fn stop(db: &Database, tenant: &TenantId, stop: Stop) -> Result<Initiative, Error> {
    let Stop {
        initiative_id,
        by,
        reason,
        key,
    } = stop;
    let mut tx = match db.write(tenant, &key, initiative_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let (mut issue, mut initiative) = lock_with_issue(&mut tx, initiative_id).await?;
    pilot::end_with(&mut tx, &initiative).await?;
    let at = tx.now();
    initiative.stop(Step { by, reason, at })?;
    issue.let_go();
    events::stopped(&mut tx, &mut initiative).await?;
    evaluation::cancel(&mut tx, initiative_id).await?;
    store::initiative::update(&mut tx, &initiative).await?;
    store::issue::update(&mut tx, &issue).await?;
    tx.commit().await?;
    Ok(initiative)
}

/// Locks an initiative whose issue is not touched.
pub(super) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Initiative, Error> {
    store::initiative::lock(tx, id)
        .await?
        .ok_or(Error::NoInitiative(id))
}

/// Locks an initiative and its issue: the issue first, as everywhere, so that nobody waits in a circle.
pub(super) async fn lock_with_issue(tx: &mut Tx, id: Uuid) -> Result<(Issue, Initiative), Error> {
    let issue_id = store::initiative::issue_of(tx, id)
        .await?
        .ok_or(Error::NoInitiative(id))?;
    let issue = store::issue::lock(tx, issue_id)
        .await?
        .ok_or(Error::NoIssue(issue_id))?;
    Ok((issue, lock(tx, id).await?))
}
