//! The counts are those of a recount, whatever came in which order and at the same time.

use std::cell::Cell;

use attune_rpc::TenantId;
use futures::future::join_all;
use proptest::prelude::*;
use uuid::Uuid;

use super::{Bench, CANCELLED, HAPPY, LATE, PLAIN, instant, minutes, recoding, said, topic};
use crate::commands;
use crate::commands::topic::Change;
use crate::domain::{Draft, Rating};
use crate::store;
use attune_stats::metric::AnswerScale;

/// Rows that the kept counts and a recount of the feedback do not share.
const SLICES: &str = "
    WITH said AS (
        SELECT f.occurred_at, f.product, f.channel, f.touchpoint, f.engine, f.sentiment, f.taxonomy_version,
               f.stage, f.segments, t.topic_id, t.there
        FROM feedback.feedback f CROSS JOIN LATERAL (
            SELECT '' AS topic_id, NULL AS there
            UNION ALL SELECT e ->> 'topic_id', e ->> 'sentiment' FROM jsonb_array_elements(f.topics) e) t
        WHERE f.tenant_id = $1),
    recount AS (
        SELECT grain, topic_id, date_trunc(grain, occurred_at, 'UTC') AS start, product, channel, touchpoint,
               taxonomy_version, count(*) AS feedback, count(sentiment) AS judged,
               count(*) FILTER (WHERE sentiment = 'negative') AS negative,
               count(*) FILTER (WHERE engine IS NOT NULL AND sentiment IS DISTINCT FROM 'positive') AS non_positive,
               count(there) AS mention_judged, count(*) FILTER (WHERE there = 'negative') AS mention_negative,
               count(stage) AS sliced, count(segments) AS segmented
        FROM said CROSS JOIN (VALUES ('hour'), ('day')) AS grains (grain)
        GROUP BY 1, 2, 3, 4, 5, 6, 7),
    kept AS (
        SELECT grain, topic_id, start, product, channel, touchpoint, taxonomy_version, feedback, judged, negative,
               non_positive, mention_judged, mention_negative, sliced, segmented
        FROM feedback.slice_count WHERE tenant_id = $1 AND feedback > 0)
    SELECT count(*) FROM ((TABLE recount EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE recount)) d";

const RATINGS: &str = "
    WITH said AS (
        SELECT f.occurred_at, f.product, f.channel, f.touchpoint, f.rating_scale, f.rating_score,
               f.taxonomy_version, f.stage, f.segments, t.topic_id
        FROM feedback.feedback f CROSS JOIN LATERAL (
            SELECT '' AS topic_id UNION ALL SELECT e ->> 'topic_id' FROM jsonb_array_elements(f.topics) e) t
        WHERE f.tenant_id = $1 AND f.rating_scale IS NOT NULL),
    recount AS (
        SELECT grain, topic_id, rating_scale AS scale, date_trunc(grain, occurred_at, 'UTC') AS start, product,
               channel, touchpoint, rating_score AS score, taxonomy_version, count(*) AS answers,
               count(stage) AS sliced, count(segments) AS segmented
        FROM said CROSS JOIN (VALUES ('hour'), ('day')) AS grains (grain)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9),
    kept AS (
        SELECT grain, topic_id, scale, start, product, channel, touchpoint, score, taxonomy_version, answers, sliced,
               segmented
        FROM feedback.rating_count WHERE tenant_id = $1 AND answers > 0)
    SELECT count(*) FROM ((TABLE recount EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE recount)) d";

const MENTIONS: &str = "
    WITH recount AS (
        SELECT date_trunc('hour', f.occurred_at, 'UTC') AS start, e ->> 'topic_id' AS topic_id, f.product,
               count(DISTINCT f.profile_id) + count(*) FILTER (WHERE f.profile_id IS NULL) AS mentions
        FROM feedback.feedback f CROSS JOIN LATERAL jsonb_array_elements(f.topics) e
        WHERE f.tenant_id = $1 AND f.sentiment IS DISTINCT FROM 'positive'
        GROUP BY 1, 2, 3),
    kept AS (
        SELECT start, topic_id, product, mentions FROM feedback.mention_count WHERE tenant_id = $1 AND mentions > 0)
    SELECT count(*) FROM ((TABLE recount EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE recount)) d";

