//! Recording that messages were read.

use attune_database::{Database, Tx, Write};
use attune_rpc::{RequestKey, TenantId};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::domain::{Message, Reading};
use crate::error::Error;
use crate::store::decision::Decision;
use crate::{events, store};

/// By what is decided which reading stands, as records name it: the first that is told of a message that was sent.
const RULE: &str = "reading-1";

/// A message that was read.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) message_id: Uuid,
    pub(crate) reading: Reading,
    pub(crate) key: RequestKey,
}

/// Records the first reading of a message; a later one changes nothing.
pub(crate) async fn record(db: &Database, tenant: &TenantId, record: Record) -> Result<Message, Error> {
    let Record {
        message_id,
        reading,
        key,
    } = record;
    let mut tx = match db.write(tenant, &key, message_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return super::message::get(db, tenant, id).await,
    };
    let message = store::message::lock(&mut tx, message_id).await?;
    let mut message = message.ok_or(Error::NoMessage(message_id))?;
    let (now, said) = (tx.now(), reading.at);
    if message.read(reading, now)? {
        take(&mut tx, &message, said).await?;
    }
    tx.commit().await?;
    Ok(message)
}

/// Stores a reading with why it stands, and tells of it. `said` is the instant that was named.
async fn take(tx: &mut Tx, message: &Message, said: Option<DateTime<Utc>>) -> Result<(), sqlx::Error> {
    store::message::read(tx, message).await?;
    let decision = Decision {
        decided_at: tx.now(),
        outcome: "read".to_owned(),
        reason: String::new(),
        rule: RULE.to_owned(),
        inputs: json!({ "said": said, "read_at": message.read_at, "source": message.read_source }),
    };
    store::decision::append_many(tx, &[(message.message_id, decision)]).await?;
    events::message_read(tx, message).await
}
