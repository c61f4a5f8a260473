//! Who is asked: naming occasions, and reading what became of them.

mod decide;
mod deliver;
mod expire;
mod hear;

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::invitation::{Cause, Invitation, Occasion};
use crate::domain::survey::{Survey, Trigger};
use crate::error::Error;
use crate::store;
use crate::store::invitation::Filter;
use crate::timers::invite;

pub(crate) use decide::{Decided, decide, would_ask};
pub(crate) use deliver::{Links, hand_over, remind, take_outcome};
pub(crate) use expire::expire;
pub(crate) use hear::hear;

/// An occasion that a caller names.
#[derive(Debug)]
pub(crate) struct Invite {
    pub(crate) occasion: Occasion,
    pub(crate) key: RequestKey,
}

/// Why an invitation is there and was decided as it was.
#[derive(Debug)]
pub(crate) struct Explained {
    pub(crate) invitation: Invitation,
    /// What named the occasion, with the trigger as it was then; none where a caller did.
    pub(crate) cause: Option<(Cause, Option<Trigger>)>,
}

/// Names an occasion; a known one answers its invitation.
pub(crate) async fn invite(db: &Database, tenant: &TenantId, invite: Invite) -> Result<Invitation, Error> {
    let Invite { occasion, key } = invite;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let survey_id = occasion.survey_id;
    let survey = store::survey::find(&mut tx, survey_id, None).await?;
    survey.ok_or(Error::NoSurvey(survey_id))?;
    if store::invitation::insert(&mut tx, id, &occasion).await? {
        let now = tx.now();
        invite::schedule(&mut tx, id, now).await?;
        let stored = store::invitation::find(&mut tx, id).await?;
        tx.commit().await?;
        return stored.ok_or(Error::NoInvitation(id));
    }
    let known = store::invitation::of_occasion(&mut tx, &occasion).await?;
    let known = known.ok_or(Error::Overtaken)?;
    // The request made nothing: its row must lead to what was there, so that it is written anew.
    tx.roll_back().await?;
    if key.request_id.is_some()
        && let Write::Fresh(tx) = db.write(tenant, &key, known).await?
    {
        tx.commit().await?;
    }
    get(db, tenant, known).await
}

/// Reads an invitation.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Invitation, Error> {
    let mut tx = db.read(tenant).await?;
    let invitation = store::invitation::find(&mut tx, id).await?;
    tx.commit().await?;
    invitation.ok_or(Error::NoInvitation(id))
}

/// Reads an invitation with what named its occasion.
pub(crate) async fn explain(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Explained, Error> {
    let mut tx = db.read(tenant).await?;
    let found = store::invitation::find(&mut tx, id).await?;
    let invitation = found.ok_or(Error::NoInvitation(id))?;
    let cause = match invitation.cause.clone() {
        None => None,
        Some(Json(cause)) => {
            let version = Some(cause.survey_version);
            let survey = store::survey::find(&mut tx, invitation.survey_id, version).await?;
            let trigger = survey.and_then(|survey| survey.definition.triggers.get(cause.trigger).cloned());
            Some((cause, trigger))
        }
    };
    tx.commit().await?;
    Ok(Explained { invitation, cause })
}

/// Reads a page of invitations, newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    filter: Filter,
    page: &Page<Uuid>,
) -> Result<(Vec<Invitation>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut invitations =
        store::invitation::page(&mut tx, filter, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut invitations, |invitation| invitation.invitation_id)?;
    Ok((invitations, next))
}

/// Reads an invitation with the version that it asks.
pub(crate) async fn with_version(
    tx: &mut Tx,
    id: Uuid,
) -> Result<Option<(Invitation, Option<Survey>)>, sqlx::Error> {
    let Some(invitation) = store::invitation::find(tx, id).await? else {
        return Ok(None);
    };
    let survey = match invitation.survey_version {
        Some(number) => store::survey::find(tx, invitation.survey_id, Some(number)).await?,
        None => None,
    };
    Ok(Some((invitation, survey)))
}
