//! Writing the roll-ups of slices and of answers: two pairs of tables with the same columns, one for the codings that
//! stand and one for those beside them.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::query;

use crate::domain::{Addend, RatingKey, SliceKey, Tally};

/// The columns of slice keys.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) grains: Vec<String>,
    pub(super) topics: Vec<String>,
    pub(super) starts: Vec<DateTime<Utc>>,
    pub(super) products: Vec<String>,
    pub(super) channels: Vec<String>,
    pub(super) touchpoints: Vec<String>,
    pub(super) versions: Vec<i64>,
}

impl Columns {
    pub(super) fn of<'a>(keys: impl Iterator<Item = &'a SliceKey> + Clone) -> Self {
        Self {
            grains: keys.clone().map(|key| key.grain.as_str().to_owned()).collect(),
            topics: keys.clone().map(|key| key.topic_id.clone()).collect(),
            starts: keys.clone().map(|key| key.start).collect(),
            products: keys.clone().map(|key| key.product.clone()).collect(),
            channels: keys.clone().map(|key| key.channel.clone()).collect(),
            touchpoints: keys.clone().map(|key| key.touchpoint.clone()).collect(),
            versions: keys.map(|key| key.taxonomy_version).collect(),
        }
    }
}

/// The columns of what is added to slices.
pub(super) struct Sums {
    pub(super) feedback: Vec<i64>,
    pub(super) judged: Vec<i64>,
    pub(super) negative: Vec<i64>,
    pub(super) non_positive: Vec<i64>,
    pub(super) mention_judged: Vec<i64>,
    pub(super) mention_negative: Vec<i64>,
    sliced: Vec<i64>,
    segmented: Vec<i64>,
}

impl Sums {
    pub(super) fn of<'a>(sums: &(impl Iterator<Item = &'a Addend> + Clone)) -> Self {
        let sums = || sums.clone();
        Self {
            feedback: sums().map(|sum| sum.feedback).collect(),
            judged: sums().map(|sum| sum.judged).collect(),
            negative: sums().map(|sum| sum.negative).collect(),
            non_positive: sums().map(|sum| sum.non_positive).collect(),
            mention_judged: sums().map(|sum| sum.mention_judged).collect(),
            mention_negative: sums().map(|sum| sum.mention_negative).collect(),
            sliced: sums().map(|sum| sum.sliced).collect(),
            segmented: sums().map(|sum| sum.segmented).collect(),
        }
    }
}