/// The same of the codings beside those that stand.
const CODED_SLICES: &str = "
    WITH said AS (
        SELECT f.occurred_at, f.product, f.channel, f.touchpoint, f.engine, f.sentiment, coding.taxonomy_version,
               f.stage, f.segments, t.topic_id, t.there
        FROM feedback.feedback f JOIN feedback.coding USING (tenant_id, feedback_id) CROSS JOIN LATERAL (
            SELECT '' AS topic_id, NULL AS there
            UNION ALL SELECT e ->> 'topic_id', e ->> 'sentiment' FROM jsonb_array_elements(coding.topics) e) t
        WHERE tenant_id = $1),
    recount AS (
        SELECT grain, topic_id, date_trunc(grain, occurred_at, 'UTC') AS start, product, channel, touchpoint,
               taxonomy_version, count(*) AS feedback, count(sentiment) AS judged,
               count(*) FILTER (WHERE sentiment = 'negative') AS negative,
               count(*) FILTER (WHERE engine IS NOT NULL AND sentiment IS DISTINCT FROM 'positive') AS non_positive,
               count(there) AS mention_judged, count(*) FILTER (WHERE there = 'negative') AS mention_negative,
               count(stage) AS sliced, count(segments) AS segmented
        FROM said CROSS JOIN (VALUES ('hour'), ('day')) AS grains (grain)
        GROUP BY 1, 2, 3, 4, 5, 6, 7),
    kept AS (
        SELECT grain, topic_id, start, product, channel, touchpoint, taxonomy_version, feedback, judged, negative,
               non_positive, mention_judged, mention_negative, sliced, segmented
        FROM feedback.coded_slice_count WHERE tenant_id = $1 AND feedback > 0)
    SELECT count(*) FROM ((TABLE recount EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE recount)) d";

const CODED_RATINGS: &str = "
    WITH said AS (
        SELECT f.occurred_at, f.product, f.channel, f.touchpoint, f.rating_scale, f.rating_score,
               coding.taxonomy_version, f.stage, f.segments, t.topic_id
        FROM feedback.feedback f JOIN feedback.coding USING (tenant_id, feedback_id) CROSS JOIN LATERAL (
            SELECT '' AS topic_id UNION ALL SELECT e ->> 'topic_id' FROM jsonb_array_elements(coding.topics) e) t
        WHERE tenant_id = $1 AND f.rating_scale IS NOT NULL),
    recount AS (
        SELECT grain, topic_id, rating_scale AS scale, date_trunc(grain, occurred_at, 'UTC') AS start, product,
               channel, touchpoint, rating_score AS score, taxonomy_version, count(*) AS answers,
               count(stage) AS sliced, count(segments) AS segmented
        FROM said CROSS JOIN (VALUES ('hour'), ('day')) AS grains (grain)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9),
    kept AS (
        SELECT grain, topic_id, scale, start, product, channel, touchpoint, score, taxonomy_version, answers, sliced,
               segmented
        FROM feedback.coded_rating_count WHERE tenant_id = $1 AND answers > 0)
    SELECT count(*) FROM ((TABLE recount EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE recount)) d";

