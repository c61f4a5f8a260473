//! Taking feedback back, so that every count is as if it had never been said.

use std::collections::BTreeMap;

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::query;
use uuid::Uuid;

use super::counts::Columns;
use crate::domain::{MentionKey, PersonKey, RatingKey, Tally};

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
    subtract_slices(tx, tally).await?;
    subtract_ratings(tx, tally).await
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

pub(super) async fn subtract_slices(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    let keys = Columns::of(tally.slices.keys());
    let feedback: Vec<i64> = tally.slices.values().map(|sum| sum.feedback).collect();
    let judged: Vec<i64> = tally.slices.values().map(|sum| sum.judged).collect();
    let negative: Vec<i64> = tally.slices.values().map(|sum| sum.negative).collect();
    let non_positive: Vec<i64> = tally.slices.values().map(|sum| sum.non_positive).collect();
    let mention_judged: Vec<i64> = tally.slices.values().map(|sum| sum.mention_judged).collect();
    let mention_negative: Vec<i64> = tally.slices.values().map(|sum| sum.mention_negative).collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.slice_count AS kept
         SET feedback = kept.feedback - gone.feedback, judged = kept.judged - gone.judged,
             negative = kept.negative - gone.negative, non_positive = kept.non_positive - gone.non_positive,
             mention_judged = kept.mention_judged - gone.mention_judged,
             mention_negative = kept.mention_negative - gone.mention_negative
         FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                     $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                     $14::bigint[])
              AS gone (grain, topic_id, start, product, channel, touchpoint, feedback, judged, negative,
                  non_positive, mention_judged, mention_negative, taxonomy_version)
         WHERE kept.tenant_id = $1 AND kept.grain = gone.grain AND kept.topic_id = gone.topic_id
           AND kept.start = gone.start AND kept.product = gone.product AND kept.channel = gone.channel
           AND kept.touchpoint = gone.touchpoint AND kept.taxonomy_version = gone.taxonomy_version",
        tenant,
        &keys.grains,
        &keys.topics,
        &keys.starts,
        &keys.products,
        &keys.channels,
        &keys.touchpoints,
        &feedback,
        &judged,
        &negative,
        &non_positive,
        &mention_judged,
        &mention_negative,
        &keys.versions
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn subtract_ratings(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    if tally.ratings.is_empty() {
        return Ok(());
    }
    let keys = Columns::of(tally.ratings.keys().map(|RatingKey { slice, .. }| slice));
    let scales: Vec<String> = tally.ratings.keys().map(|key| key.scale.to_owned()).collect();
    let scores: Vec<i16> = tally.ratings.keys().map(|key| key.score).collect();
    let answers: Vec<i64> = tally.ratings.values().copied().collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.rating_count AS kept SET answers = kept.answers - gone.answers
         FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
                     $9::smallint[], $10::bigint[], $11::bigint[])
              AS gone (grain, topic_id, scale, start, product, channel, touchpoint, score, answers, taxonomy_version)
         WHERE kept.tenant_id = $1 AND kept.grain = gone.grain AND kept.topic_id = gone.topic_id
           AND kept.scale = gone.scale AND kept.start = gone.start AND kept.product = gone.product
           AND kept.channel = gone.channel AND kept.touchpoint = gone.touchpoint AND kept.score = gone.score
           AND kept.taxonomy_version = gone.taxonomy_version",
        tenant,
        &keys.grains,
        &keys.topics,
        &scales,
        &keys.starts,
        &keys.products,
        &keys.channels,
        &keys.touchpoints,
        &scores,
        &answers,
        &keys.versions
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
