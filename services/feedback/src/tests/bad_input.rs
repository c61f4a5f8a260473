//! Whatever comes, every field that is wrong is named, and nothing panics.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Code, Error};
use prost_types::Timestamp;

use crate::convert;

fn feedback() -> pb::Feedback {
    pb::Feedback {
        channel: "social".into(),
        text: "late again 😡".into(),
        occurred_at: Some(Timestamp {
            seconds: 1_772_366_400,
            nanos: 0,
        }),
        ..pb::Feedback::default()
    }
}

/// Asserts a refusal that names exactly these fields.
pub(super) fn names<T: std::fmt::Debug>(outcome: Result<T, Error>, fields: &[&str]) {
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    let status = tonic::Status::from(error);
    let details = tonic_types::StatusExt::get_error_details(&status);
    let named: Vec<&str> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(named, fields);
}

fn submit(feedback: pb::Feedback) -> Result<crate::commands::submission::Submit, Error> {
    convert::feedback::submit(&pb::SubmitFeedbackRequest {
        feedback: Some(feedback),
        request_id: String::new(),
    })
}

#[test]
fn good_feedback_is_taken_as_it_is() {
    let draft = submit(feedback()).unwrap().draft;
    assert_eq!(
        (draft.text.as_str(), draft.channel.as_str()),
        ("late again 😡", "social")
    );
}

#[test]
fn an_empty_submission_names_what_is_missing() {
    names(
        convert::feedback::submit(&pb::SubmitFeedbackRequest::default()),
        &["feedback"],
    );
    names(
        submit(pb::Feedback::default()),
        &["feedback.channel", "feedback.occurred_at", "feedback.text"],
    );
}

#[test]
fn everything_wrong_with_a_submission_is_told_at_once() {
    let wrong = pb::Feedback {
        profile_id: "42".into(),
        interaction_id: "x".repeat(5_000_000),
        channel: "No Slug".into(),
        touchpoint: "ä".into(),
        product: "p".repeat(101),
        agent_id: "a\u{0}".into(),
        rating: Some(pb::Rating { kind: 4711, value: 3 }),
        text: "😡".repeat(20_001),
        occurred_at: Some(Timestamp {
            seconds: -62_135_596_800,
            nanos: 0,
        }),
        source_id: "s".repeat(201),
        ..pb::Feedback::default()
    };
    let fields = [
        "request_id",
        "feedback.profile_id",
        "feedback.interaction_id",
        "feedback.channel",
        "feedback.touchpoint",
        "feedback.product",
        "feedback.agent_id",
        "feedback.rating.kind",
        "feedback.text",
        "feedback.occurred_at",
        "feedback.source_id",
    ];
    let request = pb::SubmitFeedbackRequest {
        feedback: Some(wrong),
        request_id: "one".into(),
    };
    names(convert::feedback::submit(&request), &fields);
}

#[test]
fn ratings_off_their_scale_and_years_that_cannot_be_are_refused() {
    for (kind, value) in [(1, 11), (1, -1), (2, 0), (2, 6), (3, 0), (3, 8), (3, i32::MIN)] {
        let rated = pb::Feedback {
            rating: Some(pb::Rating { kind, value }),
            ..feedback()
        };
        names(submit(rated), &["feedback.rating.value"]);
    }
    for seconds in [253_402_300_799, i64::MAX, i64::MIN] {
        let dated = pb::Feedback {
            occurred_at: Some(Timestamp { seconds, nanos: 0 }),
            ..feedback()
        };
        names(submit(dated), &["feedback.occurred_at"]);
    }
}

#[test]
fn a_rating_alone_is_feedback_and_an_answer_of_zero_too() {
    let rated = pb::Feedback {
        text: " ".into(),
        rating: Some(pb::Rating { kind: 1, value: 0 }),
        ..feedback()
    };
    assert_eq!(submit(rated).unwrap().draft.rating.unwrap().score(), 0);
}

#[test]
fn a_bad_piece_of_a_stream_is_refused_alone_with_all_its_problems() {
    let bad = pb::Feedback {
        channel: String::new(),
        profile_id: "x".into(),
        ..feedback()
    };
    let message = pb::SubmitFeedbackStreamRequest {
        feedback: vec![feedback(), bad, feedback()],
    };
    let batch = convert::feedback::batch(&message).unwrap();
    let problems: Vec<Vec<String>> = batch
        .into_iter()
        .map(|part| {
            part.err()
                .unwrap_or_default()
                .into_iter()
                .map(|problem| problem.field)
                .collect()
        })
        .collect();
    assert_eq!(
        problems,
        [
            vec![],
            vec!["profile_id".to_owned(), "channel".to_owned()],
            vec![]
        ]
    );
}

