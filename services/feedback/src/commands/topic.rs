//! The tenant's taxonomy.

use attune_database::{Database, OnConstraint, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use attune_text::TopicDefinition;
use uuid::Uuid;

use crate::analysis::all_topics;
use crate::domain::Topic;
use crate::error::Error;
use crate::store;

/// The most topics of a tenant, the starter set included.
pub(crate) const MOST: usize = 500;

/// A topic to be added.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) definition: TopicDefinition,
    pub(crate) key: RequestKey,
}

/// Adds a topic, or puts it in the place of the starter topic of the same id.
pub(crate) async fn create(db: &Database, tenant: &TenantId, create: Create) -> Result<Topic, Error> {
    let Create { definition, key } = create;
    let uid = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, uid).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(uid) => return made_before(db, tenant, uid).await,
    };
    let topic = add(&mut tx, uid, &definition).await?;
    tx.commit().await?;
    Ok(topic)
}

/// Adds a topic in the caller's transaction.
pub(super) async fn add(tx: &mut Tx, uid: Uuid, definition: &TopicDefinition) -> Result<Topic, Error> {
    // First, because it makes others who change the taxonomy wait: the limit holds.
    store::topic::next_version(tx).await?;
    store::topic::insert(tx, uid, definition)
        .await
        .on_constraint("topic_pkey", || Error::TopicTaken)?;
    let mut topics = all_topics(store::topic::all(tx).await?);
    if topics.len() > MOST {
        return Err(Error::TooManyTopics { limit: MOST });
    }
    topics.remove(&definition.id).ok_or(Error::NoTopic(uid))
}

/// The topic that a request made which is repeated.
pub(super) async fn made_before(db: &Database, tenant: &TenantId, uid: Uuid) -> Result<Topic, Error> {
    let mut tx = db.read(tenant).await?;
    let id = store::topic::id_of(&mut tx, uid)
        .await?
        .ok_or(Error::NoTopic(uid))?;
    let topic = all_topics(store::topic::all(&mut tx).await?)
        .remove(&id)
        .ok_or(Error::NoTopic(uid))?;
    tx.commit().await?;
    Ok(topic)
}

/// Reads a page of the taxonomy by id, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    page: &Page<String>,
) -> Result<(Vec<Topic>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let topics = all_topics(store::topic::all(&mut tx).await?);
    tx.commit().await?;
    let after = page.after().map_or("", String::as_str);
    let limit = usize::try_from(page.limit()).unwrap_or_default();
    let mut topics: Vec<Topic> = topics
        .into_values()
        .filter(|topic| topic.id() > after)
        .take(limit)
        .collect();
    let next = page.next(&mut topics, |topic| topic.id().to_owned())?;
    Ok((topics, next))
}
