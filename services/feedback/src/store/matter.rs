//! Contacts as far as matters go, and their counts.

use attune_database::Tx;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Direction, MatterContact, MatterCount, MatterTally, Slice, Spans};

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
    came_again: bool,
    is_repeat: bool,
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
            came_again,
            is_repeat,
        } = row;
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
            came_again,
            is_repeat,
        }
    }
}

/// Several contacts, those that are known.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<MatterContact>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        r#"SELECT interaction_id, profile_id, direction AS "direction: _", matter_id, product, channel, touchpoint,
                  occurred_at, closed_at, waited_ms, came_again, is_repeat
           FROM feedback.matter_contact WHERE tenant_id = $1 AND interaction_id = ANY($2)"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(MatterContact::from).collect())
}

/// Keeps contacts, each once; of one that is known, the closing where it was open.
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
    let waits: Vec<Option<i64>> = contacts
        .iter()
        .map(|contact| contact.waited.map(|waited| waited.num_milliseconds()))
        .collect();
    query!(
        "INSERT INTO feedback.matter_contact AS kept (tenant_id, came_again, is_repeat, interaction_id, profile_id,
             direction, matter_id, product, channel, touchpoint, occurred_at, closed_at, again_after, again_until,
             waited_ms)
         SELECT $1, false, false, * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
             $8::text[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::bigint[])
         ON CONFLICT ON CONSTRAINT matter_contact_pkey DO UPDATE
             SET closed_at = excluded.closed_at, again_after = excluded.again_after, again_until = excluded.again_until
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
        &waits as &[Option<i64>]
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
pub(crate) async fn newly_came_again(tx: &mut Tx, heard: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"WITH heard AS MATERIALIZED (
               SELECT interaction_id, profile_id, matter_id, product, occurred_at, again_after, again_until, came_again
               FROM feedback.matter_contact
               WHERE tenant_id = $1 AND interaction_id = ANY($2) AND direction = 'inbound' AND profile_id IS NOT NULL)
           SELECT opening.interaction_id AS "interaction_id!"
           FROM heard AS again
           JOIN feedback.matter_contact AS opening ON opening.tenant_id = $1 AND opening.direction = 'inbound'
               AND opening.profile_id = again.profile_id AND opening.interaction_id <> again.interaction_id
               AND opening.again_until >= again.occurred_at AND opening.again_after < again.occurred_at
               AND CASE WHEN opening.matter_id <> '' AND again.matter_id <> '' THEN opening.matter_id = again.matter_id
                        ELSE opening.product = again.product END
           WHERE NOT opening.came_again
           UNION
           SELECT opening.interaction_id
           FROM heard AS opening
           WHERE NOT opening.came_again AND opening.again_until IS NOT NULL AND EXISTS (
               SELECT FROM feedback.matter_contact AS again
               WHERE again.tenant_id = $1 AND again.direction = 'inbound'
                 AND again.profile_id = opening.profile_id AND again.interaction_id <> opening.interaction_id
                 AND again.occurred_at > opening.again_after AND again.occurred_at <= opening.again_until
                 AND CASE WHEN opening.matter_id <> '' AND again.matter_id <> ''
                          THEN opening.matter_id = again.matter_id ELSE opening.product = again.product END)"#,
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
           FROM heard AS opening
           JOIN feedback.matter_contact AS again ON again.tenant_id = $1 AND again.direction = 'inbound'
               AND again.profile_id = opening.profile_id AND again.interaction_id <> opening.interaction_id
               AND again.occurred_at > opening.again_after AND again.occurred_at <= opening.again_until
               AND CASE WHEN opening.matter_id <> '' AND again.matter_id <> '' THEN opening.matter_id = again.matter_id
                        ELSE opening.product = again.product END
           WHERE NOT again.is_repeat
           UNION
           SELECT again.interaction_id
           FROM heard AS again
           WHERE NOT again.is_repeat AND EXISTS (
               SELECT FROM feedback.matter_contact AS opening
               WHERE opening.tenant_id = $1 AND opening.direction = 'inbound'
                 AND opening.profile_id = again.profile_id AND opening.interaction_id <> again.interaction_id
                 AND opening.again_until >= again.occurred_at AND opening.again_after < again.occurred_at
                 AND CASE WHEN opening.matter_id <> '' AND again.matter_id <> ''
                          THEN opening.matter_id = again.matter_id ELSE opening.product = again.product END)"#,
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

