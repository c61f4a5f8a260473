//! Numbers of feedback by the customer segments that the person was in, of which there may be several at once.

use attune_api::feedback::v1 as pb;
use attune_rpc::{TenantId, timestamp};
use attune_stats::metric::AnswerScale;

use super::comparison::compare;
use super::facets::{MIDNIGHT, NEXT, agent, answer, ask, question};
use super::{Bench, CANCELLED, HAPPY, counts, instant, minutes, said};
use crate::convert;
use crate::domain::{Draft, Rating};

fn segment(name: &str) -> pb::Slice {
    pb::Slice {
        segment: name.into(),
        ..pb::Slice::default()
    }
}

fn with_segments(segments: &[&str], draft: Draft) -> Draft {
    Draft {
        segments: Some(segments.iter().map(|&name| name.to_owned()).collect()),
        ..draft
    }
}

/// So many promoters and detractors of some segments, served by Ana.
fn recommended(segments: &[&str], promoters: i64, detractors: i64) -> Vec<Draft> {
    let score = |place| if place < promoters { 10 } else { 0 };
    let draft = |place| Draft {
        agent_id: "Ana".into(),
        rating: Some(Rating::parse(AnswerScale::Nps, score(place)).unwrap()),
        ..said("", "North", instant(MIDNIGHT) + minutes(place))
    };
    let drafts = (0..promoters + detractors).map(draft);
    drafts.map(|draft| with_segments(segments, draft)).collect()
}

/// Gold customers who recommend, new ones who do not, some who are both, and some of whom nobody said anything.
async fn customers() -> Bench {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    bench.submit_many(recommended(&["gold"], 40, 10)).await;
    bench.submit_many(recommended(&["new"], 10, 40)).await;
    bench.submit_many(recommended(&["new", "gold"], 15, 15)).await;
    bench.submit_many(recommended(&[], 20, 0)).await;
    bench
}

fn group(slice: pb::Slice) -> pb::MetricGroup {
    pb::MetricGroup {
        slice: Some(slice),
        start: Some(timestamp(instant(MIDNIGHT))),
        end: Some(timestamp(instant(NEXT))),
    }
}

fn contrast(reference: pb::Slice, others: Vec<pb::Slice>) -> pb::CompareMetricRequest {
    let reference = group(reference);
    pb::CompareMetricRequest {
        metric: "nps".into(),
        slice: reference.slice,
        start: reference.start,
        end: reference.end,
        groups: others.into_iter().map(group).collect(),
    }
}

#[tokio::test]
async fn who_is_in_two_segments_counts_in_both_and_once_in_everything() {
    let mut bench = customers().await;
    let gold = ask(&bench, "nps", segment("gold")).await;
    assert_eq!((gold.n, gold.value, gold.unsliced), (80, Some(37.5), 0));
    let scores: Vec<i64> = gold.distribution.iter().map(|score| score.answers).collect();
    assert_eq!((scores[0], scores[10], scores.iter().sum::<i64>()), (25, 55, 80));
    let new = ask(&bench, "nps", segment("new")).await;
    assert_eq!((new.n, new.value), (80, Some(-37.5)));
    assert_eq!(ask(&bench, "nps", pb::Slice::default()).await.n, 150);
    assert_eq!(ask(&bench, "nps", segment("silver")).await.n, 0);
    let elsewhere = pb::Slice {
        product: "South".into(),
        ..segment("gold")
    };
    assert_eq!(ask(&bench, "nps", elsewhere).await.n, 0);
    assert_eq!(counts::differences(&bench).await, [0; 7]);

    let told = bench.told::<pb::FeedbackSubmitted>().await;
    let both = told
        .iter()
        .filter(|(.., event)| event.segments == ["new", "gold"]);
    assert_eq!(both.count(), 30, "in the order in which they were named");

    bench.tenant = TenantId::parse("globex").unwrap();
    let theirs = ask(&bench, "nps", segment("gold")).await;
    assert_eq!((theirs.n, theirs.unsliced), (0, 0));
}

#[tokio::test]
async fn two_segments_are_compared_and_what_they_share_is_told() {
    let bench = customers().await;
    let south = |slice| pb::Slice {
        product: "South".into(),
        ..slice
    };
    let asked = contrast(
        segment("gold"),
        vec![segment("new"), south(segment("new")), south(segment("gold"))],
    );
    let refused = convert::comparison::contrast(&asked).map(drop);
    assert!(
        refused.unwrap_err().message().contains("groups[2]"),
        "gold customers of one product are among all gold ones"
    );
    let asked = contrast(segment("gold"), vec![segment("new")]);
    let compared = compare(&bench, &asked).await.comparisons.remove(0);
    assert_eq!(compared.difference, Some(-75.0), "{compared:?}");
    assert!(compared.adjusted_p_value.unwrap() < 0.001, "{compared:?}");
    assert!(compared.note.contains("in both segments"), "{compared:?}");
    let north = pb::Slice {
        product: "North".into(),
        ..segment("gold")
    };
    let apart = compare(&bench, &contrast(north, vec![south(segment("new"))])).await;
    assert_eq!(
        apart.comparisons[0].note, "",
        "products are apart, whoever bought them"
    );

    let everything = contrast(pb::Slice::default(), vec![segment("gold")]);
    let refused = convert::comparison::contrast(&everything).unwrap_err();
    assert!(refused.message().contains("segment"), "{refused:?}");
}

