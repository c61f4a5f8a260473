//! The counts that every number is made of.

use std::collections::BTreeMap;

use attune_database::Tx;
use attune_stats::metric::AnswerScale;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as};
use uuid::Uuid;

use super::facet;
use super::rollup::standing;
use super::withdrawal;
use crate::domain::{Facet, MentionKey, PersonKey, Slice, SliceCount, Spans, Tally};

/// Adds a tally. The tables and their rows are written in one order in every transaction; the locks on the rows
/// are held until the commit, so this comes last.
pub(crate) async fn add(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    let mut mentions = tally.anonymous.clone();
    for newly in count_persons(tx, tally.persons.iter()).await? {
        *mentions.entry(newly).or_default() += 1;
    }
    add_mentions(tx, &mentions).await?;
    standing::add_slices(tx, tally).await?;
    standing::add_ratings(tx, tally).await?;
    facet::add(tx, &tally.facets).await
}

/// Subtracts one tally and adds another, table by table: tables are written in one order in every transaction. What
/// mentions a topic must stand as it is to be counted already.
pub(crate) async fn replace(tx: &mut Tx, gone: &Tally, new: &Tally) -> Result<(), sqlx::Error> {
    withdrawal::uncount_persons(tx, gone.persons.iter()).await?;
    let mut mentions = new.anonymous.clone();
    for newly in count_persons(tx, new.persons.iter()).await? {
        *mentions.entry(newly).or_default() += 1;
    }
    withdrawal::subtract_mentions(tx, &gone.anonymous).await?;
    add_mentions(tx, &mentions).await?;
    standing::subtract_slices(tx, gone).await?;
    standing::add_slices(tx, new).await?;
    standing::subtract_ratings(tx, gone).await?;
    standing::add_ratings(tx, new).await?;
    facet::subtract(tx, &gone.facets).await?;
    facet::add(tx, &new.facets).await
}

/// Marks persons as counted and answers where they had not been.
async fn count_persons<'a>(
    tx: &mut Tx,
    persons: impl Iterator<Item = &'a PersonKey> + Clone,
) -> Result<Vec<MentionKey>, sqlx::Error> {
    let starts: Vec<DateTime<Utc>> = persons.clone().map(|person| person.mention.start).collect();
    if starts.is_empty() {
        return Ok(Vec::new());
    }
    let topics: Vec<String> = persons
        .clone()
        .map(|person| person.mention.topic_id.clone())
        .collect();
    let products: Vec<String> = persons
        .clone()
        .map(|person| person.mention.product.clone())
        .collect();
    let profiles: Vec<Uuid> = persons.map(|person| person.profile_id).collect();
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        MentionKey,
        "INSERT INTO feedback.mention_person (tenant_id, start, topic_id, product, profile_id)
         SELECT $1, start, topic_id, product, profile_id
         FROM unnest($2::timestamptz[], $3::text[], $4::text[], $5::uuid[])
             WITH ORDINALITY AS new (start, topic_id, product, profile_id, place)
         ORDER BY place
         ON CONFLICT ON CONSTRAINT mention_person_pkey DO NOTHING
         RETURNING start, topic_id, product",
        tenant,
        &starts,
        &topics,
        &products,
        &profiles
    )
    .fetch_all(&mut **tx)
    .await
}

async fn add_mentions(tx: &mut Tx, mentions: &BTreeMap<MentionKey, i64>) -> Result<(), sqlx::Error> {
    if mentions.is_empty() {
        return Ok(());
    }
    let starts: Vec<DateTime<Utc>> = mentions.keys().map(|key| key.start).collect();
    let topics: Vec<String> = mentions.keys().map(|key| key.topic_id.clone()).collect();
    let products: Vec<String> = mentions.keys().map(|key| key.product.clone()).collect();
    let sums: Vec<i64> = mentions.values().copied().collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.mention_count AS kept (tenant_id, start, topic_id, product, mentions)
         SELECT $1, start, topic_id, product, mentions
         FROM unnest($2::timestamptz[], $3::text[], $4::text[], $5::bigint[])
             WITH ORDINALITY AS new (start, topic_id, product, mentions, place)
         ORDER BY place
         ON CONFLICT ON CONSTRAINT mention_count_pkey
             DO UPDATE SET mentions = kept.mentions + excluded.mentions",
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

/// The counts of a slice, row by row of time. With an empty topic in `slice`, of all its feedback.
pub(crate) async fn slice(tx: &mut Tx, slice: &Slice, spans: Spans) -> Result<Vec<SliceCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        SliceCount,
        r#"SELECT start, sum(feedback)::bigint AS "feedback!", sum(judged)::bigint AS "judged!",
                  sum(negative)::bigint AS "negative!", sum(non_positive)::bigint AS "non_positive!",
                  sum(mention_judged)::bigint AS "mention_judged!",
                  sum(mention_negative)::bigint AS "mention_negative!"
           FROM feedback.slice_count
           WHERE tenant_id = $1 AND topic_id = $2
             AND ((grain = 'day' AND start >= $3 AND start < $4)
                  OR (grain = 'hour' AND start >= $5 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $6))
             AND ($7 = '' OR product = $7) AND ($8 = '' OR channel = $8) AND ($9 = '' OR touchpoint = $9)
           GROUP BY start"#,
        tenant,
        slice.topic_id,
        spans.days_start,
        spans.days_end,
        spans.start,
        spans.end,
        slice.product,
        slice.channel,
        slice.touchpoint
    )
    .fetch_all(&mut **tx)
    .await
}

