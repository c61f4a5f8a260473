//! The versions of a tenant's taxonomy.

use std::collections::BTreeMap;

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_scalar};

use crate::domain::{Lineage, TaxonomyChange, TaxonomyVersion, Topic};

/// Keeps a version with the revision of the topic it changed, and which topics it codes otherwise.
pub(crate) async fn record(
    tx: &mut Tx,
    version: &TaxonomyVersion,
    topic: &Topic,
    effects: &BTreeMap<String, bool>,
) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "INSERT INTO feedback.taxonomy_version
             (tenant_id, version, created_at, author, change, topic_id, description)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tenant,
        version.version,
        now,
        version.author,
        version.change.map_or("", TaxonomyChange::as_str),
        version.topic_id,
        version.description
    )
    .execute(&mut **tx)
    .await?;
    let (ids, direct): (Vec<String>, Vec<bool>) =
        effects.iter().map(|(id, &direct)| (id.clone(), direct)).unzip();
    query!(
        "INSERT INTO feedback.taxonomy_effect (tenant_id, topic_id, version, created_at, direct)
         SELECT $1, topic_id, $2, $3, direct FROM unnest($4::text[], $5::bool[]) AS new (topic_id, direct)",
        tenant,
        version.version,
        now,
        &ids,
        &direct
    )
    .execute(&mut **tx)
    .await?;
    revise(tx, version.version, topic).await
}

/// Keeps how a topic is from a version on.
async fn revise(tx: &mut Tx, version: i64, topic: &Topic) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    let definition = &topic.definition;
    query!(
        "UPDATE feedback.topic_revision SET until_version = $3
         WHERE tenant_id = $1 AND topic_id = $2 AND until_version IS NULL",
        tenant,
        definition.id,
        version
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "INSERT INTO feedback.topic_revision (tenant_id, topic_id, from_version, created_at, name, keywords, examples,
             parent_id, rule, is_group, archived_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tenant,
        definition.id,
        version,
        now,
        definition.name,
        &definition.keywords,
        &definition.examples,
        topic.parent_id,
        topic.rule,
        topic.group,
        topic.archived_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// At most `limit` versions before `before`, the newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<TaxonomyVersion>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        r#"SELECT version, created_at, author, change, topic_id, description,
                  ARRAY(SELECT effect.topic_id FROM feedback.taxonomy_effect AS effect
                        WHERE effect.tenant_id = $1 AND effect.version = kept.version ORDER BY 1) AS "affected!"
           FROM feedback.taxonomy_version AS kept
           WHERE tenant_id = $1 AND ($2::bigint IS NULL OR version < $2)
           ORDER BY version DESC LIMIT $3"#,
        tenant,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    let versions = rows.into_iter().map(|row| TaxonomyVersion {
        version: row.version,
        created_at: row.created_at,
        author: row.author,
        change: TaxonomyChange::stored(&row.change),
        topic_id: row.topic_id,
        description: row.description,
        affected: row.affected,
    });
    Ok(versions.collect())
}

/// The versions that changed how a topic is coded; those that did by others' examples alone too, or not.
pub(crate) async fn lineage(tx: &mut Tx, topic_id: &str, indirect: bool) -> Result<Lineage, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        "SELECT version, created_at FROM feedback.taxonomy_effect
         WHERE tenant_id = $1 AND topic_id = $2 AND (direct OR $3) ORDER BY version",
        tenant,
        topic_id,
        indirect
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(Lineage(
        rows.into_iter()
            .map(|row| (row.version, row.created_at))
            .collect(),
    ))
}

/// The versions that changed each topic itself, or one below it; those by others' examples alone are left out.
pub(crate) async fn lineages(tx: &mut Tx) -> Result<BTreeMap<String, Lineage>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        "SELECT topic_id, version, created_at FROM feedback.taxonomy_effect
         WHERE tenant_id = $1 AND direct ORDER BY topic_id, version",
        tenant
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut lineages: BTreeMap<String, Lineage> = BTreeMap::new();
    for row in rows {
        let lineage = lineages.entry(row.topic_id).or_default();
        lineage.0.push((row.version, row.created_at));
    }
    Ok(lineages)
}

/// The versions since `since` that changed how a topic is coded by others' examples alone.
pub(crate) async fn indirect_since(
    tx: &mut Tx,
    topic_id: &str,
    since: DateTime<Utc>,
) -> Result<Vec<i64>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT version FROM feedback.taxonomy_effect
         WHERE tenant_id = $1 AND topic_id = $2 AND NOT direct AND created_at > $3 ORDER BY version",
        tenant,
        topic_id,
        since
    )
    .fetch_all(&mut **tx)
    .await
}

/// The version that stood at an instant.
pub(crate) async fn standing_at(tx: &mut Tx, instant: DateTime<Utc>) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let version = query_scalar!(
        "SELECT max(version) FROM feedback.taxonomy_version WHERE tenant_id = $1 AND created_at <= $2",
        tenant,
        instant
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(version.unwrap_or_default())
}
