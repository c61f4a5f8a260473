//! The counts of codings that do not stand, and those of one version whether it stands or not.

use attune_database::Tx;
use attune_stats::metric::AnswerScale;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as};

use super::counts::{Columns, ScoreCount};
use crate::domain::{RatingKey, Slice, SliceCount, Spans, Tally};

/// Adds codings that do not stand. Comes after the counts of those that do, in every transaction.
pub(crate) async fn add(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    if tally.slices.is_empty() {
        return Ok(());
    }
    add_slices(tx, tally).await?;
    add_ratings(tx, tally).await
}

/// Subtracts codings that are gone.
pub(crate) async fn subtract(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    if tally.slices.is_empty() {
        return Ok(());
    }
    subtract_slices(tx, tally).await?;
    subtract_ratings(tx, tally).await
}

async fn add_slices(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    let keys = Columns::of(tally.slices.keys());
    let feedback: Vec<i64> = tally.slices.values().map(|sum| sum.feedback).collect();
    let judged: Vec<i64> = tally.slices.values().map(|sum| sum.judged).collect();
    let negative: Vec<i64> = tally.slices.values().map(|sum| sum.negative).collect();
    let non_positive: Vec<i64> = tally.slices.values().map(|sum| sum.non_positive).collect();
    let mention_judged: Vec<i64> = tally.slices.values().map(|sum| sum.mention_judged).collect();
    let mention_negative: Vec<i64> = tally.slices.values().map(|sum| sum.mention_negative).collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.coded_slice_count AS kept (tenant_id, grain, topic_id, start, product, channel,
             touchpoint, taxonomy_version, feedback, judged, negative, non_positive, mention_judged,
             mention_negative)
         SELECT $1, grain, topic_id, start, product, channel, touchpoint, taxonomy_version, feedback, judged,
             negative, non_positive, mention_judged, mention_negative
         FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                     $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                     $14::bigint[])
             WITH ORDINALITY AS new (grain, topic_id, start, product, channel, touchpoint, feedback, judged,
                 negative, non_positive, mention_judged, mention_negative, taxonomy_version, place)
         ORDER BY place
         ON CONFLICT ON CONSTRAINT coded_slice_count_pkey DO UPDATE
             SET feedback = kept.feedback + excluded.feedback, judged = kept.judged + excluded.judged,
                 negative = kept.negative + excluded.negative,
                 non_positive = kept.non_positive + excluded.non_positive,
                 mention_judged = kept.mention_judged + excluded.mention_judged,
                 mention_negative = kept.mention_negative + excluded.mention_negative",
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

