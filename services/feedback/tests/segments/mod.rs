//! Customer segments, over real gRPC.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::feedback_service_client::FeedbackServiceClient;
use attune_api::feedback::v1::metric_service_client::MetricServiceClient;
use prost_types::Timestamp;
use tonic::Code;

use super::alone::{Alone, NOON};
use super::{message, said, send};

/// Ninety answers: of gold customers who recommend, of new ones who do not, and of some who are both and do not.
fn of_segments() -> Vec<pb::Feedback> {
    let piece = |place: usize| {
        let (segments, value): (&[&str], i32) = match place % 3 {
            0 => (&["gold"], 10),
            1 => (&["new", "gold"], 0),
            _ => (&["new"], 0),
        };
        pb::Feedback {
            segments: segments.iter().map(|&segment| segment.to_owned()).collect(),
            rating: Some(pb::Rating {
                kind: pb::RatingKind::Nps.into(),
                value,
            }),
            ..said("", "")
        }
    };
    (0..90).map(piece).collect()
}

fn in_segment(segment: &str) -> pb::MetricGroup {
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    pb::MetricGroup {
        slice: Some(pb::Slice {
            segment: segment.into(),
            ..pb::Slice::default()
        }),
        start: at(NOON - 3600),
        end: at(NOON),
    }
}

#[tokio::test]
async fn segments_are_read_as_they_were_sent_and_one_named_twice_is_refused() {
    let alone = Alone::start().await;
    let sent = send(&alone, vec![message(of_segments())]).await;
    let mut feedback = FeedbackServiceClient::new(alone.as_user("acme", "feedback.read feedback.write"));
    let get = pb::GetFeedbackRequest {
        feedback_id: sent[0][1].feedback_id.clone(),
    };
    let read = feedback.get_feedback(get).await.unwrap().into_inner().feedback;
    assert_eq!(read.unwrap().segments, ["new", "gold"]);
    let twice = pb::SubmitFeedbackRequest {
        feedback: Some(pb::Feedback {
            segments: vec!["gold".into(), "gold".into()],
            ..said("late again", "")
        }),
        ..pb::SubmitFeedbackRequest::default()
    };
    let refused = feedback.submit_feedback(twice).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("feedback.segments[1]"), "{refused:?}");
    alone.running.drain().await;
}

#[tokio::test]
async fn numbers_are_asked_by_segment_and_two_segments_are_compared() {
    let alone = Alone::start().await;
    send(&alone, vec![message(of_segments())]).await;
    let pb::MetricGroup { slice, start, end } = in_segment("gold");
    for (tenant, expected) in [("acme", (60, Some(0.0))), ("globex", (0, None))] {
        let question = pb::QueryMetricRequest {
            metric: "nps".into(),
            slice: slice.clone(),
            start,
            end,
            ..pb::QueryMetricRequest::default()
        };
        let mut metrics = MetricServiceClient::new(alone.as_user(tenant, "feedback.read"));
        let value = metrics
            .query_metric(question)
            .await
            .unwrap()
            .into_inner()
            .values
            .remove(0);
        assert_eq!((value.n, value.value), expected, "{tenant}");
        assert_eq!(value.unsliced, 0, "{tenant}");
    }
    let contrast = pb::CompareMetricRequest {
        metric: "nps".into(),
        slice,
        start,
        end,
        groups: vec![in_segment("new")],
    };
    let mut metrics = MetricServiceClient::new(alone.as_user("acme", "feedback.read"));
    let compared = metrics.compare_metric(contrast).await.unwrap().into_inner();
    assert_eq!(compared.comparisons[0].difference, Some(-100.0));
    assert!(
        compared.comparisons[0].note.contains("in both segments"),
        "{compared:?}"
    );
    alone.running.drain().await;
}
