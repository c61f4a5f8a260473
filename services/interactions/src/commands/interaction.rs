//! Recording and reading contacts.

use std::collections::HashMap;

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{Draft, Interaction};
use crate::error::Error;
use crate::{events, store};

/// A contact to be recorded.
pub(crate) struct Record {
    pub(crate) draft: Draft,
    pub(crate) key: RequestKey,
}

/// What became of one contact of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) interaction_id: Uuid,
    /// The source had sent it before.
    pub(crate) duplicate: bool,
}

/// Where a page begins: after this contact.
pub(crate) type Place = (DateTime<Utc>, Uuid);

/// Records one contact, or finds the one that its source sent before.
pub(crate) async fn record(db: &Database, tenant: &TenantId, record: Record) -> Result<Interaction, Error> {
    let new_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &record.key, new_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let recorded = insert_as(&mut tx, vec![(new_id, record.draft)]).await?;
    let id = recorded
        .first()
        .map_or(new_id, |recorded| recorded.interaction_id);
    // The row of the request names the id it would have got; what a repetition must find is the one it has.
    if let Some(request_id) = record.key.request_id.filter(|_| id != new_id) {
        store::interaction::point_request_at(&mut tx, record.key.method, request_id, id).await?;
    }
    let stored = store::interaction::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoInteraction(id))?;
    tx.commit().await?;
    Ok(stored)
}

/// Records a batch in one transaction. Answers one result for each contact, in their order.
pub(crate) async fn record_batch(
    db: &Database,
    tenant: &TenantId,
    drafts: Vec<Draft>,
) -> Result<Vec<Recorded>, Error> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = db.system(tenant).await?;
    let recorded = insert(&mut tx, drafts).await?;
    tx.commit().await?;
    Ok(recorded)
}

/// Stores what is new and tells of it, in one transaction with whatever else is in `tx`.
pub(crate) async fn insert(tx: &mut Tx, drafts: Vec<Draft>) -> Result<Vec<Recorded>, sqlx::Error> {
    insert_as(
        tx,
        drafts.into_iter().map(|draft| (Uuid::now_v7(), draft)).collect(),
    )
    .await
}

/// [`insert`], each under its id if it is new.
async fn insert_as(tx: &mut Tx, drafts: Vec<(Uuid, Draft)>) -> Result<Vec<Recorded>, sqlx::Error> {
    let created_at = tx.now();
    let mut drafted: Vec<Interaction> = drafts
        .into_iter()
        .map(|(interaction_id, draft)| Interaction {
            interaction_id,
            created_at,
            draft,
        })
        .collect();
    let places: Vec<_> = drafted
        .iter()
        .map(|item| (item.interaction_id, source_key(&item.draft)))
        .collect();
    let known = known_sources(tx, &drafted).await?;
    let mut seen = known.clone();
    drafted.retain(|item| match source_key(&item.draft) {
        Some(key) => {
            let first = *seen.entry(key).or_insert(item.interaction_id);
            first == item.interaction_id
        }
        None => true,
    });
    // Two transactions that wait for each other's keys must take them in the same order.
    drafted.sort_by_cached_key(|item| source_key(&item.draft));
    let inserted = store::interaction::insert_many(tx, &drafted).await?;
    drafted.retain(|item| inserted.contains(&item.interaction_id));
    events::recorded(tx, &drafted).await?;

    // Whoever lost a race against another transaction that sent the same is known by now.
    let lost = places.iter().any(|(id, key)| {
        key.is_some() && seen_id(&seen, key.as_ref()) == Some(*id) && !inserted.contains(id)
    });
    if lost {
        let keys: Vec<_> = places.iter().filter_map(|(_, key)| key.clone()).collect();
        seen = store::interaction::ids_of_sources(tx, &keys).await?;
    }
    Ok(places
        .into_iter()
        .map(|(id, key)| {
            let interaction_id = seen_id(&seen, key.as_ref()).unwrap_or(id);
            Recorded {
                interaction_id,
                duplicate: !inserted.contains(&id),
            }
        })
        .collect())
}

async fn known_sources(
    tx: &mut Tx,
    drafted: &[Interaction],
) -> Result<HashMap<SourceKey, Uuid>, sqlx::Error> {
    let keys: Vec<_> = drafted
        .iter()
        .filter_map(|item| source_key(&item.draft))
        .collect();
    if keys.is_empty() {
        Ok(HashMap::new())
    } else {
        store::interaction::ids_of_sources(tx, &keys).await
    }
}

/// Channel and id at the source.
pub(crate) type SourceKey = (String, String);

fn source_key(draft: &Draft) -> Option<SourceKey> {
    draft
        .source_id
        .as_ref()
        .map(|source_id| (draft.channel.clone(), source_id.clone()))
}

fn seen_id(seen: &HashMap<SourceKey, Uuid>, key: Option<&SourceKey>) -> Option<Uuid> {
    key.and_then(|key| seen.get(key)).copied()
}

/// Reads a contact.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Interaction, Error> {
    let mut tx = db.read(tenant).await?;
    let interaction = store::interaction::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoInteraction(id))?;
    tx.commit().await?;
    Ok(interaction)
}

/// Reads a page of contacts, of one profile or all, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    profile_id: Option<Uuid>,
    page: &Page<Place>,
) -> Result<(Vec<Interaction>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let before = page.after().copied();
    let mut found = match profile_id {
        Some(profile) => store::interaction::page_of_profile(&mut tx, profile, before, page.limit()).await?,
        None => store::interaction::page(&mut tx, before, page.limit()).await?,
    };
    tx.commit().await?;
    let next = page.next(&mut found, |last| (last.draft.occurred_at, last.interaction_id))?;
    Ok((found, next))
}