#[test]
fn a_message_of_a_stream_with_too_many_pieces_is_refused_as_a_whole() {
    let message = |count| pb::SubmitFeedbackStreamRequest {
        feedback: vec![feedback(); count],
    };
    assert!(convert::feedback::batch(&message(500)).is_ok());
    names(convert::feedback::batch(&message(501)), &["feedback"]);
    assert!(convert::feedback::batch(&message(0)).unwrap().is_empty());
}

#[test]
fn reading_takes_ids_and_pages_of_this_platform_only() {
    for id in [
        "",
        "42",
        "😡",
        "0198c5d2-7a3e-7c41-9f0a-4b1d2c3e4f5",
        &"x".repeat(5_000_000),
    ] {
        names(
            convert::feedback::get(&pb::GetFeedbackRequest {
                feedback_id: id.into(),
            }),
            &["feedback_id"],
        );
        names(convert::hot_issue::id(id), &["hot_issue_id"]);
    }
    let request = pb::ListFeedbackRequest {
        profile_id: "42".into(),
        product: "a\u{7}".into(),
        topic_id: "No Slug".into(),
        page_size: -1,
        page_token: String::new(),
    };
    names(
        convert::feedback::list(&request),
        &["profile_id", "product", "topic_id", "page_size"],
    );
    let token = pb::ListFeedbackRequest {
        page_token: "made up".into(),
        ..pb::ListFeedbackRequest::default()
    };
    assert_eq!(
        convert::feedback::list(&token).unwrap_err().reason_name(),
        "INVALID_PAGE_TOKEN"
    );
    let negative = pb::ListHotIssuesRequest {
        page_size: i32::MIN,
        page_token: String::new(),
    };
    names(convert::hot_issue::list(&negative), &["page_size"]);
    let negative = pb::ListDetectionNoticesRequest {
        page_size: -1,
        page_token: String::new(),
    };
    names(convert::hot_issue::list_notices(&negative), &["page_size"]);
    let negative = pb::ListTopicsRequest {
        page_size: -1,
        ..pb::ListTopicsRequest::default()
    };
    names(convert::topic::list(&negative), &["page_size"]);
}

pub(super) fn query() -> pb::QueryMetricRequest {
    pb::QueryMetricRequest {
        metric: "nps".into(),
        slice: None,
        start: Some(Timestamp {
            seconds: 1_772_366_400,
            nanos: 0,
        }),
        end: Some(Timestamp {
            seconds: 1_772_452_800,
            nanos: 0,
        }),
        step: 0,
        taxonomy_version: None,
    }
}

#[test]
fn a_question_for_a_number_is_checked_whole() {
    assert!(convert::metric::query(&query()).is_ok());
    names(
        convert::metric::query(&pb::QueryMetricRequest::default()),
        &["metric", "start", "end"],
    );
    let backwards = pb::QueryMetricRequest {
        start: query().end,
        end: query().start,
        ..query()
    };
    names(convert::metric::query(&backwards), &["end"]);
    names(
        convert::metric::query(&pb::QueryMetricRequest { step: 9, ..query() }),
        &["step"],
    );
    names(
        convert::metric::query(&pb::QueryMetricRequest {
            metric: "😡".repeat(9_000),
            ..query()
        }),
        &["metric"],
    );
    let share = pb::QueryMetricRequest {
        metric: "topic_share".into(),
        ..query()
    };
    names(convert::metric::query(&share), &["slice.topic_id"]);
    let slice = pb::Slice {
        product: "p".repeat(101),
        channel: "A".into(),
        topic_id: " ".into(),
        touchpoint: "\n".into(),
        agent_id: "a".repeat(101),
        stage: 9,
        language: "-".into(),
        team: "\u{7}".into(),
        survey_id: "7".into(),
        segment: "s".repeat(65),
    };
    let sliced = pb::QueryMetricRequest {
        slice: Some(slice),
        ..query()
    };
    names(
        convert::metric::query(&sliced),
        &[
            "slice.product",
            "slice.channel",
            "slice.touchpoint",
            "slice.topic_id",
            "slice.agent_id",
            "slice.team",
            "slice.stage",
            "slice.language",
            "slice.segment",
            "slice.survey_id",
            "slice",
            "slice.survey_id",
        ],
    );
}

#[test]
fn a_series_of_too_many_steps_is_refused() {
    let year = Some(Timestamp {
        seconds: 1_772_366_400 + 365 * 86_400,
        nanos: 0,
    });
    let by = |step| pb::QueryMetricRequest {
        end: year,
        step,
        ..query()
    };
    names(convert::metric::query(&by(1)), &["step"]);
    // From noon to noon: both ends' days are whole.
    assert_eq!(convert::metric::query(&by(2)).unwrap().0.windows().len(), 366);
}
