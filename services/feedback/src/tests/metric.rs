//! Numbers against those computed by hand.

use attune_api::feedback::v1 as pb;
use attune_rpc::timestamp;
use attune_stats::metric::AnswerScale;

use super::{Bench, CANCELLED, HAPPY, PLAIN, instant, minutes, said};
use crate::domain::{Draft, Rating};
use crate::{commands, convert};

const MIDNIGHT: &str = "2026-03-01T00:00:00Z";

async fn ask(
    bench: &Bench,
    metric: &str,
    slice: pb::Slice,
    end: &str,
    step: pb::Step,
) -> Vec<pb::MetricValue> {
    let request = pb::QueryMetricRequest {
        metric: metric.into(),
        slice: Some(slice),
        start: Some(timestamp(instant(MIDNIGHT))),
        end: Some(timestamp(instant(end))),
        step: step.into(),
        taxonomy_version: None,
    };
    let (measure, version) = convert::metric::query(&request).unwrap();
    let answered = commands::metric::query(&bench.db, &bench.tenant, &measure, version)
        .await
        .unwrap();
    convert::metric::answer_to_proto(answered).values
}

fn answers(scale: AnswerScale, scores: &[(i64, usize)], product: &str, from: i64) -> Vec<Draft> {
    let of = |&(score, count): &(i64, usize)| {
        let rating = Rating::parse(scale, score).unwrap();
        (0..count).map(move |_| rating)
    };
    let draft = |(i, rating): (i64, Rating)| Draft {
        rating: Some(rating),
        ..said("", product, instant(MIDNIGHT) + minutes(from + i * 7))
    };
    (0..).zip(scores.iter().flat_map(of)).map(draft).collect()
}

fn close(a: Option<f64>, b: f64) -> bool {
    a.is_some_and(|a| (a - b).abs() < 1e-3)
}

#[tokio::test]
async fn nps_is_promoters_minus_detractors_with_the_interval_of_a_mean() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    // 20 promoters, 10 passives, 10 detractors: 100 · (20 − 10) / 40 = 25.
    bench
        .submit_many(answers(
            AnswerScale::Nps,
            &[(9, 12), (10, 8), (7, 5), (8, 5), (0, 4), (6, 6)],
            "North",
            0,
        ))
        .await;
    let values = ask(
        &bench,
        "nps",
        pb::Slice::default(),
        "2026-03-02T00:00:00Z",
        pb::Step::Unspecified,
    )
    .await;
    let [value] = values.as_slice() else {
        panic!("{values:?}")
    };
    assert_eq!((value.n, value.version, value.count), (40, 1, 0));
    assert!(close(value.value, 25.0), "{value:?}");
    // Sum of squares 20·75² + 10·25² + 10·125² = 275000; t(39, 0.975) = 2.02269; 2.02269·√(275000/39/40) = 26.8557.
    assert!(
        close(value.low, 25.0 - 26.8557) && close(value.high, 25.0 + 26.8557),
        "{value:?}"
    );
    assert_eq!(value.suppressed_reason, "");
}

#[tokio::test]
async fn csat_is_the_share_of_the_two_best_with_the_interval_of_wilson() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    bench
        .submit_many(answers(
            AnswerScale::Csat,
            &[(5, 10), (4, 6), (3, 1), (1, 3)],
            "North",
            0,
        ))
        .await;
    let values = ask(
        &bench,
        "csat",
        pb::Slice::default(),
        "2026-03-02T00:00:00Z",
        pb::Step::Unspecified,
    )
    .await;
    let value = &values[0];
    assert_eq!((value.n, value.count), (20, 16));
    let distribution = value
        .distribution
        .iter()
        .map(|count| (count.score, count.answers));
    let distribution: Vec<_> = distribution.collect();
    assert_eq!(distribution, [(1, 3), (2, 0), (3, 1), (4, 6), (5, 10)]);
    assert!(
        close(value.value, 0.8) && close(value.low, 0.584) && close(value.high, 0.9193),
        "{value:?}"
    );
}

