//! What the contact budget counts.

use attune_database::Tx;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Contact, MOST_COUNTED, Message, Origin, Purpose};

/// Lets one transaction at a time decide about each of these persons: what it counts stays true until it ends. They are
/// taken in one order, so that two transactions never wait for each other.
pub(crate) async fn hold(tx: &mut Tx, profiles: &[Uuid]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "SELECT pg_advisory_xact_lock(person.key)
         FROM (SELECT DISTINCT hashtextextended('contact ' || $1 || ' ' || profile_id::text, 0) AS key
               FROM unnest($2::uuid[]) AS asked (profile_id) ORDER BY key) AS person",
        tenant,
        profiles
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What counts now of each of these persons, the newest [`MOST_COUNTED`]; what is under way or reserved comes first.
pub(crate) async fn counted(
    tx: &mut Tx,
    profiles: &[Uuid],
    window: TimeDelta,
) -> Result<Vec<Contact>, sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query_as!(
        Contact,
        r#"SELECT counted.contact_id, counted.profile_id, counted.purpose AS "purpose: _", counted.origin_kind,
                  counted.origin_id, counted.occasion, counted.message_id AS "message_id?", counted.created_at,
                  counted.expires_at AS "expires_at?", counted.sent_at AS "sent_at?"
           FROM unnest($2::uuid[]) AS asked (profile_id)
           CROSS JOIN LATERAL (
               SELECT contact.* FROM notifications.contact
               WHERE contact.tenant_id = $1 AND contact.profile_id = asked.profile_id
                 AND (contact.sent_at > $3
                      OR (contact.sent_at IS NULL AND (contact.message_id IS NOT NULL OR contact.expires_at > $4)))
               ORDER BY contact.sent_at DESC NULLS FIRST, contact.contact_id DESC LIMIT $5) AS counted"#,
        tenant,
        profiles,
        now - window,
        now,
        i64::try_from(MOST_COUNTED).unwrap_or(i64::MAX)
    )
    .fetch_all(&mut **tx)
    .await
}

/// A contact.
pub(crate) async fn lock(tx: &mut Tx, contact_id: Uuid) -> Result<Option<Contact>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Contact,
        r#"SELECT contact_id, profile_id, purpose AS "purpose: _", origin_kind, origin_id, occasion, message_id,
                  created_at, expires_at, sent_at
           FROM notifications.contact WHERE tenant_id = $1 AND contact_id = $2 FOR UPDATE"#,
        tenant,
        contact_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The contact of a person about an occasion, ended or not.