#[tokio::test]
async fn what_is_said_in_a_segment_has_shares_of_its_own() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    let texts = |segments: &'static [&'static str], text: &'static str, count: i64| -> Vec<Draft> {
        let draft = |i| with_segments(segments, said(text, "North", instant(MIDNIGHT) + minutes(i)));
        (0..count).map(draft).collect()
    };
    bench.submit_many(texts(&["gold"], CANCELLED, 24)).await;
    bench.submit_many(texts(&["gold", "new"], HAPPY, 16)).await;
    bench.submit_many(texts(&[], CANCELLED, 5)).await;
    let about = |slice| pb::Slice {
        topic_id: "cancellation".into(),
        ..slice
    };
    let asked = answer(&bench, "topic_share", about(segment("gold"))).await;
    assert_eq!((asked.values[0].n, asked.values[0].count), (40, 24));
    let codings = asked.taxonomy.unwrap().codings;
    assert_eq!(codings.iter().map(|coding| coding.feedback).sum::<i64>(), 40);
    let feeling = ask(&bench, "sentiment_negative_share", segment("new")).await;
    assert_eq!((feeling.n, feeling.count), (16, 0));

    let one_version = pb::QueryMetricRequest {
        taxonomy_version: Some(0),
        ..question("topic_share", about(segment("gold")))
    };
    let refused = convert::metric::query(&one_version).unwrap_err();
    assert!(refused.message().contains("taxonomy_version"), "{refused:?}");
    let both = pb::Slice {
        language: "en".into(),
        ..segment("gold")
    };
    let refused = convert::metric::query(&question("nps", both)).unwrap_err();
    assert!(refused.message().contains("segment"), "{refused:?}");
}

#[tokio::test]
async fn what_is_taken_back_is_gone_from_every_segment() {
    let bench = customers().await;
    counts::withdraw(&bench, 60).await;
    assert_eq!(counts::differences(&bench).await, [0; 7]);
    assert_eq!(ask(&bench, "nps", pb::Slice::default()).await.n, 90);
    counts::withdraw(&bench, 1000).await;
    for slice in [segment("gold"), segment("new"), agent("Ana")] {
        let left = ask(&bench, "nps", slice).await;
        assert_eq!((left.n, left.unsliced), (0, 0));
    }
}

/// What a process of the version before writes where everything is said again: it counts by agent, team, stage and
/// language, and names neither the segments nor their counts.
const SAID_AGAIN: [&str; 5] = [
    "INSERT INTO feedback.feedback (tenant_id, created_at, feedback_id, profile_id, interaction_id, origin, channel,
         touchpoint, product, agent_id, rating_scale, rating_score, text, occurred_at, source_id, engine, language,
         sentiment_score, sentiment, sentiment_probability, topics, taxonomy_version, team, stage)
     SELECT tenant_id, created_at, gen_random_uuid(), profile_id, interaction_id, origin, channel, touchpoint, product,
         agent_id, rating_scale, rating_score, text, occurred_at, source_id, engine, language, sentiment_score,
         sentiment, sentiment_probability, topics, taxonomy_version, team, stage
     FROM feedback.feedback WHERE tenant_id = $1",
    "UPDATE feedback.slice_count SET feedback = 2 * feedback, judged = 2 * judged, negative = 2 * negative,
         non_positive = 2 * non_positive, sliced = 2 * sliced WHERE tenant_id = $1",
    "UPDATE feedback.rating_count SET answers = 2 * answers, sliced = 2 * sliced WHERE tenant_id = $1",
    "UPDATE feedback.facet_count SET feedback = 2 * feedback, judged = 2 * judged, negative = 2 * negative,
         non_positive = 2 * non_positive WHERE tenant_id = $1 AND facet <> 'segment'",
    "UPDATE feedback.facet_rating_count SET answers = 2 * answers WHERE tenant_id = $1 AND facet <> 'segment'",
];

#[tokio::test]
async fn what_a_version_without_segments_recorded_is_told_apart_also_while_it_still_runs() {
    let bench = customers().await;
    counts::leave_behind(&bench, &counts::BEFORE_SEGMENTS).await;
    let before = ask(&bench, "nps", segment("gold")).await;
    assert_eq!((before.n, before.unsliced, before.value), (0, 150, None));
    assert!(before.suppressed_reason.contains("of 150 more"), "{before:?}");
    let share = ask(&bench, "sentiment_negative_share", segment("gold")).await;
    assert_eq!(share.unsliced, 150, "shares tell it too");
    let ana = ask(&bench, "nps", agent("Ana")).await;
    assert_eq!(
        (ana.n, ana.unsliced),
        (150, 0),
        "agents were counted before segments"
    );

    bench.submit_many(recommended(&["gold"], 40, 10)).await;
    let since = ask(&bench, "nps", segment("gold")).await;
    assert_eq!((since.n, since.value, since.unsliced), (50, Some(60.0), 150));
    counts::leave_behind(&bench, &SAID_AGAIN).await;
    let beside = ask(&bench, "nps", segment("gold")).await;
    assert_eq!((beside.n, beside.unsliced), (50, 350));
    assert_eq!(ask(&bench, "nps", agent("Ana")).await.n, 400);
    assert_eq!(counts::differences(&bench).await, [0; 7]);
    counts::withdraw(&bench, 170).await;
    assert_eq!(
        counts::differences(&bench).await,
        [0; 7],
        "whoever recorded what is taken back"
    );
}
