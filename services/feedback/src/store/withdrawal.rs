//! Taking feedback back, so that every count is as if it had never been said.

use std::collections::BTreeMap;

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::query;
use uuid::Uuid;

use super::facet;
use super::rollup::standing;
use crate::domain::{MentionKey, PersonKey, Tally};

/// Removes feedback with its mentions.
pub(crate) async fn remove(tx: &mut Tx, feedback_ids: &[Uuid]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM feedback.feedback WHERE tenant_id = $1 AND feedback_id = ANY($2)",
        tenant,
        feedback_ids
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Subtracts what removed feedback had added. Tables are written in the order in which they are added to.
pub(crate) async fn subtract(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    uncount_persons(tx, tally.persons.iter()).await?;
    subtract_mentions(tx, &tally.anonymous).await?;
    standing::subtract_slices(tx, tally).await?;
    standing::subtract_ratings(tx, tally).await?;
    facet::subtract(tx, &tally.facets).await
}

/// A person counts as long as something else they said in the same hour mentions the same.
pub(super) async fn uncount_persons<'a>(
    tx: &mut Tx,
    persons: impl Iterator<Item = &'a PersonKey> + Clone,
) -> Result<(), sqlx::Error> {
    let starts: Vec<DateTime<Utc>> = persons.clone().map(|person| person.mention.start).collect();
    if starts.is_empty() {
        return Ok(());
    }
    let column = |read: fn(&PersonKey) -> &str| -> Vec<String> {
        persons.clone().map(|person| read(person).to_owned()).collect()
    };
    let topics = column(|person| &person.mention.topic_id);
    let products = column(|person| &person.mention.product);
    let profiles: Vec<Uuid> = persons.clone().map(|person| person.profile_id).collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "WITH uncounted AS (
             DELETE FROM feedback.mention_person AS person
             USING unnest($2::timestamptz[], $3::text[], $4::text[], $5::uuid[])
                 AS gone (start, topic_id, product, profile_id)
             WHERE person.tenant_id = $1 AND person.start = gone.start AND person.topic_id = gone.topic_id
               AND person.product = gone.product AND person.profile_id = gone.profile_id
               AND NOT EXISTS (
                   SELECT FROM feedback.topic_mention AS other
                   WHERE other.tenant_id = $1 AND other.topic_id = gone.topic_id
                     AND other.occurred_at >= gone.start AND other.occurred_at < gone.start + interval '1 hour'
                     AND other.product = gone.product AND other.profile_id = gone.profile_id
                     AND other.non_positive)
             RETURNING person.start, person.topic_id, person.product)
         UPDATE feedback.mention_count AS kept SET mentions = kept.mentions - sum.persons
         FROM (SELECT start, topic_id, product, count(*) AS persons FROM uncounted
               GROUP BY start, topic_id, product) AS sum
         WHERE kept.tenant_id = $1 AND kept.start = sum.start AND kept.topic_id = sum.topic_id
           AND kept.product = sum.product",
        tenant,
        &starts,
        &topics,
        &products,
        &profiles
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn subtract_mentions(
    tx: &mut Tx,
    mentions: &BTreeMap<MentionKey, i64>,
) -> Result<(), sqlx::Error> {
    if mentions.is_empty() {
        return Ok(());
    }
    let starts: Vec<DateTime<Utc>> = mentions.keys().map(|key| key.start).collect();
    let topics: Vec<String> = mentions.keys().map(|key| key.topic_id.clone()).collect();
    let products: Vec<String> = mentions.keys().map(|key| key.product.clone()).collect();
    let sums: Vec<i64> = mentions.values().copied().collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.mention_count AS kept SET mentions = kept.mentions - gone.mentions
         FROM unnest($2::timestamptz[], $3::text[], $4::text[], $5::bigint[])
              AS gone (start, topic_id, product, mentions)
         WHERE kept.tenant_id = $1 AND kept.start = gone.start AND kept.topic_id = gone.topic_id
           AND kept.product = gone.product",
        tenant,
        &starts,
        &topics,
        &products,
        &sums
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
