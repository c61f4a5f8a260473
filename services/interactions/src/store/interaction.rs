//! Contacts.

use std::collections::{HashMap, HashSet};

use attune_database::Tx;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::commands::interaction::{Place, SourceKey};
use crate::domain::{Direction, Draft, Interaction, Stage};

/// The row; flat where the domain is not.
struct Row {
    interaction_id: Uuid,
    profile_id: Option<Uuid>,
    channel: String,
    direction: Direction,
    touchpoint: String,
    stage: Option<Stage>,
    outcome: String,
    product: String,
    agent_id: String,
    text: String,
    occurred_at: DateTime<Utc>,
    source_id: Option<String>,
    closed_at: Option<DateTime<Utc>>,
    matter_id: String,
    waited_ms: Option<i64>,
    created_at: DateTime<Utc>,
}

impl From<Row> for Interaction {
    fn from(row: Row) -> Self {
        let Row {
            interaction_id,
            profile_id,
            channel,
            direction,
            touchpoint,
            stage,
            outcome,
            product,
            agent_id,
            text,
            occurred_at,
            source_id,
            closed_at,
            matter_id,
            waited_ms,
            created_at,
        } = row;
        let draft = Draft {
            profile_id,
            channel,
            direction,
            touchpoint,
            stage,
            outcome,
            product,
            agent_id,
            text,
            occurred_at,
            source_id,
            closed_at,
            matter_id,
            waited: waited_ms.map(TimeDelta::milliseconds),
        };
        Self {
            interaction_id,
            created_at,
            draft,
        }
    }
}

/// Several contacts, by their ids.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, Interaction>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        r#"SELECT interaction_id, profile_id, channel, direction AS "direction: _", touchpoint,
                  stage AS "stage: _", outcome, product, agent_id, text, occurred_at, source_id, closed_at,
                  matter_id, waited_ms, created_at
           FROM interactions.interaction WHERE tenant_id = $1 AND interaction_id = ANY($2)"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.interaction_id, Interaction::from(row)))
        .collect())
}

/// At most `limit` contacts of the tenant before `before`, the newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<Interaction>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (before_at, before_id) = before.unzip();
    let rows = query_as!(
        Row,
        r#"SELECT interaction_id, profile_id, channel, direction AS "direction: _", touchpoint,
                  stage AS "stage: _", outcome, product, agent_id, text, occurred_at, source_id, closed_at,
                  matter_id, waited_ms, created_at
           FROM interactions.interaction
           WHERE tenant_id = $1
             AND (occurred_at, interaction_id) < (coalesce($2, 'infinity'::timestamptz), $3::uuid)
           ORDER BY occurred_at DESC, interaction_id DESC LIMIT $4"#,
        tenant,
        before_at,
        before_id.unwrap_or(Uuid::max()),
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Interaction::from).collect())
}

/// The same for one profile.
pub(crate) async fn page_of_profile(
    tx: &mut Tx,
    profile_id: Uuid,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<Interaction>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (before_at, before_id) = before.unzip();
    let rows = query_as!(
        Row,
        r#"SELECT interaction_id, profile_id, channel, direction AS "direction: _", touchpoint,
                  stage AS "stage: _", outcome, product, agent_id, text, occurred_at, source_id, closed_at,
                  matter_id, waited_ms, created_at
           FROM interactions.interaction
           WHERE tenant_id = $1 AND profile_id = $2
             AND (occurred_at, interaction_id) < (coalesce($3, 'infinity'::timestamptz), $4::uuid)
           ORDER BY occurred_at DESC, interaction_id DESC LIMIT $5"#,
        tenant,
        profile_id,
        before_at,
        before_id.unwrap_or(Uuid::max()),
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Interaction::from).collect())
}

