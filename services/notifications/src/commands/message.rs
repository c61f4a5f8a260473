//! Queueing and reading messages.

use std::collections::BTreeMap;

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use crate::delivery::KIND;
use crate::domain::{Message, NewMessage, Origin, State};
use crate::error::Error;
use crate::store;
use crate::store::decision::Decision;

/// A message that a caller wants to be sent.
pub(crate) struct Send {
    pub(crate) profile_id: Uuid,
    pub(crate) template_id: Uuid,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) key: RequestKey,
}

/// Which messages are listed.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) origin_id: Option<String>,
    pub(crate) state: Option<State>,
}

/// Queues a message that a caller asked for.
pub(crate) async fn send(db: &Database, tenant: &TenantId, send: Send) -> Result<Message, Error> {
    let Send {
        profile_id,
        template_id,
        variables,
        key,
    } = send;
    let message_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, message_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let template = store::template::by_ids(&mut tx, &[template_id]).await?.pop();
    let template = template.ok_or(Error::NoTemplate(template_id))?;
    let message = NewMessage {
        message_id,
        profile_id: Some(profile_id),
        template_id: Some(template_id),
        purpose: template.purpose,
        // Each call is an occasion of its own; what repeats it is the request id.
        origin: Origin {
            kind: "api".to_owned(),
            id: message_id.to_string(),
            occasion: String::new(),
        },
        recipient: profile_id.to_string(),
        variables,
        content: None,
    };
    queue(&mut tx, &[message]).await?;
    let stored = store::message::by_ids(&mut tx, &[message_id])
        .await?
        .pop()
        .ok_or(Error::NoMessage(message_id))?;
    tx.commit().await?;
    Ok(stored)
}

/// Queues messages for delivery now; those whose occasion and recipient are known already stay as they are.
pub(crate) async fn queue(tx: &mut Tx, messages: &[NewMessage]) -> Result<(), sqlx::Error> {
    let queued = store::message::insert_many(tx, messages).await?;
    let now = tx.now();
    let timers: Vec<_> = queued.into_iter().map(|id| (id, now)).collect();
    attune_timers::schedule_many(tx, KIND, &timers).await
}

/// Reads a message.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Message, Error> {
    let mut tx = db.read(tenant).await?;
    let message = store::message::by_ids(&mut tx, &[id])
        .await?
        .pop()
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

/// Reads a message with every decision about it.
pub(crate) async fn explain(
    db: &Database,
    tenant: &TenantId,
    id: Uuid,
) -> Result<(Message, Vec<Decision>), Error> {
    let mut tx = db.read(tenant).await?;
    let message = store::message::by_ids(&mut tx, &[id])
        .await?
        .pop()
        .ok_or(Error::NoMessage(id))?;
    let decisions = store::decision::of(&mut tx, id).await?;
    tx.commit().await?;
    Ok((message, decisions))
}