/// The columns of a tally.
struct Columns {
    grains: Vec<String>,
    starts: Vec<DateTime<Utc>>,
    products: Vec<String>,
    channels: Vec<String>,
    touchpoints: Vec<String>,
    matters: Vec<i64>,
    came_again: Vec<i64>,
}

impl Columns {
    fn of(tally: &MatterTally) -> Self {
        let keys = || tally.rows.keys();
        Self {
            grains: keys().map(|key| key.grain.as_str().to_owned()).collect(),
            starts: keys().map(|key| key.start).collect(),
            products: keys().map(|key| key.product.clone()).collect(),
            channels: keys().map(|key| key.channel.clone()).collect(),
            touchpoints: keys().map(|key| key.touchpoint.clone()).collect(),
            matters: tally.rows.values().map(|sum| sum.matters).collect(),
            came_again: tally.rows.values().map(|sum| sum.came_again).collect(),
        }
    }
}

/// Adds a tally. Rows are written in one order in every transaction; their locks are held until the commit, so this
/// comes last.
pub(crate) async fn add(tx: &mut Tx, tally: &MatterTally) -> Result<(), sqlx::Error> {
    if tally.rows.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(tally);
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.matter_count AS kept (tenant_id, grain, start, product, channel, touchpoint, matters,
             came_again)
         SELECT $1, grain, start, product, channel, touchpoint, matters, came_again
         FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
             WITH ORDINALITY AS new (grain, start, product, channel, touchpoint, matters, came_again, place)
         ORDER BY place
         ON CONFLICT ON CONSTRAINT matter_count_pkey DO UPDATE
             SET matters = kept.matters + excluded.matters, came_again = kept.came_again + excluded.came_again",
        tenant,
        &columns.grains,
        &columns.starts,
        &columns.products,
        &columns.channels,
        &columns.touchpoints,
        &columns.matters,
        &columns.came_again
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Subtracts what had been added.
pub(crate) async fn subtract(tx: &mut Tx, tally: &MatterTally) -> Result<(), sqlx::Error> {
    if tally.rows.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(tally);
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.matter_count AS kept
         SET matters = kept.matters - gone.matters, came_again = kept.came_again - gone.came_again
         FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
              AS gone (grain, start, product, channel, touchpoint, matters, came_again)
         WHERE kept.tenant_id = $1 AND kept.grain = gone.grain AND kept.start = gone.start
           AND kept.product = gone.product AND kept.channel = gone.channel AND kept.touchpoint = gone.touchpoint",
        tenant,
        &columns.grains,
        &columns.starts,
        &columns.products,
        &columns.channels,
        &columns.touchpoints,
        &columns.matters,
        &columns.came_again
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The counts of a slice, row by row of time, whatever its topic.
pub(crate) async fn counts(
    tx: &mut Tx,
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<MatterCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        MatterCount,
        r#"SELECT start, sum(matters)::bigint AS "matters!", sum(came_again)::bigint AS "came_again!"
           FROM feedback.matter_count
           WHERE tenant_id = $1
             AND ((grain = 'day' AND start >= $2 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $2)
                  OR (grain = 'hour' AND start >= $3 AND start < $5))
             AND ($6 = '' OR product = $6) AND ($7 = '' OR channel = $7) AND ($8 = '' OR touchpoint = $8)
           GROUP BY start"#,
        tenant,
        spans.days_start,
        spans.days_end,
        spans.start,
        spans.end,
        slice.product,
        slice.channel,
        slice.touchpoint
    )
    .fetch_all(&mut **tx)
    .await
}
