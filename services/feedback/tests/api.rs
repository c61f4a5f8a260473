//! The service alone, over real gRPC: the services it hears are not there, and it works all the same.
#![allow(clippy::unwrap_used, clippy::panic)] // also in what the tests share

mod alone;
mod segments;
mod watch;

use alone::{Alone, NOON};
use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::feedback_service_client::FeedbackServiceClient;
use attune_api::feedback::v1::hot_issue_service_client::HotIssueServiceClient;
use attune_api::feedback::v1::metric_service_client::MetricServiceClient;
use attune_api::feedback::v1::topic_service_client::TopicServiceClient;
use futures::{StreamExt, stream};
use prost_types::Timestamp;
use tonic::Code;

fn said(text: &str, source_id: &str) -> pb::Feedback {
    pb::Feedback {
        channel: "social".into(),
        product: "North".into(),
        text: text.into(),
        source_id: source_id.into(),
        occurred_at: Some(Timestamp {
            seconds: NOON - 60,
            nanos: 0,
        }),
        ..pb::Feedback::default()
    }
}

fn message(feedback: Vec<pb::Feedback>) -> pb::SubmitFeedbackStreamRequest {
    pb::SubmitFeedbackStreamRequest { feedback }
}

/// Sends messages as one stream and answers their results.
async fn send(
    alone: &Alone,
    messages: Vec<pb::SubmitFeedbackStreamRequest>,
) -> Vec<Vec<pb::SubmitFeedbackResult>> {
    let mut feedback = FeedbackServiceClient::new(alone.as_user("acme", "feedback.write"));
    let answers = feedback
        .submit_feedback_stream(stream::iter(messages))
        .await
        .unwrap()
        .into_inner();
    answers.map(|answer| answer.unwrap().results).collect().await
}

/// Thirty complaints about cancellations, `s0` to `s29`.
fn complaints() -> Vec<pb::Feedback> {
    (0..30)
        .map(|i| said("you cancelled my flight, awful", &format!("s{i}")))
        .collect()
}

#[tokio::test]
async fn each_message_of_a_stream_is_answered_with_a_result_for_each_piece() {
    let alone = Alone::start().await;
    let off_the_scale = pb::Feedback {
        rating: Some(pb::Rating { kind: 1, value: 11 }),
        ..said("", "bad")
    };
    let known = said("you cancelled my flight, awful", "s3");
    let second = vec![known, off_the_scale, said("thank you, great crew!", "")];
    let answers = send(
        &alone,
        vec![message(complaints()), message(second), message(Vec::new())],
    )
    .await;
    let [first, second, nothing] = answers.as_slice() else {
        panic!("{} answers", answers.len())
    };
    assert_eq!((first.len(), nothing.len()), (30, 0));
    assert!(
        first
            .iter()
            .all(|result| result.problems.is_empty() && !result.duplicate)
    );
    assert!(second[0].duplicate && second[0].feedback_id == first[3].feedback_id);
    assert_eq!(second[1].problems[0].field, "rating.value");
    assert_eq!(second[1].feedback_id, "");
    assert!(!second[2].duplicate && second[2].problems.is_empty());
    alone.running.drain().await;
}

