//! Creating, reading and changing profiles.

use attune_database::{Database, Tx, Write, violated_constraint};
use attune_rpc::{Page, RequestKey, TenantId};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Change, Draft, Given, Identity, Profile, in_force};
use crate::error::Error;
use crate::{events, store};

/// A profile to be created.
pub(crate) struct Create {
    pub(crate) draft: Draft,
    pub(crate) consents: Vec<Given>,
    pub(crate) key: RequestKey,
}

/// A profile to be changed.
pub(crate) struct Update {
    pub(crate) profile_id: Uuid,
    pub(crate) etag: String,
    pub(crate) change: Change,
    pub(crate) key: RequestKey,
}

/// Creates a profile with its identities and consents.
pub(crate) async fn create(db: &Database, tenant: &TenantId, create: Create) -> Result<Profile, Error> {
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &create.key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let now = tx.now();
    let decisions = create.consents.into_iter().enumerate();
    let decisions =
        decisions.map(|(place, given)| super::consent::decide(given, &format!("consents[{place}]"), now));
    let decisions = decisions.collect::<Result<Vec<_>, Error>>()?;
    let current = in_force(&decisions);
    let mut profile = new_profile(&tx, id, create.draft);
    let created = profile.version;
    profile.version = created.saturating_add_unsigned(current.len() as u64);
    store::profile::insert(&mut tx, &profile).await?;
    replace_identities(&mut tx, &profile).await?;
    if !decisions.is_empty() {
        store::consent::append(&mut tx, id, &decisions).await?;
        store::consent::put_in_force(&mut tx, id, &current).await?;
    }
    events::created(&mut tx, id, created).await?;
    events::consents_changed(&mut tx, &profile, &current).await?;
    let stored = store::profile::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoProfile(id))?;
    tx.commit().await?;
    Ok(stored)
}

fn new_profile(tx: &Tx, profile_id: Uuid, draft: Draft) -> Profile {
    let Draft {
        display_name,
        language,
        time_zone,
        identities,
        attributes,
    } = draft;
    Profile {
        profile_id,
        version: 1,
        display_name,
        language,
        time_zone,
        identities: Json(identities),
        attributes: Json(attributes),
        consents: Json(Vec::new()),
        created_at: tx.now(),
        updated_at: tx.now(),
    }
}

async fn replace_identities(tx: &mut Tx, profile: &Profile) -> Result<(), Error> {
    let replaced = store::profile::replace_identities(tx, profile.profile_id, &profile.identities).await;
    replaced.map_err(|error| match violated_constraint(&error) {
        Some("identity_pkey") => Error::IdentityTaken,
        _ => error.into(),
    })
}

/// Reads a profile.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Profile, Error> {
    batch_get(db, tenant, &[id])
        .await?
        .pop()
        .ok_or(Error::NoProfile(id))
}

/// Reads the profiles that exist.
pub(crate) async fn batch_get(db: &Database, tenant: &TenantId, ids: &[Uuid]) -> Result<Vec<Profile>, Error> {
    let mut tx = db.read(tenant).await?;
    let profiles = store::profile::by_ids(&mut tx, ids).await?;
    tx.commit().await?;
    Ok(profiles)
}

/// Reads the profile that an identity belongs to.
pub(crate) async fn resolve(db: &Database, tenant: &TenantId, identity: &Identity) -> Result<Profile, Error> {
    let mut tx = db.read(tenant).await?;
    let id = store::profile::owner(&mut tx, identity)
        .await?
        .ok_or(Error::NoIdentity)?;
    let profile = store::profile::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoProfile(id))?;
    tx.commit().await?;
    Ok(profile)
}

/// Reads a page of profiles and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    page: &Page<Uuid>,
) -> Result<(Vec<Profile>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut ids = store::profile::page(&mut tx, page.after().copied(), page.limit()).await?;
    let next = page.next(&mut ids, |id| *id)?;
    let mut profiles = store::profile::by_ids(&mut tx, &ids).await?;
    tx.commit().await?;
    profiles.sort_by_key(|profile| profile.profile_id);
    Ok((profiles, next))
}

/// Changes a profile.
pub(crate) async fn update(db: &Database, tenant: &TenantId, update: Update) -> Result<Profile, Error> {
    let Update {
        profile_id,
        etag,
        change,
        key,
    } = update;
    let mut tx = match db.write(tenant, &key, profile_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut profile = store::profile::lock(&mut tx, profile_id)
        .await?
        .ok_or(Error::NoProfile(profile_id))?;
    profile.etag().check(&etag)?;
    let changed = profile.apply(change, tx.now());
    if !changed.is_empty() {
        store::profile::update(&mut tx, &profile).await?;
        if changed.contains(&"identities") {
            replace_identities(&mut tx, &profile).await?;
        }
        events::updated(&mut tx, &profile, &changed).await?;
    }
    tx.commit().await?;
    Ok(profile)
}