#[tokio::test]
async fn too_few_answers_give_a_reason_and_no_number() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    bench
        .submit_many(answers(AnswerScale::Ces, &[(5, 3)], "North", 0))
        .await;
    let values = ask(
        &bench,
        "ces",
        pb::Slice::default(),
        "2026-03-02T00:00:00Z",
        pb::Step::Unspecified,
    )
    .await;
    let value = &values[0];
    assert_eq!(
        (value.n, value.value, value.low, value.high),
        (3, None, None, None)
    );
    assert!(value.suppressed_reason.contains("20"), "{value:?}");
    assert!(value.distribution.is_empty(), "three answers are not told apart");
}

#[tokio::test]
async fn a_series_holds_every_step_and_adds_up_to_the_whole() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    bench
        .submit_many(answers(AnswerScale::Nps, &[(9, 200), (3, 200)], "North", 90))
        .await;
    bench
        .submit_many(answers(AnswerScale::Nps, &[(9, 50)], "South", 0))
        .await;
    let north = || pb::Slice {
        product: "North".into(),
        ..pb::Slice::default()
    };
    let end = "2026-03-03T01:00:00Z";
    let hours = ask(&bench, "nps", north(), end, pb::Step::Hour).await;
    let days = ask(&bench, "nps", north(), end, pb::Step::Day).await;
    let whole = ask(&bench, "nps", north(), end, pb::Step::Unspecified).await;
    assert_eq!((hours.len(), days.len(), whole.len()), (49, 3, 1));
    let n = |values: &[pb::MetricValue]| values.iter().map(|value| value.n).sum::<i64>();
    assert_eq!((n(&hours), n(&days), n(&whole)), (400, 400, 400));
    assert_eq!(hours[0].n, 0);
    assert!(hours.windows(2).all(|pair| pair[0].end == pair[1].start));
}

#[tokio::test]
async fn shares_count_what_was_said_in_the_slice() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    let at = |i: i64| instant(MIDNIGHT) + minutes(i);
    let mut batch: Vec<Draft> = (0..12).map(|i| said(CANCELLED, "North", at(i))).collect();
    batch.extend((0..18).map(|i| said(PLAIN, "North", at(i))));
    batch.extend((0..10).map(|i| said(HAPPY, "North", at(i))));
    batch.extend((0..40).map(|i| said(CANCELLED, "South", at(i))));
    bench.submit_many(batch).await;
    let slice = pb::Slice {
        product: "North".into(),
        topic_id: "cancellation".into(),
        ..pb::Slice::default()
    };
    let values = ask(
        &bench,
        "topic_share",
        slice,
        "2026-03-02T00:00:00Z",
        pb::Step::Day,
    )
    .await;
    assert_eq!((values[0].n, values[0].count), (40, 12));
    assert!(close(values[0].value, 0.3));
    let slice = pb::Slice {
        product: "South".into(),
        ..pb::Slice::default()
    };
    let values = ask(
        &bench,
        "sentiment_negative_share",
        slice,
        "2026-03-02T00:00:00Z",
        pb::Step::Day,
    )
    .await;
    assert_eq!((values[0].n, values[0].count), (40, 40));
}

#[tokio::test]
async fn a_topic_is_negative_by_the_feeling_where_it_is_mentioned() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    let both = "You cancelled my flight, this is terrible and awful. Thank you so much, great friendly crew!";
    let batch = (0..25).map(|i| said(both, "North", instant(MIDNIGHT) + minutes(i)));
    bench.submit_many(batch.collect()).await;
    for (topic_id, share) in [("cancellation", 1.0), ("staff_attitude", 0.0)] {
        let slice = pb::Slice {
            topic_id: topic_id.into(),
            ..pb::Slice::default()
        };
        let end = "2026-03-02T00:00:00Z";
        let values = ask(&bench, "topic_negative_share", slice, end, pb::Step::Unspecified).await;
        assert_eq!(values[0].n, 25, "{topic_id}");
        assert!(close(values[0].value, share), "{topic_id}: {values:?}");
    }
    let without_topic = pb::QueryMetricRequest {
        metric: "topic_negative_share".into(),
        start: Some(timestamp(instant(MIDNIGHT))),
        end: Some(timestamp(instant("2026-03-02T00:00:00Z"))),
        ..pb::QueryMetricRequest::default()
    };
    assert!(convert::metric::query(&without_topic).is_err());
}
