//! Messages.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::JsonValue;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::commands::message::Filter;
use crate::domain::{ContactBudget, Message, NewMessage, Origin, Purpose, State};

/// Every column of a message, with what follows the table's name in its query.
macro_rules! select {
    ($rest:tt, $($argument:expr),*) => {
        query_as!(
            Message,
            r#"SELECT message_id, profile_id, template_id, channel AS "channel: _", purpose AS "purpose: _",
                      origin_kind, origin_id, occasion, recipient, state AS "state: _", reason, attempts, version,
                      variables AS "variables: _", content AS "content: _", created_at, decided_at,
                      deferred_until, deferred_under, read_at, read_source
               FROM notifications.message "# + $rest,
            $($argument),*
        )
    };
}

/// The messages with these ids, in no particular order.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Message>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!("WHERE tenant_id = $1 AND message_id = ANY($2)", tenant, ids)
        .fetch_all(&mut **tx)
        .await
}

/// One message.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Message>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!("WHERE tenant_id = $1 AND message_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// Locks one message against other writers until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Message>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!("WHERE tenant_id = $1 AND message_id = $2 FOR UPDATE", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// Stores that a message was read.
pub(crate) async fn read(tx: &mut Tx, message: &Message) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE notifications.message SET read_at = $3, read_source = $4, version = $5
         WHERE tenant_id = $1 AND message_id = $2",
        tenant,
        message.message_id,
        message.read_at,
        message.read_source,
        message.version
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// At most `limit` messages older than `before`, the newest first; ids are in the order of creation. One
/// statement for each filter, so that each walks an index of its own, however deep the page is.
#[allow(clippy::too_many_lines)] // five statements that a reader compares side by side
pub(crate) async fn page(
    tx: &mut Tx,
    filter: &Filter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Message>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let before = before.unwrap_or(Uuid::max());
    let Filter {
        profile_id,
        origin_id,
        state,
    } = filter;
    match (profile_id, origin_id, state) {
        (Some(profile_id), origin_id, state) => {
            select!(
                "WHERE tenant_id = $1 AND profile_id = $2 AND message_id < $3
                   AND ($4::text IS NULL OR origin_id = $4) AND ($5::text IS NULL OR state = $5)
                 ORDER BY message_id DESC LIMIT $6",
                tenant,
                profile_id,
                before,
                origin_id.as_ref(),
                *state as Option<State>,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
        (None, Some(origin_id), state) => {
            select!(
            "WHERE tenant_id = $1 AND origin_id = $2 AND message_id < $3 AND ($4::text IS NULL OR state = $4)
                 ORDER BY message_id DESC LIMIT $5",
            tenant,
            origin_id,
            before,
            *state as Option<State>,
            limit
        )
            .fetch_all(&mut **tx)
            .await
        }
        // What waits is found by the timer that it waits on.
        (None, None, Some(State::Queued)) => {
            select!(
                "JOIN (SELECT subject FROM notifications.timer
                       WHERE tenant_id = $1 AND kind = $2 AND subject < $3 ORDER BY subject DESC) AS waiting
                     ON waiting.subject = message_id
                 WHERE tenant_id = $1 AND state = 'queued'
                 ORDER BY message_id DESC LIMIT $4",
                tenant,
                crate::delivery::KIND,
                before,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
        (None, None, Some(state @ (State::Blocked | State::Failed))) => {
            select!(
                "WHERE tenant_id = $1 AND undelivered = $2 AND message_id < $3
                 ORDER BY message_id DESC LIMIT $4",
                tenant,
                state.as_str(),
                before,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
        // Most are sent: the others are passed over on the way.
        (None, None, state) => {
            select!(
                "WHERE tenant_id = $1 AND message_id < $2 AND ($3::text IS NULL OR state = $3)
                 ORDER BY message_id DESC LIMIT $4",
                tenant,
                before,
                *state as Option<State>,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
    }
}

/// Queues messages and answers the ids of those whose occasion and recipient were new.
pub(crate) async fn insert_many(tx: &mut Tx, messages: &[NewMessage]) -> Result<Vec<Uuid>, sqlx::Error> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    let ids: Vec<Uuid> = messages.iter().map(|message| message.message_id).collect();
    let profiles: Vec<Option<Uuid>> = messages.iter().map(|message| message.profile_id).collect();
    let templates: Vec<Option<Uuid>> = messages.iter().map(|message| message.template_id).collect();
    let purposes: Vec<Purpose> = messages.iter().map(|message| message.purpose).collect();
    let column = |read: fn(&NewMessage) -> &str| -> Vec<String> {
        messages.iter().map(|message| read(message).to_owned()).collect()
    };
    let variables = messages
        .iter()
        .map(|message| serde_json::json!(message.variables));
    let variables: Vec<JsonValue> = variables.collect();
    let contents = messages
        .iter()
        .map(|message| message.content.as_ref().map(|text| serde_json::json!(text)));
    let contents: Vec<Option<JsonValue>> = contents.collect();
    query_scalar!(
        "INSERT INTO notifications.message
             (tenant_id, created_at, channel, state, message_id, profile_id, template_id, purpose, origin_kind,
              origin_id, occasion, recipient, variables, content)
         SELECT $1, $2, 'email', 'queued', * FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[],
             $7::text[], $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::jsonb[])
         ON CONFLICT ON CONSTRAINT message_occasion_key DO NOTHING
         RETURNING message_id",
        tenant,
        now,
        &ids,
        &profiles as _,
        &templates as _,
        &purposes as _,
        &column(|message| &message.origin.kind),
        &column(|message| &message.origin.id),
        &column(|message| &message.origin.occasion),
        &column(|message| &message.recipient),
        &variables,
        &contents as _
    )
    .fetch_all(&mut **tx)
    .await
}

/// The message that a recipient got of an origin and occasion.
pub(crate) async fn of_occasion(
    tx: &mut Tx,
    origin: &Origin,
    recipient: &str,
) -> Result<Option<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT message_id FROM notifications.message
         WHERE tenant_id = $1 AND origin_kind = $2 AND origin_id = $3 AND occasion = $4 AND recipient = $5",
        tenant,
        origin.kind,
        origin.id,
        origin.occasion,
        recipient
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Stores where waiting messages stand now.
pub(crate) async fn update_many(tx: &mut Tx, messages: &[Message]) -> Result<(), sqlx::Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().as_str().to_owned();
    let ids: Vec<Uuid> = messages.iter().map(|message| message.message_id).collect();
    let states: Vec<State> = messages.iter().map(|message| message.state).collect();
    let reasons: Vec<String> = messages.iter().map(|message| message.reason.clone()).collect();
    let attempts: Vec<i32> = messages.iter().map(|message| message.attempts).collect();
    let versions: Vec<i64> = messages.iter().map(|message| message.version).collect();
    let times: Vec<Option<DateTime<Utc>>> = messages.iter().map(|message| message.decided_at).collect();
    let deferred: Vec<Option<DateTime<Utc>>> =
        messages.iter().map(|message| message.deferred_until).collect();
    let under: Vec<i32> = messages.iter().map(|message| message.deferred_under).collect();
    query!(
        "UPDATE notifications.message AS message
         SET state = new.state, reason = new.reason, attempts = new.attempts, version = new.version,
             decided_at = new.decided_at, deferred_until = new.deferred_until, deferred_under = new.deferred_under
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::timestamptz[],
                     $8::timestamptz[], $9::int[])
              AS new (message_id, state, reason, attempts, version, decided_at, deferred_until, deferred_under)
         WHERE message.tenant_id = $1 AND message.message_id = new.message_id",
        tenant,
        &ids,
        &states as _,
        &reasons,
        &attempts,
        &versions,
        &times as _,
        &deferred as _,
        &under
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets at most `most` messages wait no longer that wait for a budget smaller than the one that holds, and answers which:
/// those that wait longest first. What somebody decides about at this moment is passed over.
pub(crate) async fn wake(tx: &mut Tx, holding: &ContactBudget, most: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query_scalar!(
        // A common table expression is looked for once: a subquery may be looked for anew for each row it is joined with.
        "WITH woken AS MATERIALIZED (
             SELECT waiting.message_id
             FROM notifications.message AS waiting
             LEFT JOIN notifications.contact_budget AS former
                 ON former.tenant_id = $1 AND former.number = waiting.deferred_under
             WHERE waiting.tenant_id = $1 AND waiting.deferred_until IS NOT NULL AND waiting.deferred_under < $3
               AND (former.number IS NULL
                    OR (former.most_contacts <> 0
                        AND ($4 = 0 OR former.most_contacts < $4 OR former.window_days > $5)))
             ORDER BY waiting.deferred_under, waiting.message_id LIMIT $6
             FOR UPDATE OF waiting SKIP LOCKED)
         UPDATE notifications.message AS message SET deferred_until = $2, deferred_under = $3
         FROM woken
         WHERE message.tenant_id = $1 AND message.message_id = woken.message_id
         RETURNING message.message_id",
        tenant,
        now,
        holding.number,
        holding.most_contacts,
        holding.window_days,
        most
    )
    .fetch_all(&mut **tx)
    .await
}
