//! The counts of facets: feedback by agent, team, stage, language and segment.

use attune_database::Tx;
use attune_stats::metric::AnswerScale;
use sqlx::{query, query_as};

use super::coded_counts::VersionCount;
use super::counts::ScoreCount;
use super::rollup::{Columns, Sums};
use crate::domain::{Facet, FacetKey, FacetTally, RatingKey, Slice, SliceCount, SliceKey, Spans};

/// Adds a tally. Comes after the counts of all feedback, in every transaction.
pub(super) async fn add(tx: &mut Tx, tally: &FacetTally) -> Result<(), sqlx::Error> {
    if tally.slices.is_empty() {
        return Ok(());
    }
    add_slices(tx, tally).await?;
    add_ratings(tx, tally).await
}

/// Subtracts what had been added.
pub(super) async fn subtract(tx: &mut Tx, tally: &FacetTally) -> Result<(), sqlx::Error> {
    if tally.slices.is_empty() {
        return Ok(());
    }
    subtract_slices(tx, tally).await?;
    subtract_ratings(tx, tally).await
}

/// The columns of what the rows are about.
fn values<'a, R: 'a>(keys: impl Iterator<Item = &'a FacetKey<R>>) -> (Vec<&'a str>, Vec<&'a str>) {
    keys.map(|key| (key.facet.as_str(), key.value.as_str())).unzip()
}

fn slices(tally: &FacetTally) -> (Columns, Sums) {
    let keys = tally.slices.keys().map(|key: &FacetKey<SliceKey>| &key.row);
    (Columns::of(keys), Sums::of(&tally.slices.values()))
}

fn ratings(tally: &FacetTally) -> (Columns, Vec<&str>, Vec<i16>, Vec<i64>) {
    let keys = || tally.ratings.keys().map(|key: &FacetKey<RatingKey>| &key.row);
    (
        Columns::of(keys().map(|key| &key.slice)),
        keys().map(|key| key.scale).collect(),
        keys().map(|key| key.score).collect(),
        tally.ratings.values().copied().collect(),
    )
}

