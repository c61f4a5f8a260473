//! Groups of feedback beside each other.

use attune_api::feedback::v1 as pb;
use attune_rpc::timestamp;
use attune_stats::metric::AnswerScale;

use super::{Bench, CANCELLED, PLAIN, instant, minutes, said};
use crate::domain::{Draft, Rating};
use crate::{commands, convert};

const FIRST: &str = "2026-03-01T00:00:00Z";
const SECOND: &str = "2026-03-02T00:00:00Z";
const THIRD: &str = "2026-03-03T00:00:00Z";

fn group(product: &str, start: &str, end: &str) -> pb::MetricGroup {
    pb::MetricGroup {
        slice: Some(pb::Slice {
            product: product.into(),
            ..pb::Slice::default()
        }),
        start: Some(timestamp(instant(start))),
        end: Some(timestamp(instant(end))),
    }
}

fn request(
    metric: &str,
    reference: pb::MetricGroup,
    groups: Vec<pb::MetricGroup>,
) -> pb::CompareMetricRequest {
    pb::CompareMetricRequest {
        metric: metric.into(),
        slice: reference.slice,
        start: reference.start,
        end: reference.end,
        groups,
    }
}

pub(super) async fn compare(bench: &Bench, request: &pb::CompareMetricRequest) -> pb::CompareMetricResponse {
    let contrast = convert::comparison::contrast(request).unwrap();
    let compared = commands::comparison::compare(&bench.db, &bench.tenant, contrast)
        .await
        .unwrap();
    convert::comparison::compared_to_proto(compared)
}

fn rated(scale: AnswerScale, scores: &[(i64, i64)], product: &str, from: &str) -> Vec<Draft> {
    let all = scores
        .iter()
        .flat_map(|&(score, count)| (0..count).map(move |_| score));
    let draft = |(i, score)| Draft {
        rating: Some(Rating::parse(scale, score).unwrap()),
        ..said("", product, instant(from) + minutes(i))
    };
    (0..).zip(all).map(draft).collect()
}

fn close(found: Option<f64>, expected: f64) {
    assert!(
        found.is_some_and(|found| (found - expected).abs() < 1e-5),
        "{found:?} instead of {expected}"
    );
}

#[tokio::test]
async fn two_windows_of_csat_are_compared_by_newcombes_interval() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    bench
        .submit_many(rated(
            AnswerScale::Csat,
            &[(5, 30), (4, 18), (2, 32)],
            "North",
            FIRST,
        ))
        .await;
    bench
        .submit_many(rated(
            AnswerScale::Csat,
            &[(5, 40), (4, 16), (1, 14)],
            "North",
            SECOND,
        ))
        .await;
    let asked = request("csat", group("", FIRST, SECOND), vec![group("", SECOND, THIRD)]);
    let answer = compare(&bench, &asked).await;
    let [found] = answer.comparisons.as_slice() else {
        panic!("{answer:?}")
    };
    let n = |value: &Option<pb::MetricValue>| value.as_ref().map(|value| (value.count, value.n));
    assert_eq!(
        (n(&answer.reference), n(&found.value)),
        (Some((48, 80)), Some((56, 70)))
    );
    // statsmodels and scipy, as in shared/stats/reference/comparison.py.
    close(found.difference, 0.2);
    close(found.low, 0.052_431);
    close(found.high, 0.333_873);
    close(found.p_value, 0.008_258);
    assert_eq!(
        found.p_value, found.adjusted_p_value,
        "one comparison needs no correction"
    );
    assert!(
        found.method.contains("Newcombe") && found.suppressed_reason.is_empty(),
        "{found:?}"
    );
}

#[tokio::test]
async fn several_groups_are_corrected_and_small_ones_say_why_they_are_left_out() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    for (product, scores) in [
        ("North", [(10, 40), (8, 30), (3, 30)]),
        ("South", [(10, 20), (8, 30), (3, 50)]),
        ("East", [(10, 42), (8, 30), (3, 28)]),
        ("West", [(10, 2), (8, 2), (3, 2)]),
    ] {
        bench
            .submit_many(rated(AnswerScale::Nps, &scores, product, FIRST))
            .await;
    }
    let others = ["South", "East", "West"].map(|product| group(product, FIRST, SECOND));
    let answer = compare(
        &bench,
        &request("nps", group("North", FIRST, SECOND), others.into()),
    )
    .await;
    let [south, east, west] = answer.comparisons.as_slice() else {
        panic!("{answer:?}")
    };
    close(south.difference, -40.0);
    close(south.adjusted_p_value, 2.0 * south.p_value.unwrap());
    assert!(
        south.high.unwrap() < 0.0 && south.adjusted_p_value.unwrap() < 0.05,
        "{south:?}"
    );
    assert!(east.low.unwrap() < 0.0 && east.high.unwrap() > 0.0 && east.adjusted_p_value.unwrap() > 0.5);
    assert!(
        (south.level - 0.975).abs() < 1e-12,
        "two intervals that hold together"
    );
    assert_eq!((west.difference, west.p_value), (None, None));
    assert!(west.suppressed_reason.contains("6 of at least 30"), "{west:?}");
}

#[tokio::test]
async fn shares_of_topics_are_compared_too() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    let day = |from: &str, hits: i64| {
        let from = instant(from);
        let text = move |i| if i < hits { CANCELLED } else { PLAIN };
        (0..40)
            .map(move |i| said(text(i), "North", from + minutes(i)))
            .collect()
    };
    bench.submit_many(day(FIRST, 4)).await;
    bench.submit_many(day(SECOND, 24)).await;
    let about = |start, end| {
        let mut group = group("", start, end);
        group.slice.as_mut().unwrap().topic_id = "cancellation".into();
        group
    };
    let asked = request("topic_share", about(FIRST, SECOND), vec![about(SECOND, THIRD)]);
    let answer = compare(&bench, &asked).await;
    close(answer.comparisons[0].difference, 0.5);
    assert!(answer.comparisons[0].p_value.unwrap() < 1e-4, "{answer:?}");
}

#[test]
fn groups_that_could_share_feedback_are_refused_all_at_once() {
    let overlapping = vec![group("", FIRST, THIRD), group("South", THIRD, FIRST)];
    let refused = convert::comparison::contrast(&request("nps2", group("North", FIRST, SECOND), overlapping));
    let violations = format!("{:?}", refused.unwrap_err());
    for field in ["metric", "groups[0]", "groups[1].end"] {
        assert!(violations.contains(field), "{field} in {violations}");
    }
    assert!(
        convert::comparison::contrast(&request("nps", group("North", FIRST, SECOND), Vec::new())).is_err()
    );
}