/// The same by agent, team, stage, language and segment; a piece counts in each of its segments.
const FACETS: &str = "
    WITH said AS (
        SELECT f.occurred_at, f.product, f.channel, f.touchpoint, f.engine, f.sentiment, f.taxonomy_version,
               t.topic_id, t.there, facets.facet, facets.value
        FROM feedback.feedback f CROSS JOIN LATERAL (
            SELECT '' AS topic_id, NULL AS there
            UNION ALL SELECT e ->> 'topic_id', e ->> 'sentiment' FROM jsonb_array_elements(f.topics) e) t
        CROSS JOIN LATERAL (
            SELECT facet, value
            FROM (VALUES ('agent', f.agent_id), ('team', f.team), ('stage', f.stage), ('language', f.language))
                 AS single (facet, value)
            WHERE f.stage IS NOT NULL AND value <> ''
            UNION ALL SELECT 'segment', unnest(f.segments)) AS facets
        WHERE f.tenant_id = $1),
    recount AS (
        SELECT facet, value, grain, topic_id, date_trunc(grain, occurred_at, 'UTC') AS start, product, channel,
               touchpoint, taxonomy_version, count(*) AS feedback, count(sentiment) AS judged,
               count(*) FILTER (WHERE sentiment = 'negative') AS negative,
               count(*) FILTER (WHERE engine IS NOT NULL AND sentiment IS DISTINCT FROM 'positive') AS non_positive,
               count(there) AS mention_judged, count(*) FILTER (WHERE there = 'negative') AS mention_negative
        FROM said CROSS JOIN (VALUES ('hour'), ('day')) AS grains (grain)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9),
    kept AS (
        SELECT facet, value, grain, topic_id, start, product, channel, touchpoint, taxonomy_version, feedback, judged,
               negative, non_positive, mention_judged, mention_negative
        FROM feedback.facet_count WHERE tenant_id = $1 AND feedback > 0)
    SELECT count(*) FROM ((TABLE recount EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE recount)) d";

const FACET_RATINGS: &str = "
    WITH said AS (
        SELECT f.occurred_at, f.product, f.channel, f.touchpoint, f.rating_scale, f.rating_score, f.taxonomy_version,
               t.topic_id, facets.facet, facets.value
        FROM feedback.feedback f CROSS JOIN LATERAL (
            SELECT '' AS topic_id UNION ALL SELECT e ->> 'topic_id' FROM jsonb_array_elements(f.topics) e) t
        CROSS JOIN LATERAL (
            SELECT facet, value
            FROM (VALUES ('agent', f.agent_id), ('team', f.team), ('stage', f.stage), ('language', f.language))
                 AS single (facet, value)
            WHERE f.stage IS NOT NULL AND value <> ''
            UNION ALL SELECT 'segment', unnest(f.segments)) AS facets
        WHERE f.tenant_id = $1 AND f.rating_scale IS NOT NULL),
    recount AS (
        SELECT facet, value, grain, topic_id, rating_scale AS scale, date_trunc(grain, occurred_at, 'UTC') AS start,
               product, channel, touchpoint, rating_score AS score, taxonomy_version, count(*) AS answers
        FROM said CROSS JOIN (VALUES ('hour'), ('day')) AS grains (grain)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    kept AS (
        SELECT facet, value, grain, topic_id, scale, start, product, channel, touchpoint, score, taxonomy_version,
               answers
        FROM feedback.facet_rating_count WHERE tenant_id = $1 AND answers > 0)
    SELECT count(*) FROM ((TABLE recount EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE recount)) d";

fn rating() -> impl Strategy<Value = Option<Rating>> {
    let on = |scale: AnswerScale| {
        (scale.minimum()..=scale.maximum()).prop_map(move |score| Rating::parse(scale, score).unwrap())
    };
    prop::option::of(prop_oneof![
        on(AnswerScale::Nps),
        on(AnswerScale::Csat),
        on(AnswerScale::Ces)
    ])
}

fn draft() -> impl Strategy<Value = Draft> {
    let text = prop::sample::select(vec![
        CANCELLED,
        LATE,
        PLAIN,
        HAPPY,
        "cancelled and late, where is my bag",
        "You cancelled my flight, this is awful. The crew was friendly, thank you so much!",
        "",
    ]);
    let product = prop::sample::select(vec!["", "North", "South"]);
    let channel = prop::sample::select(vec!["email", "social"]);
    let touchpoint = prop::sample::select(vec!["", "gate"]);
    let person = prop::option::of((1_u128..4).prop_map(Uuid::from_u128));
    let source = prop::option::weighted(0.3, 0_u8..10);
    let served = (
        prop::sample::select(vec!["", "Ana", "Ben"]),
        prop::sample::select(vec!["", "Airport"]),
        prop::sample::select(vec!["", "JOURNEY_STAGE_RETENTION", "JOURNEY_STAGE_LOYALTY"]),
        prop::sample::subsequence(vec!["gold", "new", "abroad"], 0..=3),
    );
    (
        text,
        product,
        (channel, touchpoint, served),
        person,
        rating(),
        0_i64..4000,
        source,
    )
        .prop_map(
            |(text, product, (channel, touchpoint, served), profile_id, rating, minute, source)| {
                let (agent, team, stage, segments) = served;
                let nothing = rating.is_none() && text.is_empty();
                Draft {
                    channel: channel.into(),
                    touchpoint: touchpoint.into(),
                    agent_id: agent.into(),
                    team: team.into(),
                    stage: stage.into(),
                    segments: Some(segments.into_iter().map(str::to_owned).collect()),
                    profile_id,
                    rating,
                    source_id: source.map(|source| source.to_string()),
                    ..said(
                        if nothing { PLAIN } else { text },
                        product,
                        instant("2026-02-27T20:30:00Z") + minutes(minute),
                    )
                }
            },
        )
}

/// What happens to a taxonomy between two batches.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    /// The topics of the texts are put below one.
    Above,
    /// A topic of the texts gets another word.
    Word,
    /// Everything is coded with the version that stands, or with an earlier one.
    Recode {
        back: i64,
    },
    /// Something that was said is taken back.
    Withdraw,
    /// Everything until now was recorded by a version before, which knew no facets.
    Before,
    /// The same by one which knew the facets and no segments.
    BeforeSegments,
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        Just(Between::Nothing),
        Just(Between::Above),
        Just(Between::Word),
        (0_i64..3).prop_map(|back| Between::Recode { back }),
        Just(Between::Withdraw),
        Just(Between::Before),
        Just(Between::BeforeSegments),
    ]
}

