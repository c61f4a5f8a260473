//! Queueing and reading messages.

use std::collections::BTreeMap;

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use super::contact::{self, Left};
use crate::delivery::KIND;
use crate::domain::{Message, NewMessage, Origin, Purpose, State};
use crate::error::Error;
use crate::store;
use crate::store::decision::Decision;

/// The kind of origin of a message that belongs to nothing else.
pub(crate) const API: &str = "api";

/// A message that a caller wants to be sent.
pub(crate) struct Send {
    pub(crate) profile_id: Uuid,
    pub(crate) template_id: Uuid,
    pub(crate) variables: BTreeMap<String, String>,
    /// What it belongs to; without one it is an occasion of its own.
    pub(crate) origin: Option<Origin>,
    pub(crate) key: RequestKey,
}

/// Which messages are listed.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) origin_id: Option<String>,
    pub(crate) state: Option<State>,
}

/// Queues a message that a caller asked for; one of an occasion that is known already is answered as it is.
pub(crate) async fn send(db: &Database, tenant: &TenantId, send: Send) -> Result<Message, Error> {
    let message_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &send.key, message_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let template = store::template::by_ids(&mut tx, &[send.template_id]).await?.pop();
    let template = template.ok_or(Error::NoTemplate(send.template_id))?;
    let key = send.key.clone();
    let message = send.message(message_id, template.purpose);
    let queued = queue(&mut tx, std::slice::from_ref(&message)).await?;
    if queued.contains(&message_id) {
        let queued = message.queued(tx.now());
        tx.commit().await?;
        return Ok(queued);
    }
    let known = store::message::of_occasion(&mut tx, &message.origin, &message.recipient).await?;
    let known = known.ok_or(Error::NoMessage(message_id))?;
    // The request made nothing: its row must lead to what was there, so that it is written anew.
    tx.roll_back().await?;
    if key.request_id.is_some()
        && let Write::Fresh(tx) = db.write(tenant, &key, known).await?
    {
        tx.commit().await?;
    }
    get(db, tenant, known).await
}

impl Send {
    fn message(self, message_id: Uuid, purpose: Purpose) -> NewMessage {
        let Self {
            profile_id,
            template_id,
            variables,
            origin,
            key: _,
        } = self;
        let own = || Origin {
            kind: API.to_owned(),
            id: message_id.to_string(),
            occasion: String::new(),
        };
        NewMessage {
            message_id,
            profile_id: Some(profile_id),
            template_id: Some(template_id),
            purpose,
            origin: origin.unwrap_or_else(own),
            recipient: profile_id.to_string(),
            variables,
            content: None,
        }
    }
}

/// Queues messages for delivery now and answers which; those whose occasion and recipient are known already stay as they
/// are.
pub(crate) async fn queue(tx: &mut Tx, messages: &[NewMessage]) -> Result<Vec<Uuid>, sqlx::Error> {
    let queued = store::message::insert_many(tx, messages).await?;
    let now = tx.now();
    let timers: Vec<_> = queued.iter().map(|id| (*id, now)).collect();
    attune_timers::schedule_many(tx, KIND, &timers).await?;
    Ok(queued)
}

/// Reads a message.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Message, Error> {
    let mut tx = db.read(tenant).await?;
    let message = store::message::find(&mut tx, id)
        .await?
        .ok_or(Error::NoMessage(id))?;
    tx.commit().await?;
    Ok(message)
}

/// Reads a page of messages and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    filter: &Filter,
    page: &Page<Uuid>,
) -> Result<(Vec<Message>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut messages = store::message::page(&mut tx, filter, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut messages, |last| last.message_id)?;
    Ok((messages, next))
}

/// A message with every decision about it.
pub(crate) struct Explained {
    pub(crate) message: Message,
    pub(crate) decisions: Vec<Decision>,
    /// What the contact budget leaves to the person now; none for a department.
    pub(crate) left: Option<Left>,
}

/// Reads a message with every decision about it.
pub(crate) async fn explain(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Explained, Error> {
    let mut tx = db.read(tenant).await?;
    let message = store::message::find(&mut tx, id)
        .await?
        .ok_or(Error::NoMessage(id))?;
    let decisions = store::decision::of(&mut tx, id).await?;
    let left = match message.profile_id {
        Some(profile_id) => Some(contact::left(&mut tx, profile_id).await?),
        None => None,
    };
    tx.commit().await?;
    Ok(Explained {
        message,
        decisions,
        left,
    })
}
