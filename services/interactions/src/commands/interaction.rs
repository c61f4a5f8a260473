//! Recording and reading contacts.

use std::collections::HashMap;

use attune_database::{Began, Database, Gather, GatheredWrite, Tx};
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

/// Records contacts for callers that each send one; see [`record`].
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    db: Database,
}

impl Recording {
    /// Gathers what is recorded in `db`.
    pub(crate) fn gather(db: Database) -> Gather<Self> {
        Gather::new(Self { db })
    }
}

/// A contact to be recorded, in the trace of the call that sends it.
pub(crate) struct Sent {
    record: Record,
    trace: Option<String>,
}

impl GatheredWrite for Recording {
    type Item = Sent;
    type Answer = Interaction;

    async fn write(
        &self,
        tenant: &TenantId,
        items: &[Sent],
    ) -> Result<Vec<Result<Interaction, attune_rpc::Error>>, attune_rpc::Error> {
        Ok(record_together(&self.db, tenant, items).await?)
    }
}

/// Records one contact, or finds the one that its source sent before; in one transaction with what others send at
/// the moment.
pub(crate) async fn record(
    recording: &Gather<Recording>,
    tenant: &TenantId,
    record: Record,
) -> Result<Interaction, Error> {
    let trace = attune_telemetry::current_traceparent();
    Ok(recording.write(tenant, Sent { record, trace }).await?)
}

async fn record_together(
    db: &Database,
    tenant: &TenantId,
    items: &[Sent],
) -> Result<Vec<Result<Interaction, attune_rpc::Error>>, Error> {
    let keys: Vec<_> = items
        .iter()
        .map(|item| (&item.record.key, Uuid::now_v7()))
        .collect();
    let (mut tx, began) = db.write_many(tenant, &keys).await?;
    let fresh = items
        .iter()
        .zip(&keys)
        .zip(&began)
        .filter(|(_, began)| matches!(began, Began::Fresh))
        .map(|((item, (_, interaction_id)), _)| New {
            interaction_id: *interaction_id,
            draft: item.record.draft.clone(),
            trace: item.trace.clone(),
        })
        .collect();
    let mut recorded = insert_new(&mut tx, fresh).await?.into_iter();
    let mut ids: Vec<Result<Uuid, attune_rpc::Error>> = Vec::with_capacity(items.len());
    for (began, (key, new_id)) in began.into_iter().zip(keys) {
        let id = match began {
            Began::Fresh => {
                let id = recorded.next().map_or(new_id, |recorded| recorded.interaction_id);
                // The row of the request names the id it would have got; what a repetition must find is the one
                // it has.
                if let Some(request_id) = key.request_id.filter(|_| id != new_id) {
                    store::interaction::point_request_at(&mut tx, key.method, request_id, id).await?;
                }
                Ok(id)
            }
            Began::Repeat(id) => Ok(id),
            Began::Same(earlier) => Ok(match ids.get(earlier) {
                Some(Ok(id)) => *id,
                _ => new_id,
            }),
            Began::Refused(error) => Err(error),
        };
        ids.push(id);
    }
    let wanted: Vec<Uuid> = ids.iter().flatten().copied().collect();
    let stored = store::interaction::by_ids(&mut tx, &wanted).await?;
    tx.commit().await?;
    let answer = |id: Uuid| stored.get(&id).cloned().ok_or(Error::NoInteraction(id).into());
    Ok(ids.into_iter().map(|id| id.and_then(answer)).collect())
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
    let trace = attune_telemetry::current_traceparent();
    let new = drafts.into_iter().map(|draft| New {
        interaction_id: Uuid::now_v7(),
        draft,
        trace: trace.clone(),
    });
    insert_new(tx, new.collect()).await
}

/// A contact under the id that it gets if it is new, in the trace that its event is to have.
struct New {
    interaction_id: Uuid,
    draft: Draft,
    trace: Option<String>,
}

/// [`insert`], each under its id and in its trace.
async fn insert_new(tx: &mut Tx, new: Vec<New>) -> Result<Vec<Recorded>, sqlx::Error> {
    let created_at = tx.now();
    let mut traces = HashMap::with_capacity(new.len());
    let mut drafted: Vec<Interaction> = Vec::with_capacity(new.len());
    for item in new {
        traces.insert(item.interaction_id, item.trace);
        drafted.push(Interaction {
            interaction_id: item.interaction_id,
            created_at,
            draft: item.draft,
        });
    }
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
    events::recorded(tx, &drafted, traces).await?;

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