async fn add_slices(tx: &mut Tx, tally: &FacetTally) -> Result<(), sqlx::Error> {
    let (facets, values) = values(tally.slices.keys());
    let (keys, sums) = slices(tally);
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.facet_count AS kept (tenant_id, facet, value, grain, topic_id, start, product, channel,
             touchpoint, taxonomy_version, feedback, judged, negative, non_positive, mention_judged, mention_negative)
         SELECT $1, facet, value, grain, topic_id, start, product, channel, touchpoint, taxonomy_version, feedback,
             judged, negative, non_positive, mention_judged, mention_negative
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
                     $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
                     $15::bigint[], $16::bigint[])
             WITH ORDINALITY AS new (facet, value, grain, topic_id, start, product, channel, touchpoint,
                 taxonomy_version, feedback, judged, negative, non_positive, mention_judged, mention_negative, place)
         ORDER BY place
         ON CONFLICT ON CONSTRAINT facet_count_pkey DO UPDATE
             SET feedback = kept.feedback + excluded.feedback, judged = kept.judged + excluded.judged,
                 negative = kept.negative + excluded.negative,
                 non_positive = kept.non_positive + excluded.non_positive,
                 mention_judged = kept.mention_judged + excluded.mention_judged,
                 mention_negative = kept.mention_negative + excluded.mention_negative",
        tenant,
        &facets as &[&str],
        &values as &[&str],
        &keys.grains,
        &keys.topics,
        &keys.starts,
        &keys.products,
        &keys.channels,
        &keys.touchpoints,
        &keys.versions,
        &sums.feedback,
        &sums.judged,
        &sums.negative,
        &sums.non_positive,
        &sums.mention_judged,
        &sums.mention_negative
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn add_ratings(tx: &mut Tx, tally: &FacetTally) -> Result<(), sqlx::Error> {
    if tally.ratings.is_empty() {
        return Ok(());
    }
    let (facets, values) = values(tally.ratings.keys());
    let (keys, scales, scores, answers) = ratings(tally);
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.facet_rating_count AS kept (tenant_id, facet, value, grain, topic_id, scale, start,
             product, channel, touchpoint, score, taxonomy_version, answers)
         SELECT $1, facet, value, grain, topic_id, scale, start, product, channel, touchpoint, score,
             taxonomy_version, answers
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
                     $9::text[], $10::bigint[], $11::text[], $12::smallint[], $13::bigint[])
             WITH ORDINALITY AS new (facet, value, grain, topic_id, start, product, channel, touchpoint,
                 taxonomy_version, scale, score, answers, place)
         ORDER BY place
         ON CONFLICT ON CONSTRAINT facet_rating_count_pkey DO UPDATE
             SET answers = kept.answers + excluded.answers",
        tenant,
        &facets as &[&str],
        &values as &[&str],
        &keys.grains,
        &keys.topics,
        &keys.starts,
        &keys.products,
        &keys.channels,
        &keys.touchpoints,
        &keys.versions,
        &scales as &[&str],
        &scores,
        &answers
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn subtract_slices(tx: &mut Tx, tally: &FacetTally) -> Result<(), sqlx::Error> {
    let (facets, values) = values(tally.slices.keys());
    let (keys, sums) = slices(tally);
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.facet_count AS kept
         SET feedback = kept.feedback - gone.feedback, judged = kept.judged - gone.judged,
             negative = kept.negative - gone.negative, non_positive = kept.non_positive - gone.non_positive,
             mention_judged = kept.mention_judged - gone.mention_judged,
             mention_negative = kept.mention_negative - gone.mention_negative
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
                     $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
                     $15::bigint[], $16::bigint[])
              AS gone (facet, value, grain, topic_id, start, product, channel, touchpoint, taxonomy_version,
                  feedback, judged, negative, non_positive, mention_judged, mention_negative)
         WHERE kept.tenant_id = $1 AND kept.facet = gone.facet AND kept.value = gone.value
           AND kept.grain = gone.grain AND kept.topic_id = gone.topic_id AND kept.start = gone.start
           AND kept.product = gone.product AND kept.channel = gone.channel AND kept.touchpoint = gone.touchpoint
           AND kept.taxonomy_version = gone.taxonomy_version",
        tenant,
        &facets as &[&str],
        &values as &[&str],
        &keys.grains,
        &keys.topics,
        &keys.starts,
        &keys.products,
        &keys.channels,
        &keys.touchpoints,
        &keys.versions,
        &sums.feedback,
        &sums.judged,
        &sums.negative,
        &sums.non_positive,
        &sums.mention_judged,
        &sums.mention_negative
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn subtract_ratings(tx: &mut Tx, tally: &FacetTally) -> Result<(), sqlx::Error> {
    if tally.ratings.is_empty() {
        return Ok(());
    }
    let (facets, values) = values(tally.ratings.keys());
    let (keys, scales, scores, answers) = ratings(tally);
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.facet_rating_count AS kept SET answers = kept.answers - gone.answers
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
                     $9::text[], $10::bigint[], $11::text[], $12::smallint[], $13::bigint[])
              AS gone (facet, value, grain, topic_id, start, product, channel, touchpoint, taxonomy_version, scale,
                  score, answers)
         WHERE kept.tenant_id = $1 AND kept.facet = gone.facet AND kept.value = gone.value
           AND kept.grain = gone.grain AND kept.topic_id = gone.topic_id AND kept.scale = gone.scale
           AND kept.start = gone.start AND kept.product = gone.product AND kept.channel = gone.channel
           AND kept.touchpoint = gone.touchpoint AND kept.score = gone.score
           AND kept.taxonomy_version = gone.taxonomy_version",
        tenant,
        &facets as &[&str],
        &values as &[&str],
        &keys.grains,
        &keys.topics,
        &keys.starts,
        &keys.products,
        &keys.channels,
        &keys.touchpoints,
        &keys.versions,
        &scales as &[&str],
        &scores,
        &answers
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The counts of those of a slice that are of one value of a facet, row by row of time. With an empty topic in `slice`,
/// of all its feedback.
pub(crate) async fn slice(
    tx: &mut Tx,
    (facet, value): (Facet, &str),
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<SliceCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        SliceCount,
        r#"SELECT start, sum(feedback)::bigint AS "feedback!", sum(judged)::bigint AS "judged!",
                  sum(negative)::bigint AS "negative!", sum(non_positive)::bigint AS "non_positive!",
                  sum(mention_judged)::bigint AS "mention_judged!",
                  sum(mention_negative)::bigint AS "mention_negative!"
           FROM feedback.facet_count
           WHERE tenant_id = $1 AND facet = $10 AND value = $11 AND topic_id = $2
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
        slice.touchpoint,
        facet.as_str(),
        value
    )
    .fetch_all(&mut **tx)
    .await
}

/// The answers of those on one scale, row by row of time.
pub(crate) async fn answers(
    tx: &mut Tx,
    scale: AnswerScale,
    (facet, value): (Facet, &str),
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<ScoreCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        ScoreCount,
        r#"SELECT start, score, sum(answers)::bigint AS "answers!"
           FROM feedback.facet_rating_count
           WHERE tenant_id = $1 AND facet = $11 AND value = $12 AND topic_id = $2 AND scale = $10
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
        scale.metric().as_str(),
        facet.as_str(),
        value
    )
    .fetch_all(&mut **tx)
    .await
}

/// By which versions of the taxonomy those stand, whatever their topics.
pub(crate) async fn versions(
    tx: &mut Tx,
    (facet, value): (Facet, &str),
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<VersionCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        VersionCount,
        r#"SELECT start, taxonomy_version, sum(feedback)::bigint AS "feedback!"
           FROM feedback.facet_count
           WHERE tenant_id = $1 AND facet = $9 AND value = $10 AND topic_id = ''
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
        slice.touchpoint,
        facet.as_str(),
        value
    )
    .fetch_all(&mut **tx)
    .await
}
