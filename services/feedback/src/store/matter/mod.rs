//! Contacts as far as matters go, and their counts.

mod counts;

use attune_database::Tx;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Direction, Handling, MatterCoding, MatterContact, UNRECORDED};

pub(crate) use counts::{add, codings, counts, slice_counts, subtract};

/// The row; flat where the domain is not.
struct Row {
    interaction_id: Uuid,
    profile_id: Option<Uuid>,
    direction: Direction,
    matter_id: String,
    product: String,
    channel: String,
    touchpoint: String,
    occurred_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    waited_ms: Option<i64>,
    agent_id: Option<String>,
    stage: Option<String>,
    taxonomy_version: Option<i64>,
    language: String,
    topics: Vec<String>,
    came_again: bool,
    is_repeat: bool,
    sliced_as_again: Option<bool>,
}

impl From<Row> for MatterContact {
    fn from(row: Row) -> Self {
        let Row {
            interaction_id,
            profile_id,
            direction,
            matter_id,
            product,
            channel,
            touchpoint,
            occurred_at,
            closed_at,
            waited_ms,
            agent_id,
            stage,
            taxonomy_version,
            language,
            topics,
            came_again,
            is_repeat,
            sliced_as_again,
        } = row;
        let handling = agent_id.zip(stage);
        Self {
            interaction_id,
            profile_id,
            direction,
            matter_id,
            product,
            channel,
            touchpoint,
            occurred_at,
            closed_at,
            waited: waited_ms.map(TimeDelta::milliseconds),
            handling: handling.map(|(agent_id, stage)| Handling { agent_id, stage }),
            coding: taxonomy_version.map(|taxonomy_version| MatterCoding {
                taxonomy_version,
                language,
                topics,
            }),
            came_again,
            is_repeat,
            sliced_as_again,
        }
    }
}

/// Lets one transaction at a time change what matters count. One that hears of contacts and one that understood their
/// texts would else not see each other's, and the matter would be in no topic. Rows of counts come after it.
pub(crate) async fn hold(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let key = format!("matters {}", tx.tenant());
    query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Several contacts, those that are known.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<MatterContact>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        r#"SELECT interaction_id, profile_id, direction AS "direction: _", matter_id, product, channel, touchpoint,
                  occurred_at, closed_at, waited_ms, agent_id, stage, taxonomy_version, language, topics, came_again,
                  is_repeat, sliced_as_again
           FROM feedback.matter_contact WHERE tenant_id = $1 AND interaction_id = ANY($2)"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(MatterContact::from).collect())
}

