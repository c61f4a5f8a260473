//! The counts of codings that do not stand, and those of one version whether it stands or not.

use attune_database::Tx;
use attune_stats::metric::AnswerScale;
use chrono::{DateTime, Utc};
use sqlx::query_as;

use super::counts::ScoreCount;
use super::rollup::beside;
use crate::domain::{Slice, SliceCount, Spans, Tally};

/// Adds codings that do not stand. Comes after the counts of those that do, in every transaction.
pub(crate) async fn add(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    if tally.slices.is_empty() {
        return Ok(());
    }
    beside::add_slices(tx, tally).await?;
    beside::add_ratings(tx, tally).await
}

/// Subtracts codings that are gone.
pub(crate) async fn subtract(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
    if tally.slices.is_empty() {
        return Ok(());
    }
    beside::subtract_slices(tx, tally).await?;
    beside::subtract_ratings(tx, tally).await
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
