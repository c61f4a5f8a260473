//! Recording and reading contacts.

use std::collections::HashMap;

use attune_database::{Began, Database, Gather, GatherReads, GatheredRead, GatheredWrite, Tx, Write, settle};
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

/// A contact whose matter is to be closed.
#[derive(Debug)]
pub(crate) struct Close {
    pub(crate) interaction_id: Uuid,
    /// None to leave what was recorded.
    pub(crate) outcome: Option<String>,
    /// None where it is the moment of the call.
    pub(crate) closed_at: Option<DateTime<Utc>>,
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
    let mut made: HashMap<Uuid, Interaction> = HashMap::with_capacity(items.len());
    let mut fresh = Vec::with_capacity(items.len());
    for ((item, (_, interaction_id)), began) in items.iter().zip(&keys).zip(&began) {
        if !matches!(began, Began::Fresh) {
            continue;
        }
        let interaction = Interaction {
            interaction_id: *interaction_id,
            created_at: tx.now(),
            draft: item.record.draft.clone(),
        };
        fresh.push(New {
            interaction: interaction.clone(),
            trace: item.trace.clone(),
        });
        made.insert(*interaction_id, interaction);
    }
    let recorded = insert_new(&mut tx, fresh).await?;
    let recorded = recorded.into_iter().map(|recorded| recorded.interaction_id);
    let ids = settle(&mut tx, &keys, began, recorded).await?;
    let earlier: Vec<Uuid> = ids
        .iter()
        .flatten()
        .filter(|id| !made.contains_key(id))
        .copied()
        .collect();
    if !earlier.is_empty() {
        made.extend(store::interaction::by_ids(&mut tx, &earlier).await?);
    }
    tx.commit().await?;
    let answer = |id: Uuid| made.get(&id).cloned().ok_or(Error::NoInteraction(id).into());
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
    let (trace, created_at) = (attune_telemetry::current_traceparent(), tx.now());
    let new = drafts.into_iter().map(|draft| New {
        interaction: Interaction {
            interaction_id: Uuid::now_v7(),
            created_at,
            draft,
        },
        trace: trace.clone(),
    });
    let new = new.collect();
    insert_new(tx, new).await
}

/// A contact as it is stored if it is new, in the trace that its event is to have.
struct New {
    interaction: Interaction,
    trace: Option<String>,
}

/// [`insert`], each under its id and in its trace.
async fn insert_new(tx: &mut Tx, new: Vec<New>) -> Result<Vec<Recorded>, sqlx::Error> {
    let mut traces = HashMap::with_capacity(new.len());
    let mut drafted: Vec<Interaction> = Vec::with_capacity(new.len());
    for New { interaction, trace } in new {
        traces.insert(interaction.interaction_id, trace);
        drafted.push(interaction);
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

/// Closes the matter of a contact, once.
pub(crate) async fn close(
    db: &Database,
    reads: &GatherReads<ById>,
    tenant: &TenantId,
    close: Close,
) -> Result<Interaction, Error> {
    let Close {
        interaction_id,
        outcome,
        closed_at,
        key,
    } = close;
    let mut tx = match db.write(tenant, &key, interaction_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(reads, tenant, id).await,
    };
    let held = store::interaction::lock(&mut tx, interaction_id).await?;
    let mut interaction = held.ok_or(Error::NoInteraction(interaction_id))?;
    if interaction.draft.closed_at.is_some() {
        return Err(Error::Closed);
    }
    let closed_at = closed_at.unwrap_or(tx.now());
    if closed_at < interaction.draft.occurred_at {
        return Err(Error::ClosedAt("must not be before the interaction"));
    }
    if closed_at > tx.now() {
        return Err(Error::ClosedAt("must not be in the future"));
    }
    interaction.draft.closed_at = Some(closed_at);
    if let Some(outcome) = outcome {
        interaction.draft.outcome = outcome;
    }
    store::interaction::close(&mut tx, &interaction).await?;
    events::closed(&mut tx, &interaction).await?;
    tx.commit().await?;
    Ok(interaction)
}

/// Reads contacts by their ids, for all callers that ask at the moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ById;

impl GatheredRead for ById {
    type Row = Interaction;

    async fn read(&self, tx: &mut Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, Interaction>, sqlx::Error> {
        store::interaction::by_ids(tx, ids).await
    }
}

/// Reads a contact, together with what others read at the moment.
pub(crate) async fn get(
    reads: &GatherReads<ById>,
    tenant: &TenantId,
    id: Uuid,
) -> Result<Interaction, Error> {
    reads.get(tenant, id).await?.ok_or(Error::NoInteraction(id))
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
