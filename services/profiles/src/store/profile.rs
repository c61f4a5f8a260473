//! Profiles and their identities.

use attune_database::Tx;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Identity, Profile};

/// The profiles with these ids, in no particular order; each with identities and consents.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Profile>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Profile,
        r#"SELECT profile_id, version, display_name, language, time_zone, created_at, updated_at,
                  attributes AS "attributes: _",
                  (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'system', i.system,
                                                                'value', i.value) ORDER BY i.place), '[]')
                   FROM profiles.identity i
                   WHERE i.tenant_id = p.tenant_id AND i.profile_id = p.profile_id) AS "identities!: _",
                  (SELECT coalesce(jsonb_agg(jsonb_build_object('channel', c.channel, 'purpose', c.purpose,
                              'state', c.state, 'source', c.source, 'decided_at', c.decided_at)
                              ORDER BY c.channel, c.purpose), '[]')
                   FROM profiles.consent c
                   WHERE c.tenant_id = p.tenant_id AND c.profile_id = p.profile_id) AS "consents!: _"
           FROM profiles.profile p
           WHERE tenant_id = $1 AND profile_id = ANY($2)"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await
}

/// One profile.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Profile>, sqlx::Error> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// Locks the profile against other writers until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Profile>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let locked = query_scalar!(
        "SELECT profile_id FROM profiles.profile WHERE tenant_id = $1 AND profile_id = $2 FOR UPDATE",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    if locked.is_some() {
        by_id(tx, id).await
    } else {
        Ok(None)
    }
}

/// The ids of at most `limit` profiles after `after`; ids are in the order of creation.
pub(crate) async fn page(tx: &mut Tx, after: Option<Uuid>, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT profile_id FROM profiles.profile WHERE tenant_id = $1 AND profile_id > $2
         ORDER BY profile_id LIMIT $3",
        tenant,
        after.unwrap_or(Uuid::nil()),
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Whose identity it is.
pub(crate) async fn owner(tx: &mut Tx, identity: &Identity) -> Result<Option<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT profile_id FROM profiles.identity
         WHERE tenant_id = $1 AND kind = $2 AND system = $3 AND value = $4",
        tenant,
        identity.kind.as_str(),
        identity.system,
        identity.value
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Stores a new profile without identities and consents.
pub(crate) async fn insert(tx: &mut Tx, profile: &Profile) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO profiles.profile (tenant_id, profile_id, version, display_name, language, time_zone,
                                       attributes, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tenant,
        profile.profile_id,
        profile.version,
        profile.display_name,
        profile.language,
        profile.time_zone,
        sqlx::types::Json(&profile.attributes.0) as _,
        profile.created_at,
        profile.updated_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores a changed profile without identities and consents.
pub(crate) async fn update(tx: &mut Tx, profile: &Profile) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE profiles.profile
         SET version = $3, display_name = $4, language = $5, time_zone = $6, attributes = $7, updated_at = $8
         WHERE tenant_id = $1 AND profile_id = $2",
        tenant,
        profile.profile_id,
        profile.version,
        profile.display_name,
        profile.language,
        profile.time_zone,
        sqlx::types::Json(&profile.attributes.0) as _,
        profile.updated_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Replaces the identities of a profile. Violates `identity_pkey` when one belongs to another profile.
pub(crate) async fn replace_identities(
    tx: &mut Tx,
    profile_id: Uuid,
    identities: &[Identity],
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM profiles.identity WHERE tenant_id = $1 AND profile_id = $2",
        tenant,
        profile_id
    )
    .execute(&mut **tx)
    .await?;
    if identities.is_empty() {
        return Ok(());
    }
    let kinds: Vec<String> = identities
        .iter()
        .map(|identity| identity.kind.as_str().to_owned())
        .collect();
    let systems: Vec<String> = identities
        .iter()
        .map(|identity| identity.system.clone())
        .collect();
    let values: Vec<String> = identities.iter().map(|identity| identity.value.clone()).collect();
    query!(
        "INSERT INTO profiles.identity (tenant_id, profile_id, kind, system, value, place)
         SELECT $1, $2, kind, system, value, place::int
         FROM unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS new (kind, system, value, place)
         -- Two profiles that want some of the same identities wait for each other in one order only.
         ORDER BY kind, system, value",
        tenant,
        profile_id,
        &kinds,
        &systems,
        &values
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