impl Between {
    async fn happen(self, bench: &Bench) {
        match self {
            Self::Nothing => {}
            Self::Above => {
                if topic::find(bench, "travel").await.is_none() {
                    topic::make_group(bench, "travel").await;
                    topic::put_below(bench, "cancellation", "travel").await.unwrap();
                }
                topic::put_below(bench, "delay", "travel").await.unwrap();
            }
            Self::Word => {
                let change = Change {
                    keywords: Some(vec!["awful".into(), "gate".into()]),
                    parent_id: Some(None),
                    ..Change::default()
                };
                topic::change(bench, "delay", change).await.unwrap();
            }
            Self::Recode { back } => {
                let now = bench.number(VERSION).await;
                recoding::recode(bench, Some((now - back).max(0))).await;
            }
            Self::Before => leave_behind(bench, &BEFORE).await,
            Self::BeforeSegments => leave_behind(bench, &BEFORE_SEGMENTS).await,
            Self::Withdraw => withdraw(bench, 5).await,
        }
    }
}

/// Writes what another version would have written.
pub(super) async fn leave_behind(bench: &Bench, statements: &[&'static str]) {
    let mut tx = bench.db.system(&bench.tenant).await.unwrap();
    for &statement in statements {
        let query = sqlx::query(statement).bind(bench.tenant.as_str());
        query.execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Takes the `most` oldest pieces of feedback back.
pub(super) async fn withdraw(bench: &Bench, most: i64) {
    let mut tx = bench.db.system(&bench.tenant).await.unwrap();
    let oldest = "SELECT feedback_id FROM feedback.feedback WHERE tenant_id = $1 ORDER BY 1 LIMIT $2";
    let ids: Vec<Uuid> = sqlx::query_scalar(oldest)
        .bind(bench.tenant.as_str())
        .bind(most)
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    let beside = commands::response::withdraw(&mut tx, &ids).await.unwrap();
    store::coded_counts::subtract(&mut tx, &beside).await.unwrap();
    tx.commit().await.unwrap();
}

/// What a version that knew no facets leaves behind: the same feedback and counts, and nothing of them.
pub(super) const BEFORE: [&str; 7] = [
    "UPDATE feedback.feedback SET team = NULL, stage = NULL, segments = NULL WHERE tenant_id = $1",
    "UPDATE feedback.slice_count SET sliced = 0, segmented = 0 WHERE tenant_id = $1",
    "UPDATE feedback.rating_count SET sliced = 0, segmented = 0 WHERE tenant_id = $1",
    "UPDATE feedback.coded_slice_count SET sliced = 0, segmented = 0 WHERE tenant_id = $1",
    "UPDATE feedback.coded_rating_count SET sliced = 0, segmented = 0 WHERE tenant_id = $1",
    "DELETE FROM feedback.facet_count WHERE tenant_id = $1",
    "DELETE FROM feedback.facet_rating_count WHERE tenant_id = $1",
];

/// What a version that knew facets and no segments leaves behind.
pub(super) const BEFORE_SEGMENTS: [&str; 7] = [
    "UPDATE feedback.feedback SET segments = NULL WHERE tenant_id = $1",
    "UPDATE feedback.slice_count SET segmented = 0 WHERE tenant_id = $1",
    "UPDATE feedback.rating_count SET segmented = 0 WHERE tenant_id = $1",
    "UPDATE feedback.coded_slice_count SET segmented = 0 WHERE tenant_id = $1",
    "UPDATE feedback.coded_rating_count SET segmented = 0 WHERE tenant_id = $1",
    "DELETE FROM feedback.facet_count WHERE tenant_id = $1 AND facet = 'segment'",
    "DELETE FROM feedback.facet_rating_count WHERE tenant_id = $1 AND facet = 'segment'",
];

/// How many rows of each kept count are not those of a recount, and the other way round.
pub(super) async fn differences(bench: &Bench) -> [i64; 7] {
    [
        bench.number(SLICES).await,
        bench.number(RATINGS).await,
        bench.number(MENTIONS).await,
        bench.number(CODED_SLICES).await,
        bench.number(CODED_RATINGS).await,
        bench.number(FACETS).await,
        bench.number(FACET_RATINGS).await,
    ]
}

const VERSION: &str = "SELECT coalesce(max(version), 0) FROM feedback.taxonomy WHERE tenant_id = $1";

#[test]
fn kept_counts_are_those_of_a_recount() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut bench = runtime.block_on(Bench::at("2026-03-02T12:00:00Z"));
    let cases = Cell::new(0);
    let batches = prop::collection::vec(prop::collection::vec(draft(), 1..40), 1..6);
    let rounds = prop::collection::vec((batches, between()), 1..4);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(12));
    let bench = std::cell::RefCell::new(&mut bench);
    let outcome = runner.run(&rounds, |rounds| {
        cases.set(cases.get() + 1);
        let mut bench = bench.borrow_mut();
        bench.tenant = TenantId::parse(&format!("case-{}", cases.get())).unwrap();
        let differences = runtime.block_on(async {
            for (batches, between) in rounds {
                let submit =
                    |batch| commands::feedback::submit_many(&bench.db, &bench.reader, &bench.tenant, batch);
                join_all(batches.into_iter().map(submit))
                    .await
                    .into_iter()
                    .for_each(|outcome| drop(outcome.unwrap()));
                between.happen(&bench).await;
            }
            differences(&bench).await
        });
        prop_assert_eq!(differences, [0; 7]);
        Ok(())
    });
    outcome.unwrap();
}
