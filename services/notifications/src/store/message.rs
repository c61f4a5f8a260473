//! Messages.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::JsonValue;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::commands::message::Filter;
use crate::domain::{Message, NewMessage, Purpose, State};

/// The messages with these ids, in no particular order.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Message>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Message,
        r#"SELECT message_id, profile_id, template_id, channel AS "channel: _", purpose AS "purpose: _",
                  origin_kind, origin_id, occasion, recipient, state AS "state: _", reason, attempts, version,
                  variables AS "variables: _", content AS "content: _", created_at, decided_at
           FROM notifications.message WHERE tenant_id = $1 AND message_id = ANY($2)"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await
}

/// At most `limit` messages older than `before`, the newest first; ids are in the order of creation.
pub(crate) async fn page(
    tx: &mut Tx,
    filter: &Filter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Message>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Message,
        r#"SELECT message_id, profile_id, template_id, channel AS "channel: _", purpose AS "purpose: _",
                  origin_kind, origin_id, occasion, recipient, state AS "state: _", reason, attempts, version,
                  variables AS "variables: _", content AS "content: _", created_at, decided_at
           FROM notifications.message
           WHERE tenant_id = $1 AND ($2::uuid IS NULL OR profile_id = $2)
             AND ($3::text IS NULL OR origin_id = $3) AND ($4::text IS NULL OR state = $4)
             AND ($5::uuid IS NULL OR message_id < $5)
           ORDER BY message_id DESC LIMIT $6"#,
        tenant,
        filter.profile_id,
        filter.origin_id,
        filter.state as Option<State>,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await
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
    let variables = messages.iter().map(|message| serde_json::json!(message.variables));
    let variables: Vec<JsonValue> = variables.collect();
    let contents = messages.iter().map(|message| message.content.as_ref().map(|text| serde_json::json!(text)));
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

/// Stores where a message stands.
pub(crate) async fn update(tx: &mut Tx, message: &Message) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let decided_at: Option<DateTime<Utc>> = message.decided_at;
    query!(
        "UPDATE notifications.message
         SET state = $3, reason = $4, attempts = $5, version = $6, decided_at = $7
         WHERE tenant_id = $1 AND message_id = $2",
        tenant,
        message.message_id,
        message.state as State,
        message.reason,
        message.attempts,
        message.version,
        decided_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