async fn add_ratings(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    if tally.ratings.is_empty() {
        return Ok(());
    }
    let keys = Columns::of(tally.ratings.keys().map(
        |RatingKey {
             slice,
             scale: _,
             score: _,
         }| slice,
    ));
    let scales: Vec<String> = tally.ratings.keys().map(|key| key.scale.to_owned()).collect();
    let scores: Vec<i16> = tally.ratings.keys().map(|key| key.score).collect();
    let answers: Vec<i64> = tally.ratings.values().copied().collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.coded_rating_count AS kept (tenant_id, grain, topic_id, scale, start, product, channel,
             touchpoint, score, taxonomy_version, answers)
         SELECT $1, grain, topic_id, scale, start, product, channel, touchpoint, score, taxonomy_version, answers
         FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                     $8::text[], $9::smallint[], $10::bigint[], $11::bigint[])
             WITH ORDINALITY AS new (grain, topic_id, start, product, channel, touchpoint, scale, score,
                 answers, taxonomy_version, place)
         ORDER BY place
         ON CONFLICT ON CONSTRAINT coded_rating_count_pkey DO UPDATE SET answers = kept.answers + excluded.answers",
        tenant,
        &keys.grains,
        &keys.topics,
        &keys.starts,
        &keys.products,
        &keys.channels,
        &keys.touchpoints,
        &scales,
        &scores,
        &answers,
        &keys.versions
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn subtract_slices(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    let keys = Columns::of(tally.slices.keys());
    let feedback: Vec<i64> = tally.slices.values().map(|sum| sum.feedback).collect();
    let judged: Vec<i64> = tally.slices.values().map(|sum| sum.judged).collect();
    let negative: Vec<i64> = tally.slices.values().map(|sum| sum.negative).collect();
    let non_positive: Vec<i64> = tally.slices.values().map(|sum| sum.non_positive).collect();
    let mention_judged: Vec<i64> = tally.slices.values().map(|sum| sum.mention_judged).collect();
    let mention_negative: Vec<i64> = tally.slices.values().map(|sum| sum.mention_negative).collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.coded_slice_count AS kept
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

async fn subtract_ratings(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    if tally.ratings.is_empty() {
        return Ok(());
    }
    let keys = Columns::of(tally.ratings.keys().map(|RatingKey { slice, .. }| slice));
    let scales: Vec<String> = tally.ratings.keys().map(|key| key.scale.to_owned()).collect();
    let scores: Vec<i16> = tally.ratings.keys().map(|key| key.score).collect();
    let answers: Vec<i64> = tally.ratings.values().copied().collect();
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.coded_rating_count AS kept SET answers = kept.answers - gone.answers
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

/// The counts of a slice by the codings of one version, row by row of time. With an empty topic in `slice`, of all
/// feedback that has one.
pub(crate) async fn slice(
    tx: &mut Tx,
    slice: &Slice,
    spans: Spans,
    version: i64,
) -> Result<Vec<SliceCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        SliceCount,
        r#"WITH counted AS (
               SELECT grain, topic_id, start, product, channel, touchpoint, feedback, judged, negative, non_positive,
                      mention_judged, mention_negative
               FROM feedback.slice_count WHERE tenant_id = $1 AND topic_id = $2 AND taxonomy_version = $10
               UNION ALL
               SELECT grain, topic_id, start, product, channel, touchpoint, feedback, judged, negative, non_positive,
                      mention_judged, mention_negative
               FROM feedback.coded_slice_count WHERE tenant_id = $1 AND topic_id = $2 AND taxonomy_version = $10)
           SELECT start AS "start!", sum(feedback)::bigint AS "feedback!", sum(judged)::bigint AS "judged!",
                  sum(negative)::bigint AS "negative!", sum(non_positive)::bigint AS "non_positive!",
                  sum(mention_judged)::bigint AS "mention_judged!",
                  sum(mention_negative)::bigint AS "mention_negative!"
           FROM counted
           WHERE ((grain = 'day' AND start >= $3 AND start < $4)
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
        slice.touchpoint,
        version
    )
    .fetch_all(&mut **tx)
    .await
}

/// The answers of a slice on one scale by the codings of one version, row by row of time.
pub(crate) async fn ratings(
    tx: &mut Tx,
    scale: AnswerScale,
    slice: &Slice,
    spans: Spans,
    version: i64,
) -> Result<Vec<ScoreCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        ScoreCount,
        r#"WITH counted AS (
               SELECT grain, start, product, channel, touchpoint, score, answers FROM feedback.rating_count
               WHERE tenant_id = $1 AND topic_id = $2 AND scale = $10 AND taxonomy_version = $11
               UNION ALL
               SELECT grain, start, product, channel, touchpoint, score, answers FROM feedback.coded_rating_count
               WHERE tenant_id = $1 AND topic_id = $2 AND scale = $10 AND taxonomy_version = $11)
           SELECT start AS "start!", score AS "score!", sum(answers)::bigint AS "answers!"
           FROM counted
           WHERE ((grain = 'day' AND start >= $3 AND start < $4)
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
        scale.metric().as_str(),
        version
    )
    .fetch_all(&mut **tx)
    .await
}

/// How much feedback of a row of counts stands by one version.
#[derive(Clone, Debug)]
pub(crate) struct VersionCount {
    pub(crate) start: DateTime<Utc>,
    pub(crate) taxonomy_version: i64,
    pub(crate) feedback: i64,
}

/// By which versions the feedback of a slice stands, whatever its topics.
pub(crate) async fn versions(
    tx: &mut Tx,
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<VersionCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        VersionCount,
        r#"SELECT start, taxonomy_version, sum(feedback)::bigint AS "feedback!"
           FROM feedback.slice_count
           WHERE tenant_id = $1 AND topic_id = ''
             AND ((grain = 'day' AND start >= $2 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $2)
                  OR (grain = 'hour' AND start >= $3 AND start < $5))
             AND ($6 = '' OR product = $6) AND ($7 = '' OR channel = $7) AND ($8 = '' OR touchpoint = $8)
           GROUP BY start, taxonomy_version
           HAVING sum(feedback) > 0
           ORDER BY start"#,
        tenant,
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
