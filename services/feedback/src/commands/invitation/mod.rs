//! Who is asked: naming occasions, and reading what became of them.

mod decide;
mod deliver;
mod expire;

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::domain::invitation::{Invitation, Occasion};
use crate::domain::survey::Survey;
use crate::error::Error;
use crate::store;
use crate::store::invitation::Filter;
use crate::timers::invite;

pub(crate) use decide::decide;
pub(crate) use deliver::{Links, hand_over, remind, take_outcome};
pub(crate) use expire::expire;

/// An interaction that happened longer before it was recorded asks nobody: a history that is imported is no occasion.
const LATEST: TimeDelta = TimeDelta::days(3);

/// An occasion that a caller names.
#[derive(Debug)]
pub(crate) struct Invite {
    pub(crate) occasion: Occasion,
    pub(crate) key: RequestKey,
}

/// What an interaction is to surveys.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) interaction_id: Uuid,
    pub(crate) profile_id: Uuid,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
    /// As the interactions' protos name it.
    pub(crate) stage: String,
    pub(crate) product: String,
    pub(crate) agent_id: String,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) recorded_at: DateTime<Utc>,
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

/// Holds interactions against the surveys that are asked now; each occasion that is new waits for its time.
pub(crate) async fn hear(tx: &mut Tx, heard: &[Heard]) -> Result<(), Error> {
    let surveys = store::survey::all_asked(tx).await?;
    for interaction in heard {
        if interaction.recorded_at - interaction.occurred_at > LATEST {
            continue;
        }
        for survey in &surveys {
            let Some(due_at) = interaction.due(survey) else {
                continue;
            };
            let id = Uuid::now_v7();
            if store::invitation::insert(tx, id, &interaction.occasion(survey.survey_id)).await? {
                invite::schedule(tx, id, due_at).await?;
            }
        }
    }
    Ok(())
}

impl Heard {
    /// When the survey asks about it, if it does.
    fn due(&self, survey: &Survey) -> Option<DateTime<Utc>> {
        let trigger = survey.definition.trigger.as_ref()?;
        let asks = trigger.matches(&self.touchpoint, &self.channel, &self.stage);
        asks.then(|| self.recorded_at + TimeDelta::minutes(trigger.delay_minutes.into()))
    }

    fn occasion(&self, survey_id: Uuid) -> Occasion {
        Occasion {
            survey_id,
            profile_id: self.profile_id,
            occasion: self.interaction_id.to_string(),
            interaction_id: Some(self.interaction_id),
            touchpoint: self.touchpoint.clone(),
            product: self.product.clone(),
            agent_id: self.agent_id.clone(),
        }
    }
}

/// Reads an invitation.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Invitation, Error> {
    let mut tx = db.read(tenant).await?;
    let invitation = store::invitation::find(&mut tx, id).await?;
    tx.commit().await?;
    invitation.ok_or(Error::NoInvitation(id))
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
