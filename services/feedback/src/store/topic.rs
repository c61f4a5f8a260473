//! The tenant's own topics.

use attune_database::Tx;
use attune_text::TopicDefinition;
use sqlx::{query, query_scalar};
use uuid::Uuid;

use crate::domain::{Topic, TopicOrigin};

/// The version of the tenant's taxonomy; 0 before its first own topic.
pub(crate) async fn version(tx: &mut Tx) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let version = query_scalar!(
        "SELECT version FROM feedback.taxonomy WHERE tenant_id = $1",
        tenant
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(version.unwrap_or_default())
}

/// Counts the version up. Until the transaction ends nobody else changes the tenant's topics.
pub(crate) async fn next_version(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.taxonomy AS kept (tenant_id, version) VALUES ($1, 1)
         ON CONFLICT ON CONSTRAINT taxonomy_pkey DO UPDATE SET version = kept.version + 1",
        tenant
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// All topics of the tenant's own.
pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<Topic>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        "SELECT topic_id, name, keywords, examples, created_at FROM feedback.topic WHERE tenant_id = $1",
        tenant
    )
    .fetch_all(&mut **tx)
    .await?;
    let topics = rows.into_iter().map(|row| Topic {
        definition: TopicDefinition {
            id: row.topic_id,
            name: row.name,
            keywords: row.keywords,
            examples: row.examples,
        },
        origin: TopicOrigin::Tenant,
        since: Some(row.created_at),
    });
    Ok(topics.collect())
}

/// Stores a topic. Violates `topic_pkey` when the tenant has one of this id.
pub(crate) async fn insert(
    tx: &mut Tx,
    topic_uid: Uuid,
    definition: &TopicDefinition,
) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "INSERT INTO feedback.topic (tenant_id, topic_id, topic_uid, name, keywords, examples, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tenant,
        definition.id,
        topic_uid,
        definition.name,
        &definition.keywords,
        &definition.examples,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The id for programs of the topic that a request made.
pub(crate) async fn id_of(tx: &mut Tx, topic_uid: Uuid) -> Result<Option<String>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT topic_id FROM feedback.topic WHERE tenant_id = $1 AND topic_uid = $2",
        tenant,
        topic_uid
    )
    .fetch_optional(&mut **tx)
    .await
}