#[tokio::test]
async fn what_was_sent_is_read_and_listed_page_by_page() {
    let alone = Alone::start().await;
    let sent = send(&alone, vec![message(complaints())]).await;
    let mut feedback = FeedbackServiceClient::new(alone.as_user("acme", "feedback.read"));
    let get = pb::GetFeedbackRequest {
        feedback_id: sent[0][0].feedback_id.clone(),
    };
    let read = feedback
        .get_feedback(get)
        .await
        .unwrap()
        .into_inner()
        .feedback
        .unwrap();
    assert_eq!(read.understanding.unwrap().sentiment(), pb::Sentiment::Negative);

    let about = pb::ListFeedbackRequest {
        topic_id: "cancellation".into(),
        page_size: 20,
        ..Default::default()
    };
    let page = feedback.list_feedback(about.clone()).await.unwrap().into_inner();
    let next = pb::ListFeedbackRequest {
        page_token: page.next_page_token,
        ..about
    };
    let rest = feedback.list_feedback(next.clone()).await.unwrap().into_inner();
    assert_eq!((page.feedback.len(), rest.feedback.len()), (20, 10));
    assert_eq!(rest.next_page_token, "");
    let other = pb::ListFeedbackRequest {
        topic_id: "delay".into(),
        ..next
    };
    assert_eq!(
        feedback.list_feedback(other).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    alone.running.drain().await;
}

#[tokio::test]
async fn what_was_sent_is_counted() {
    let alone = Alone::start().await;
    let mut pieces = complaints();
    pieces.push(said("thank you, great crew!", ""));
    send(&alone, vec![message(pieces)]).await;
    let mut metrics = MetricServiceClient::new(alone.as_user("acme", "feedback.read"));
    let question = pb::QueryMetricRequest {
        metric: "topic_share".into(),
        slice: Some(pb::Slice {
            topic_id: "cancellation".into(),
            ..pb::Slice::default()
        }),
        start: Some(Timestamp {
            seconds: NOON - 3600,
            nanos: 0,
        }),
        end: Some(Timestamp {
            seconds: NOON,
            nanos: 0,
        }),
        step: 0,
        taxonomy_version: None,
    };
    let values = metrics.query_metric(question).await.unwrap().into_inner().values;
    assert_eq!((values[0].n, values[0].count), (31, 30));
    let all = metrics
        .list_metric_definitions(pb::ListMetricDefinitionsRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(all.definitions.len(), 8);
    alone.running.drain().await;
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_its_stream_after_what_came_before_was_answered() {
    let alone = Alone::start().await;
    let mut feedback = FeedbackServiceClient::new(alone.as_user("acme", "feedback.write"));
    let messages = [
        message(vec![said("late again", "")]),
        message(vec![said("late again", ""); 501]),
    ];
    let mut answers = feedback
        .submit_feedback_stream(stream::iter(messages))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answers.message().await.unwrap().unwrap().results.len(), 1);
    assert_eq!(answers.message().await.unwrap_err().code(), Code::InvalidArgument);
    alone.running.drain().await;
}

#[tokio::test]
async fn a_stop_ends_open_streams_and_says_to_come_again() {
    let alone = Alone::start().await;
    let mut feedback = FeedbackServiceClient::new(alone.as_user("acme", "feedback.write"));
    let open = stream::iter([message(vec![said("late again", "")])]).chain(stream::pending());
    let mut answers = feedback.submit_feedback_stream(open).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap().unwrap().results.len(), 1);
    let (ended, _) = tokio::join!(answers.message(), alone.running.drain());
    assert_eq!(ended.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn topics_are_added_once_and_listed_with_the_starter_set() {
    let alone = Alone::start().await;
    let mut topics = TopicServiceClient::new(alone.as_user("acme", "feedback.read feedback.configure"));
    let topic = pb::Topic {
        topic_id: "wifi".into(),
        name: "Wi-Fi".into(),
        keywords: vec!["wifi".into()],
        ..Default::default()
    };
    let create = pb::CreateTopicRequest {
        topic: Some(topic),
        request_id: "0198c5d2-7a3e-7c41-9f0a-4b1d2c3e4f50".into(),
    };
    let made = topics.create_topic(create.clone()).await.unwrap().into_inner();
    assert_eq!(
        topics.create_topic(create.clone()).await.unwrap().into_inner(),
        made
    );
    let mut reused = create.clone();
    reused.topic.as_mut().unwrap().name = "WLAN".into();
    assert_eq!(
        topics.create_topic(reused).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let again = pb::CreateTopicRequest {
        request_id: String::new(),
        ..create
    };
    assert_eq!(
        topics.create_topic(again).await.unwrap_err().code(),
        Code::AlreadyExists
    );
    let listed = topics
        .list_topics(pb::ListTopicsRequest::default())
        .await
        .unwrap()
        .into_inner()
        .topics;
    let origins = |origin| listed.iter().filter(|topic| topic.origin() == origin).count();
    assert_eq!(origins(pb::TopicOrigin::Tenant), 1);
    assert!(origins(pb::TopicOrigin::Starter) > 10);
    alone.running.drain().await;
}

#[tokio::test]
async fn what_another_tenant_has_or_nobody_has_is_not_found() {
    let alone = Alone::start().await;
    let mut ours = FeedbackServiceClient::new(alone.as_user("acme", "*"));
    let request = pb::SubmitFeedbackRequest {
        feedback: Some(said("late again", "s1")),
        request_id: String::new(),
    };
    let id = ours
        .submit_feedback(request)
        .await
        .unwrap()
        .into_inner()
        .feedback
        .unwrap()
        .feedback_id;
    let mut theirs = FeedbackServiceClient::new(alone.as_user("other", "*"));
    let refused = theirs
        .get_feedback(pb::GetFeedbackRequest {
            feedback_id: id.clone(),
        })
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert!(
        theirs
            .list_feedback(pb::ListFeedbackRequest::default())
            .await
            .unwrap()
            .into_inner()
            .feedback
            .is_empty()
    );
    let mut issues = HotIssueServiceClient::new(alone.as_user("acme", "feedback.read"));
    let request = pb::GetHotIssueRequest {
        hot_issue_id: id.clone(),
    };
    assert_eq!(
        issues.get_hot_issue(request).await.unwrap_err().code(),
        Code::NotFound
    );
    let request = pb::ExplainHotIssueRequest { hot_issue_id: id };
    assert_eq!(
        issues.explain_hot_issue(request).await.unwrap_err().code(),
        Code::NotFound
    );
    let none = issues
        .list_hot_issues(pb::ListHotIssuesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(none.hot_issues.is_empty() && none.next_page_token.is_empty());
    let none = issues
        .list_detection_notices(pb::ListDetectionNoticesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(none.notices.is_empty());
    alone.running.drain().await;
}

#[tokio::test]
async fn who_may_only_read_does_not_write() {
    let alone = Alone::start().await;
    let mut feedback = FeedbackServiceClient::new(alone.as_user("acme", "feedback.read"));
    let request = pb::SubmitFeedbackRequest {
        feedback: Some(said("late again", "")),
        request_id: String::new(),
    };
    assert_eq!(
        feedback.submit_feedback(request).await.unwrap_err().code(),
        Code::PermissionDenied
    );
    let refused = feedback
        .submit_feedback_stream(stream::iter([message(Vec::new())]))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    alone.running.drain().await;
}
