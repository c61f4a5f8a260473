//! The tenant's own topics, as they are and as they were.

use attune_database::Tx;
use attune_text::TopicDefinition;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Topic, TopicOrigin};

/// A row as it is read, of a topic or of a revision of one.
#[derive(Debug)]
struct Row {
    topic_id: String,
    name: String,
    keywords: Vec<String>,
    examples: Vec<String>,
    parent_id: Option<String>,
    rule: String,
    is_group: bool,
    archived_at: Option<DateTime<Utc>>,
    changed_version: i64,
}

impl From<Row> for Topic {
    fn from(row: Row) -> Self {
        Self {
            definition: TopicDefinition {
                id: row.topic_id,
                name: row.name,
                keywords: row.keywords,
                examples: row.examples,
            },
            parent_id: row.parent_id,
            rule: row.rule,
            group: row.is_group,
            archived_at: row.archived_at,
            changed_version: row.changed_version,
            origin: TopicOrigin::Tenant,
        }
    }
}

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

/// The version as [`version`] has it. Until the transaction ends nobody else changes the tenant's topics.
pub(crate) async fn lock(tx: &mut Tx) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "INSERT INTO feedback.taxonomy AS kept (tenant_id, version) VALUES ($1, 0)
         ON CONFLICT ON CONSTRAINT taxonomy_pkey DO UPDATE SET version = kept.version
         RETURNING version",
        tenant
    )
    .fetch_one(&mut **tx)
    .await
}

/// Sets the version. Call [`lock`] first.
pub(crate) async fn advance(tx: &mut Tx, version: i64) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.taxonomy SET version = $2 WHERE tenant_id = $1",
        tenant,
        version
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// All topics of the tenant's own as they are, archived ones too.
pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<Topic>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        "SELECT topic_id, name, keywords, examples, parent_id, rule, is_group, archived_at, changed_version
         FROM feedback.topic WHERE tenant_id = $1",
        tenant
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Topic::from).collect())
}

/// [`version`] and [`all`] at one instant.
pub(crate) async fn current(tx: &mut Tx) -> Result<(i64, Vec<Topic>), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        r#"SELECT taxonomy.version, topic_id AS "topic_id?", name AS "name?", keywords AS "keywords?",
                  examples AS "examples?", parent_id, rule AS "rule?", is_group AS "is_group?", archived_at,
                  changed_version AS "changed_version?"
           FROM feedback.taxonomy LEFT JOIN feedback.topic USING (tenant_id)
           WHERE tenant_id = $1"#,
        tenant
    )
    .fetch_all(&mut **tx)
    .await?;
    let version = rows.first().map_or(0, |row| row.version);
    let topics = rows.into_iter().filter_map(|row| {
        Some(Topic::from(Row {
            topic_id: row.topic_id?,
            name: row.name?,
            keywords: row.keywords?,
            examples: row.examples?,
            parent_id: row.parent_id,
            rule: row.rule?,
            is_group: row.is_group?,
            archived_at: row.archived_at,
            changed_version: row.changed_version?,
        }))
    });
    Ok((version, topics.collect()))
}

/// All topics of the tenant's own as they were in a version.
pub(crate) async fn as_of(tx: &mut Tx, version: i64) -> Result<Vec<Topic>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        "SELECT topic_id, name, keywords, examples, parent_id, rule, is_group, archived_at,
                from_version AS changed_version
         FROM feedback.topic_revision
         WHERE tenant_id = $1 AND from_version <= $2 AND (until_version IS NULL OR until_version > $2)",
        tenant,
        version
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Topic::from).collect())
}

/// Stores a topic as it is now, in the place of what it was. Its revision and the version are stored by
/// [`super::taxonomy::record`].
pub(crate) async fn put(tx: &mut Tx, topic_uid: Uuid, topic: &Topic) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    let definition = &topic.definition;
    query!(
        "INSERT INTO feedback.topic (tenant_id, topic_id, topic_uid, name, keywords, examples, created_at, parent_id,
             rule, is_group, archived_at, changed_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT ON CONSTRAINT topic_pkey DO UPDATE
             SET name = excluded.name, keywords = excluded.keywords, examples = excluded.examples,
                 parent_id = excluded.parent_id, rule = excluded.rule, is_group = excluded.is_group,
                 archived_at = excluded.archived_at, changed_version = excluded.changed_version",
        tenant,
        definition.id,
        topic_uid,
        definition.name,
        &definition.keywords,
        &definition.examples,
        now,
        topic.parent_id,
        topic.rule,
        topic.group,
        topic.archived_at,
        topic.changed_version
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