/// A module that writes one pair of tables; the names of the tables and of their keys are part of checked statements.
macro_rules! rollup {
    ($module:ident, $slices:tt, $slices_key:tt, $ratings:tt, $ratings_key:tt) => {
        pub(super) mod $module {
            use super::*;

            /// Adds to the counts of slices.
            pub(in crate::store) async fn add_slices(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
                let keys = Columns::of(tally.slices.keys());
                let sums = Sums::of(&tally.slices.values());
                let tenant = tx.tenant().as_str().to_owned();
                query!(
                    "INSERT INTO " + $slices + " AS kept (tenant_id, grain, topic_id, start, product, channel,
                         touchpoint, taxonomy_version, feedback, judged, negative, non_positive, mention_judged,
                         mention_negative, sliced, segmented)
                     SELECT $1, grain, topic_id, start, product, channel, touchpoint, taxonomy_version, feedback,
                         judged, negative, non_positive, mention_judged, mention_negative, sliced, segmented
                     FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                                 $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
                                 $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[])
                         WITH ORDINALITY AS new (grain, topic_id, start, product, channel, touchpoint, feedback,
                             judged, negative, non_positive, mention_judged, mention_negative, taxonomy_version, sliced,
                             segmented, place)
                     ORDER BY place
                     ON CONFLICT ON CONSTRAINT " + $slices_key + " DO UPDATE
                         SET feedback = kept.feedback + excluded.feedback, judged = kept.judged + excluded.judged,
                             negative = kept.negative + excluded.negative,
                             non_positive = kept.non_positive + excluded.non_positive,
                             mention_judged = kept.mention_judged + excluded.mention_judged,
                             mention_negative = kept.mention_negative + excluded.mention_negative,
                             sliced = kept.sliced + excluded.sliced,
                             segmented = kept.segmented + excluded.segmented",
                    tenant,
                    &keys.grains,
                    &keys.topics,
                    &keys.starts,
                    &keys.products,
                    &keys.channels,
                    &keys.touchpoints,
                    &sums.feedback,
                    &sums.judged,
                    &sums.negative,
                    &sums.non_positive,
                    &sums.mention_judged,
                    &sums.mention_negative,
                    &keys.versions,
                    &sums.sliced,
                    &sums.segmented
                )
                .execute(&mut **tx)
                .await?;
                Ok(())
            }

            /// Adds to the counts of answers.
            pub(in crate::store) async fn add_ratings(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
                if tally.ratings.is_empty() {
                    return Ok(());
                }
                let keys = Columns::of(tally.ratings.keys().map(|RatingKey { slice, .. }| slice));
                let scales: Vec<String> = tally.ratings.keys().map(|key| key.scale.to_owned()).collect();
                let scores: Vec<i16> = tally.ratings.keys().map(|key| key.score).collect();
                let answers: Vec<i64> = tally.ratings.values().map(|sum| sum.answers).collect();
                let sliced: Vec<i64> = tally.ratings.values().map(|sum| sum.sliced).collect();
                let segmented: Vec<i64> = tally.ratings.values().map(|sum| sum.segmented).collect();
                let tenant = tx.tenant().as_str().to_owned();
                query!(
                    "INSERT INTO " + $ratings + " AS kept (tenant_id, grain, topic_id, scale, start, product, channel,
                         touchpoint, score, taxonomy_version, answers, sliced, segmented)
                     SELECT $1, grain, topic_id, scale, start, product, channel, touchpoint, score, taxonomy_version,
                         answers, sliced, segmented
                     FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                                 $8::text[], $9::smallint[], $10::bigint[], $11::bigint[], $12::bigint[],
                                 $13::bigint[])
                         WITH ORDINALITY AS new (grain, topic_id, start, product, channel, touchpoint, scale, score,
                             answers, taxonomy_version, sliced, segmented, place)
                     ORDER BY place
                     ON CONFLICT ON CONSTRAINT " + $ratings_key + " DO UPDATE
                         SET answers = kept.answers + excluded.answers, sliced = kept.sliced + excluded.sliced,
                             segmented = kept.segmented + excluded.segmented",
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
                    &keys.versions,
                    &sliced,
                    &segmented
                )
                .execute(&mut **tx)
                .await?;
                Ok(())
            }

            /// Subtracts what had been added to the counts of slices.
            pub(in crate::store) async fn subtract_slices(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
                let keys = Columns::of(tally.slices.keys());
                let sums = Sums::of(&tally.slices.values());
                let tenant = tx.tenant().as_str().to_owned();
                query!(
                    "UPDATE " + $slices + " AS kept
                     SET feedback = kept.feedback - gone.feedback, judged = kept.judged - gone.judged,
                         negative = kept.negative - gone.negative, non_positive = kept.non_positive - gone.non_positive,
                         mention_judged = kept.mention_judged - gone.mention_judged,
                         mention_negative = kept.mention_negative - gone.mention_negative,
                         sliced = kept.sliced - gone.sliced, segmented = kept.segmented - gone.segmented
                     FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                                 $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
                                 $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[])
                          AS gone (grain, topic_id, start, product, channel, touchpoint, feedback, judged, negative,
                              non_positive, mention_judged, mention_negative, taxonomy_version, sliced, segmented)
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
                    &sums.feedback,
                    &sums.judged,
                    &sums.negative,
                    &sums.non_positive,
                    &sums.mention_judged,
                    &sums.mention_negative,
                    &keys.versions,
                    &sums.sliced,
                    &sums.segmented
                )
                .execute(&mut **tx)
                .await?;
                Ok(())
            }

            /// Subtracts what had been added to the counts of answers.
            pub(in crate::store) async fn subtract_ratings(tx: &mut Tx, tally: &Tally) -> Result<(), sqlx::Error> {
                if tally.ratings.is_empty() {
                    return Ok(());
                }
                let keys = Columns::of(tally.ratings.keys().map(|RatingKey { slice, .. }| slice));
                let scales: Vec<String> = tally.ratings.keys().map(|key| key.scale.to_owned()).collect();
                let scores: Vec<i16> = tally.ratings.keys().map(|key| key.score).collect();
                let answers: Vec<i64> = tally.ratings.values().map(|sum| sum.answers).collect();
                let sliced: Vec<i64> = tally.ratings.values().map(|sum| sum.sliced).collect();
                let segmented: Vec<i64> = tally.ratings.values().map(|sum| sum.segmented).collect();
                let tenant = tx.tenant().as_str().to_owned();
                query!(
                    "UPDATE " + $ratings + " AS kept
                     SET answers = kept.answers - gone.answers, sliced = kept.sliced - gone.sliced,
                         segmented = kept.segmented - gone.segmented
                     FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[],
                                 $8::text[], $9::smallint[], $10::bigint[], $11::bigint[], $12::bigint[],
                                 $13::bigint[])
                          AS gone (grain, topic_id, scale, start, product, channel, touchpoint, score, answers,
                              taxonomy_version, sliced, segmented)
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
                    &keys.versions,
                    &sliced,
                    &segmented
                )
                .execute(&mut **tx)
                .await?;
                Ok(())
            }
        }
    };
}

rollup!(
    standing,
    "feedback.slice_count",
    "slice_count_pkey",
    "feedback.rating_count",
    "rating_count_pkey"
);
rollup!(
    beside,
    "feedback.coded_slice_count",
    "coded_slice_count_pkey",
    "feedback.coded_rating_count",
    "coded_rating_count_pkey"
);