/// How many answers gave one score.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScoreCount {
    pub(crate) start: DateTime<Utc>,
    pub(crate) score: i16,
    pub(crate) answers: i64,
}

/// The answers of a slice on one scale, row by row of time.
pub(crate) async fn ratings(
    tx: &mut Tx,
    scale: AnswerScale,
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<ScoreCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        ScoreCount,
        r#"SELECT start, score, sum(answers)::bigint AS "answers!"
           FROM feedback.rating_count
           WHERE tenant_id = $1 AND topic_id = $2 AND scale = $10
             AND ((grain = 'day' AND start >= $3 AND start < $4)
                  OR (grain = 'hour' AND start >= $5 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $6))
             AND ($7 = '' OR product = $7) AND ($8 = '' OR channel = $8) AND ($9 = '' OR touchpoint = $9)
           GROUP BY start, score"#,
        tenant,
        slice.topic_id,
        spans.days_start,
        spans.days_end,
        spans.start,
        spans.end,
        slice.product,
        slice.channel,
        slice.touchpoint,
        scale.metric().as_str()
    )
    .fetch_all(&mut **tx)
    .await
}

/// How much of something is in a row of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    pub(crate) start: DateTime<Utc>,
    pub(crate) amount: i64,
}

/// The feedback of a slice's product, channel, touchpoint and topic of which it is not recorded what it has of a facet,
/// row by row of time.
pub(crate) async fn unsliced(
    tx: &mut Tx,
    facet: Facet,
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<Amount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Amount,
        r#"SELECT start, sum(feedback - CASE WHEN $10 THEN segmented ELSE sliced END)::bigint AS "amount!"
           FROM feedback.slice_count
           WHERE tenant_id = $1 AND topic_id = $2
             AND ((grain = 'day' AND start >= $3 AND start < $4)
                  OR (grain = 'hour' AND start >= $5 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $6))
             AND ($7 = '' OR product = $7) AND ($8 = '' OR channel = $8) AND ($9 = '' OR touchpoint = $9)
             AND CASE WHEN $10 THEN segmented ELSE sliced END < feedback
           GROUP BY start"#,
        tenant,
        slice.topic_id,
        spans.days_start,
        spans.days_end,
        spans.start,
        spans.end,
        slice.product,
        slice.channel,
        slice.touchpoint,
        facet == Facet::Segment
    )
    .fetch_all(&mut **tx)
    .await
}

/// The answers of a slice's product, channel, touchpoint and topic on one scale of which it is not recorded what they
/// have of a facet.
pub(crate) async fn unsliced_ratings(
    tx: &mut Tx,
    facet: Facet,
    scale: AnswerScale,
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<Amount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Amount,
        r#"SELECT start, sum(answers - CASE WHEN $11 THEN segmented ELSE sliced END)::bigint AS "amount!"
           FROM feedback.rating_count
           WHERE tenant_id = $1 AND topic_id = $2 AND scale = $10
             AND ((grain = 'day' AND start >= $3 AND start < $4)
                  OR (grain = 'hour' AND start >= $5 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $6))
             AND ($7 = '' OR product = $7) AND ($8 = '' OR channel = $8) AND ($9 = '' OR touchpoint = $9)
             AND CASE WHEN $11 THEN segmented ELSE sliced END < answers
           GROUP BY start"#,
        tenant,
        slice.topic_id,
        spans.days_start,
        spans.days_end,
        spans.start,
        spans.end,
        slice.product,
        slice.channel,
        slice.touchpoint,
        scale.metric().as_str(),
        facet == Facet::Segment
    )
    .fetch_all(&mut **tx)
    .await
}
