//! The company's own ratings beside its customers'.

use attune_api::feedback::v1 as pb;
use attune_rpc::timestamp;
use attune_stats::metric::AnswerScale;
use uuid::Uuid;

use super::{Bench, instant, minutes, said};
use crate::domain::{Draft, Rating};
use crate::{commands, convert};

const MIDNIGHT: &str = "2026-03-01T00:00:00Z";

fn own(agent_id: &str, touchpoint: &str, value: i32) -> pb::RecordOwnRatingRequest {
    pb::RecordOwnRatingRequest {
        own_rating: Some(pb::OwnRating {
            touchpoint: touchpoint.into(),
            agent_id: agent_id.into(),
            rating: Some(pb::Rating {
                kind: pb::RatingKind::Csat.into(),
                value,
            }),
            assessor_id: "Grace".into(),
            assessed_at: Some(timestamp(instant(MIDNIGHT) + minutes(90))),
            ..pb::OwnRating::default()
        }),
        request_id: Uuid::new_v4().to_string(),
    }
}

async fn record(bench: &Bench, request: &pb::RecordOwnRatingRequest) -> pb::OwnRating {
    let record = convert::perception::record(request).unwrap();
    let own = commands::perception::record(&bench.db, &bench.tenant, record)
        .await
        .unwrap();
    convert::perception::to_proto(own)
}

async fn gaps(
    bench: &Bench,
    subject: pb::PerceptionSubject,
    page: (i32, String),
) -> (Vec<pb::PerceptionGap>, String) {
    let request = pb::GetPerceptionGapRequest {
        metric: "csat".into(),
        subject: subject.into(),
        start: Some(timestamp(instant(MIDNIGHT))),
        end: Some(timestamp(instant("2026-03-03T00:00:00Z"))),
        page_size: page.0,
        page_token: page.1,
    };
    let (question, page) = convert::perception::gaps(&request).unwrap();
    let (gaps, next) = commands::perception::gaps(&bench.db, &bench.tenant, question, &page)
        .await
        .unwrap();
    (
        gaps.into_iter().map(convert::perception::gap_to_proto).collect(),
        next,
    )
}

async fn customers(bench: &Bench, agent_id: &str, touchpoint: &str, good: i64, bad: i64) {
    let draft = |i: i64| Draft {
        rating: Some(Rating::parse(AnswerScale::Csat, if i < good { 5 } else { 2 }).unwrap()),
        agent_id: agent_id.into(),
        touchpoint: touchpoint.into(),
        ..said("", "North", instant(MIDNIGHT) + minutes(i))
    };
    bench.submit_many((0..good + bad).map(draft).collect()).await;
}

#[tokio::test]
async fn an_own_rating_is_recorded_once_a_request_and_listed() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    let request = own("Ada", "support.call", 4);
    let first = record(&bench, &request).await;
    assert_eq!(record(&bench, &request).await, first);
    let second = record(&bench, &own("Ben", "", 5)).await;
    let list = |agent_id: &str| pb::ListOwnRatingsRequest {
        agent_id: agent_id.into(),
        page_size: 1,
        ..pb::ListOwnRatingsRequest::default()
    };
    let (filter, page) = convert::perception::list(&list("")).unwrap();
    let (found, next) = commands::perception::list(&bench.db, &bench.tenant, &filter, &page)
        .await
        .unwrap();
    assert_eq!(convert::perception::to_proto(found[0].clone()), second);
    assert!(found.len() == 1 && !next.is_empty());
    let (filter, page) = convert::perception::list(&list("Ada")).unwrap();
    let (found, next) = commands::perception::list(&bench.db, &bench.tenant, &filter, &page)
        .await
        .unwrap();
    assert_eq!((found.len(), next.as_str()), (1, ""));
    assert_eq!(convert::perception::to_proto(found[0].clone()), first);
}

#[tokio::test]
async fn the_gap_is_own_less_customers_with_its_interval() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    customers(&bench, "Ada", "support.call", 9, 11).await;
    customers(&bench, "Ben", "store.visit", 4, 0).await;
    for _ in 0..16 {
        record(&bench, &own("Ada", "support.call", 4)).await;
    }
    for _ in 0..4 {
        record(&bench, &own("Ada", "support.call", 3)).await;
    }
    for _ in 0..5 {
        record(&bench, &own("Ben", "store.visit", 5)).await;
    }
    record(&bench, &own("", "web.form", 5)).await;
    for subject in [pb::PerceptionSubject::Agent, pb::PerceptionSubject::Touchpoint] {
        let (found, _) = gaps(&bench, subject, (0, String::new())).await;
        let name = if subject == pb::PerceptionSubject::Agent {
            "Ada"
        } else {
            "support.call"
        };
        let ada = found.iter().find(|gap| gap.subject == name).unwrap();
        let n = |value: &Option<pb::MetricValue>| value.as_ref().map(|value| (value.count, value.n));
        assert_eq!((n(&ada.own), n(&ada.customers)), (Some((16, 20)), Some((9, 20))));
        // 16 of 20 beside 9 of 20, as in shared/stats/reference/comparison.py.
        let close =
            |found: Option<f64>, expected: f64| found.is_some_and(|found| (found - expected).abs() < 1e-5);
        assert!(
            close(ada.gap, 0.35) && close(ada.low, 0.050_180) && close(ada.high, 0.575_900),
            "{ada:?}"
        );
        let few: Vec<_> = found.iter().filter(|gap| gap.gap.is_none()).collect();
        let ben = few
            .iter()
            .find(|gap| gap.customers.as_ref().unwrap().n == 4)
            .unwrap();
        assert!(ben.suppressed_reason.contains("4 of at least 20"), "{ben:?}");
        assert!(
            ben.own.as_ref().unwrap().value.is_some(),
            "five own ratings are a number"
        );
    }
    let (first, next) = gaps(&bench, pb::PerceptionSubject::Touchpoint, (2, String::new())).await;
    let (second, last) = gaps(&bench, pb::PerceptionSubject::Touchpoint, (2, next)).await;
    let names: Vec<&str> = first
        .iter()
        .chain(&second)
        .map(|gap| gap.subject.as_str())
        .collect();
    assert_eq!(names, ["store.visit", "support.call", "web.form"]);
    assert_eq!(last, "");
    assert!(
        second[0].suppressed_reason.contains("1 of at least 5"),
        "{second:?}"
    );
}

#[test]
fn an_own_rating_needs_a_subject_a_rating_and_somebody_who_gave_it() {
    let mut request = own("", "", 6);
    request.own_rating.as_mut().unwrap().assessor_id.clear();
    let refused = format!("{:?}", convert::perception::record(&request).unwrap_err());
    for field in [
        "own_rating.touchpoint",
        "own_rating.rating.value",
        "own_rating.assessor_id",
    ] {
        assert!(refused.contains(field), "{field} in {refused}");
    }
}