/// Keeps contacts, each once; of one that is known, the closing where it was open, and who handled it until then.
pub(crate) async fn keep(tx: &mut Tx, contacts: &[MatterContact]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let column = |read: fn(&MatterContact) -> &str| -> Vec<&str> { contacts.iter().map(read).collect() };
    let ids: Vec<Uuid> = contacts.iter().map(|contact| contact.interaction_id).collect();
    let profiles: Vec<Option<Uuid>> = contacts.iter().map(|contact| contact.profile_id).collect();
    let directions: Vec<Direction> = contacts.iter().map(|contact| contact.direction).collect();
    let times: Vec<DateTime<Utc>> = contacts.iter().map(|contact| contact.occurred_at).collect();
    let closings: Vec<Option<DateTime<Utc>>> = contacts.iter().map(|contact| contact.closed_at).collect();
    let (after, until): (Vec<_>, Vec<_>) = contacts
        .iter()
        .map(|contact| contact.again_between().unzip())
        .unzip();
    let handled = |read: fn(&Handling) -> &str| -> Vec<Option<&str>> {
        let handlings = contacts.iter().map(|contact| contact.handling.as_ref());
        handlings.map(|handling| handling.map(read)).collect()
    };
    let waits: Vec<Option<i64>> = contacts
        .iter()
        .map(|contact| contact.waited.map(|waited| waited.num_milliseconds()))
        .collect();
    query!(
        "INSERT INTO feedback.matter_contact AS kept (tenant_id, came_again, is_repeat, interaction_id, profile_id,
             direction, matter_id, product, channel, touchpoint, occurred_at, closed_at, again_after, again_until,
             waited_ms, agent_id, stage)
         SELECT $1, false, false, * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
             $8::text[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::bigint[],
             $14::text[], $15::text[])
         ON CONFLICT ON CONSTRAINT matter_contact_pkey DO UPDATE
             SET closed_at = excluded.closed_at, again_after = excluded.again_after, again_until = excluded.again_until,
                 agent_id = excluded.agent_id, stage = excluded.stage
             WHERE kept.closed_at IS NULL AND excluded.closed_at IS NOT NULL",
        tenant,
        &ids,
        &profiles as &[Option<Uuid>],
        &directions as _,
        &column(|contact| &contact.matter_id) as &[&str],
        &column(|contact| &contact.product) as &[&str],
        &column(|contact| &contact.channel) as &[&str],
        &column(|contact| &contact.touchpoint) as &[&str],
        &times,
        &closings as &[Option<DateTime<Utc>>],
        &after as &[Option<DateTime<Utc>>],
        &until as &[Option<DateTime<Utc>>],
        &waits as &[Option<i64>],
        &handled(|handling| &handling.agent_id) as &[Option<&str>],
        &handled(|handling| &handling.stage) as &[Option<&str>]
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The matters about which the customer came again, not marked so far, as far as the contacts `heard` have to do with
/// it.
///
/// About the same matter are contacts that name it alike; where one of them does not name it, contacts about the same
/// product.
///
/// OFFSET has each contact look for its customer's others by the index. A join is planned for the table as it was
/// analysed last, and before that compares each contact of a batch with all contacts of the tenant: 570 ms of 500 with 4,000.
pub(crate) async fn newly_came_again(tx: &mut Tx, heard: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"WITH heard AS MATERIALIZED (
               SELECT interaction_id, profile_id, matter_id, product, occurred_at, again_after, again_until, came_again
               FROM feedback.matter_contact
               WHERE tenant_id = $1 AND interaction_id = ANY($2) AND direction = 'inbound' AND profile_id IS NOT NULL)
           SELECT opening.interaction_id AS "interaction_id!"
           FROM heard AS again CROSS JOIN LATERAL (
               SELECT interaction_id FROM feedback.matter_contact AS opening
               WHERE opening.tenant_id = $1 AND opening.direction = 'inbound'
                 AND opening.profile_id = again.profile_id AND opening.interaction_id <> again.interaction_id
                 AND opening.again_until >= again.occurred_at AND opening.again_after < again.occurred_at
                 AND CASE WHEN opening.matter_id <> '' AND again.matter_id <> ''
                          THEN opening.matter_id = again.matter_id ELSE opening.product = again.product END
                 AND NOT opening.came_again
               OFFSET 0) AS opening
           UNION
           SELECT opening.interaction_id
           FROM heard AS opening
           WHERE NOT opening.came_again AND opening.again_until IS NOT NULL AND EXISTS (
               SELECT FROM feedback.matter_contact AS again
               WHERE again.tenant_id = $1 AND again.direction = 'inbound'
                 AND again.profile_id = opening.profile_id AND again.interaction_id <> opening.interaction_id
                 AND again.occurred_at > opening.again_after AND again.occurred_at <= opening.again_until
                 AND CASE WHEN opening.matter_id <> '' AND again.matter_id <> ''
                          THEN opening.matter_id = again.matter_id ELSE opening.product = again.product END
               OFFSET 0)"#,
        tenant,
        heard
    )
    .fetch_all(&mut **tx)
    .await
}

