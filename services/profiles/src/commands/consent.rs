//! Decisions about being contacted.

use attune_database::{Database, Write};
use attune_rpc::{Page, RequestKey, TenantId, Violations};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{Consent, Given, Profile};
use crate::error::Error;
use crate::store::consent::Decision;
use crate::{events, store};

/// A decision to be recorded.
pub(crate) struct Set {
    pub(crate) profile_id: Uuid,
    pub(crate) consent: Given,
    pub(crate) key: RequestKey,
}

/// Where a page of the history begins: after this decision.
pub(crate) type Place = (DateTime<Utc>, Uuid);

/// Records a decision; the one made last is in force.
pub(crate) async fn set(db: &Database, tenant: &TenantId, set: Set) -> Result<Profile, Error> {
    let Set {
        profile_id,
        consent,
        key,
    } = set;
    let mut tx = match db.write(tenant, &key, profile_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return super::profile::get(db, tenant, id).await,
    };
    let mut profile = store::profile::lock(&mut tx, profile_id)
        .await?
        .ok_or(Error::NoProfile(profile_id))?;
    let decided = [decide(consent, "consent", tx.now())?];
    store::consent::append(&mut tx, profile_id, &decided).await?;
    if store::consent::put_in_force(&mut tx, profile_id, &decided).await? > 0 {
        profile.touched(tx.now());
        store::profile::update(&mut tx, &profile).await?;
        events::consents_changed(&mut tx, &profile, &decided).await?;
    }
    let stored = store::profile::by_id(&mut tx, profile_id)
        .await?
        .ok_or(Error::NoProfile(profile_id))?;
    tx.commit().await?;
    Ok(stored)
}

/// A decision told at `now`; what is wrong with its instant is a violation under `field`.
pub(super) fn decide(given: Given, field: &str, now: DateTime<Utc>) -> Result<Consent, Error> {
    let mut violations = Violations::default();
    let decided = violations.check(&format!("{field}.decided_at"), given.decide(now));
    Ok(violations.finish(decided)?)
}

/// Reads a page of a person's decisions and the token of the next.
pub(crate) async fn history(
    db: &Database,
    tenant: &TenantId,
    profile_id: Uuid,
    page: &Page<Place>,
) -> Result<(Vec<Decision>, String), Error> {
    let mut tx = db.read(tenant).await?;
    store::profile::by_id(&mut tx, profile_id)
        .await?
        .ok_or(Error::NoProfile(profile_id))?;
    let before = page.after().copied();
    let mut decisions = store::consent::history(&mut tx, profile_id, before, page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut decisions, |last| (last.decided_at, last.consent_decision_id))?;
    Ok((decisions, next))
}