pub(crate) async fn of_occasion(
    tx: &mut Tx,
    profile_id: Uuid,
    origin: &Origin,
) -> Result<Option<Contact>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Contact,
        r#"SELECT contact_id, profile_id, purpose AS "purpose: _", origin_kind, origin_id, occasion, message_id,
                  created_at, expires_at, sent_at
           FROM notifications.contact
           WHERE tenant_id = $1 AND profile_id = $2 AND origin_kind = $3 AND origin_id = $4 AND occasion = $5"#,
        tenant,
        profile_id,
        origin.kind,
        origin.id,
        origin.occasion
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes contacts. One of an occasion that is there and was not sent is overwritten: a reservation that ended, or that
/// its message takes now.
pub(crate) async fn put_many(tx: &mut Tx, contacts: &[Contact]) -> Result<(), sqlx::Error> {
    if contacts.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().as_str().to_owned();
    let ids: Vec<Uuid> = contacts.iter().map(|contact| contact.contact_id).collect();
    let profiles: Vec<Uuid> = contacts.iter().map(|contact| contact.profile_id).collect();
    let messages: Vec<Option<Uuid>> = contacts.iter().map(|contact| contact.message_id).collect();
    let purposes: Vec<Purpose> = contacts.iter().map(|contact| contact.purpose).collect();
    let created: Vec<DateTime<Utc>> = contacts.iter().map(|contact| contact.created_at).collect();
    let ends: Vec<Option<DateTime<Utc>>> = contacts.iter().map(|contact| contact.expires_at).collect();
    let column = |read: fn(&Contact) -> &str| -> Vec<String> {
        contacts.iter().map(|contact| read(contact).to_owned()).collect()
    };
    query!(
        "INSERT INTO notifications.contact AS kept
             (tenant_id, contact_id, profile_id, message_id, purpose, created_at, expires_at, origin_kind, origin_id,
              occasion)
         SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[],
             $7::timestamptz[], $8::text[], $9::text[], $10::text[])
         ON CONFLICT ON CONSTRAINT contact_occasion_key DO UPDATE
             SET contact_id = excluded.contact_id, message_id = excluded.message_id, purpose = excluded.purpose,
                 created_at = excluded.created_at, expires_at = excluded.expires_at
             WHERE kept.sent_at IS NULL",
        tenant,
        &ids,
        &profiles,
        &messages as _,
        &purposes as _,
        &created,
        &ends as _,
        &column(|contact| &contact.origin_kind),
        &column(|contact| &contact.origin_id),
        &column(|contact| &contact.occasion)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What the contacts of messages are found by.
struct Occasions {
    messages: Vec<Uuid>,
    profiles: Vec<Uuid>,
    kinds: Vec<String>,
    ids: Vec<String>,
    occasions: Vec<String>,
}

impl Occasions {
    /// Those of messages to persons; to a department nothing is charged.
    fn of(messages: &[&Message]) -> Self {
        let messages: Vec<(&Message, Uuid)> = messages
            .iter()
            .filter_map(|message| Some((*message, message.profile_id?)))
            .collect();
        let column = |read: fn(&Message) -> &str| -> Vec<String> {
            messages
                .iter()
                .map(|(message, _)| read(message).to_owned())
                .collect()
        };
        Self {
            kinds: column(|message| &message.origin_kind),
            ids: column(|message| &message.origin_id),
            occasions: column(|message| &message.occasion),
            messages: messages.iter().map(|(message, _)| message.message_id).collect(),
            profiles: messages.iter().map(|(_, profile_id)| *profile_id).collect(),
        }
    }
}

/// The messages were sent now: their contacts count from here. Each contact is looked for by its occasion: joined, the
/// plan of a young table went through all of the tenant's for each message.
pub(crate) async fn sent(tx: &mut Tx, messages: &[&Message]) -> Result<(), sqlx::Error> {
    let of = Occasions::of(messages);
    if of.messages.is_empty() {
        return Ok(());
    }
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "UPDATE notifications.contact SET sent_at = $7
         WHERE tenant_id = $1 AND message_id = ANY ($2) AND contact_id = ANY (ARRAY(
             SELECT found.contact_id
             FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[])
                  AS sent (message_id, profile_id, origin_kind, origin_id, occasion)
             CROSS JOIN LATERAL (
                 SELECT contact_id, message_id FROM notifications.contact
                 WHERE tenant_id = $1 AND profile_id = sent.profile_id AND origin_kind = sent.origin_kind
                   AND origin_id = sent.origin_id AND occasion = sent.occasion OFFSET 0) AS found
             WHERE found.message_id = sent.message_id))",
        tenant,
        &of.messages,
        &of.profiles,
        &of.kinds,
        &of.ids,
        &of.occasions,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The messages will never be sent: they are no contacts, and what was reserved for them is free.
pub(crate) async fn not_sent(tx: &mut Tx, messages: &[&Message]) -> Result<(), sqlx::Error> {
    let of = Occasions::of(messages);
    if of.messages.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM notifications.contact
         WHERE tenant_id = $1 AND sent_at IS NULL AND contact_id = ANY (ARRAY(
             SELECT found.contact_id
             FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[])
                  AS refused (profile_id, origin_kind, origin_id, occasion)
             CROSS JOIN LATERAL (
                 SELECT contact_id FROM notifications.contact
                 WHERE tenant_id = $1 AND profile_id = refused.profile_id AND origin_kind = refused.origin_kind
                   AND origin_id = refused.origin_id AND occasion = refused.occasion OFFSET 0) AS found))",
        tenant,
        &of.profiles,
        &of.kinds,
        &of.ids,
        &of.occasions
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends a reservation now.
pub(crate) async fn end(tx: &mut Tx, contact_id: Uuid) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "UPDATE notifications.contact SET expires_at = least(expires_at, $3)
         WHERE tenant_id = $1 AND contact_id = $2 AND message_id IS NULL",
        tenant,
        contact_id,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