/// The contacts with which a customer came again, not marked so far, as far as the contacts `heard` have to do with it.
pub(crate) async fn newly_repeats(tx: &mut Tx, heard: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"WITH heard AS MATERIALIZED (
               SELECT interaction_id, profile_id, matter_id, product, occurred_at, again_after, again_until, is_repeat
               FROM feedback.matter_contact
               WHERE tenant_id = $1 AND interaction_id = ANY($2) AND direction = 'inbound' AND profile_id IS NOT NULL)
           SELECT again.interaction_id AS "interaction_id!"
           FROM heard AS opening CROSS JOIN LATERAL (
               SELECT interaction_id FROM feedback.matter_contact AS again
               WHERE again.tenant_id = $1 AND again.direction = 'inbound'
                 AND again.profile_id = opening.profile_id AND again.interaction_id <> opening.interaction_id
                 AND again.occurred_at > opening.again_after AND again.occurred_at <= opening.again_until
                 AND CASE WHEN opening.matter_id <> '' AND again.matter_id <> ''
                          THEN opening.matter_id = again.matter_id ELSE opening.product = again.product END
                 AND NOT again.is_repeat
               OFFSET 0) AS again
           UNION
           SELECT again.interaction_id
           FROM heard AS again
           WHERE NOT again.is_repeat AND EXISTS (
               SELECT FROM feedback.matter_contact AS opening
               WHERE opening.tenant_id = $1 AND opening.direction = 'inbound'
                 AND opening.profile_id = again.profile_id AND opening.interaction_id <> again.interaction_id
                 AND opening.again_until >= again.occurred_at AND opening.again_after < again.occurred_at
                 AND CASE WHEN opening.matter_id <> '' AND again.matter_id <> ''
                          THEN opening.matter_id = again.matter_id ELSE opening.product = again.product END
               OFFSET 0)"#,
        tenant,
        heard
    )
    .fetch_all(&mut **tx)
    .await
}

/// Marks matters about which the customer came again, and the contacts with which they did.
pub(crate) async fn mark(tx: &mut Tx, came_again: &[Uuid], repeats: &[Uuid]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.matter_contact
         SET came_again = came_again OR interaction_id = ANY($2), is_repeat = is_repeat OR interaction_id = ANY($3)
         WHERE tenant_id = $1 AND interaction_id = ANY($2::uuid[] || $3::uuid[])",
        tenant,
        came_again,
        repeats
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives contacts the coding that stands of what was said in them, as far as it is understood by now.
pub(crate) async fn take_codings(tx: &mut Tx, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.matter_contact AS contact
         SET taxonomy_version = said.taxonomy_version, language = said.language, topics = said.topics
         FROM (SELECT interaction_id, coalesce(taxonomy_version, $3) AS taxonomy_version,
                      coalesce(language, '') AS language,
                      ARRAY(SELECT mention ->> 'topic_id' FROM jsonb_array_elements(topics) AS mention ORDER BY 1)
                          AS topics
               FROM feedback.feedback
               WHERE tenant_id = $1 AND interaction_id = ANY($2) AND origin = 'interaction') AS said
         WHERE contact.tenant_id = $1 AND contact.interaction_id = said.interaction_id
           AND (contact.taxonomy_version, contact.language, contact.topics)
               IS DISTINCT FROM (said.taxonomy_version, said.language, said.topics)",
        tenant,
        ids,
        UNRECORDED
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Marks contacts as counted in the slices as they say.
pub(crate) async fn mark_sliced(tx: &mut Tx, contacts: &[MatterContact]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let ids: Vec<Uuid> = contacts.iter().map(|contact| contact.interaction_id).collect();
    let marks: Vec<Option<bool>> = contacts.iter().map(|contact| contact.sliced_as_again).collect();
    query!(
        "UPDATE feedback.matter_contact AS contact SET sliced_as_again = new.sliced_as_again
         FROM unnest($2::uuid[], $3::boolean[]) AS new (interaction_id, sliced_as_again)
         WHERE contact.tenant_id = $1 AND contact.interaction_id = new.interaction_id",
        tenant,
        &ids,
        &marks as &[Option<bool>]
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