/// The contacts that these sources sent before.
pub(crate) async fn ids_of_sources(
    tx: &mut Tx,
    keys: &[SourceKey],
) -> Result<HashMap<SourceKey, Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (channels, sources): (Vec<String>, Vec<String>) = keys.iter().cloned().unzip();
    let rows = query!(
        r#"SELECT i.channel, i.source_id AS "source_id!", i.interaction_id
           FROM unnest($2::text[], $3::text[]) AS asked (channel, source_id)
           JOIN interactions.interaction i
             ON i.tenant_id = $1 AND i.channel = asked.channel AND i.source_id = asked.source_id"#,
        tenant,
        &channels,
        &sources
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.channel, row.source_id), row.interaction_id))
        .collect())
}

/// Stores contacts and answers the ids of those that were new.
pub(crate) async fn insert_many(tx: &mut Tx, items: &[Interaction]) -> Result<HashSet<Uuid>, sqlx::Error> {
    if items.is_empty() {
        return Ok(HashSet::new());
    }
    let tenant = tx.tenant().as_str().to_owned();
    let now = tx.now();
    let ids: Vec<Uuid> = items.iter().map(|item| item.interaction_id).collect();
    let profiles: Vec<Option<Uuid>> = items.iter().map(|item| item.draft.profile_id).collect();
    let column =
        |read: fn(&Draft) -> &str| -> Vec<&str> { items.iter().map(|item| read(&item.draft)).collect() };
    let directions: Vec<Direction> = items.iter().map(|item| item.draft.direction).collect();
    let stages: Vec<Option<Stage>> = items.iter().map(|item| item.draft.stage).collect();
    let times: Vec<DateTime<Utc>> = items.iter().map(|item| item.draft.occurred_at).collect();
    let sources: Vec<Option<&str>> = items.iter().map(|item| item.draft.source_id.as_deref()).collect();
    let closings: Vec<Option<DateTime<Utc>>> = items.iter().map(|item| item.draft.closed_at).collect();
    let waits: Vec<Option<i64>> = items
        .iter()
        .map(|item| item.draft.waited.map(|waited| waited.num_milliseconds()))
        .collect();
    let inserted = query_scalar!(
        "INSERT INTO interactions.interaction
             (tenant_id, created_at, interaction_id, profile_id, channel, direction, touchpoint, stage, outcome,
              product, agent_id, text, occurred_at, source_id, closed_at, matter_id, waited_ms)
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::text[], $15::timestamptz[],
             $16::text[], $17::bigint[])
         ON CONFLICT ON CONSTRAINT interaction_source_key DO NOTHING
         RETURNING interaction_id",
        tenant,
        now,
        &ids,
        &profiles as _,
        &column(|draft| &draft.channel) as &[&str],
        &directions as _,
        &column(|draft| &draft.touchpoint) as &[&str],
        &stages as _,
        &column(|draft| &draft.outcome) as &[&str],
        &column(|draft| &draft.product) as &[&str],
        &column(|draft| &draft.agent_id) as &[&str],
        &column(|draft| &draft.text) as &[&str],
        &times,
        &sources as &[Option<&str>],
        &closings as &[Option<DateTime<Utc>>],
        &column(|draft| &draft.matter_id) as &[&str],
        &waits as &[Option<i64>]
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(inserted.into_iter().collect())
}

/// A contact, until the transaction ends nobody else's to change.
pub(crate) async fn lock(tx: &mut Tx, interaction_id: Uuid) -> Result<Option<Interaction>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = query_as!(
        Row,
        r#"SELECT interaction_id, profile_id, channel, direction AS "direction: _", touchpoint,
                  stage AS "stage: _", outcome, product, agent_id, text, occurred_at, source_id, closed_at,
                  matter_id, waited_ms, created_at
           FROM interactions.interaction WHERE tenant_id = $1 AND interaction_id = $2 FOR UPDATE"#,
        tenant,
        interaction_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Interaction::from))
}

/// Stores that a contact is closed, and with what outcome.
pub(crate) async fn close(tx: &mut Tx, interaction: &Interaction) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE interactions.interaction SET outcome = $3, closed_at = $4
         WHERE tenant_id = $1 AND interaction_id = $2",
        tenant,
        interaction.interaction_id,
        interaction.draft.outcome,
        interaction.draft.closed_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
