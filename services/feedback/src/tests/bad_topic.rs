//! Requests about topics and codings that are refused, with everything that is wrong at once.

use attune_api::feedback::v1 as pb;
use attune_rpc::Error;
use prost_types::Timestamp;

use super::bad_input::{names, query};
use crate::convert;

fn topic() -> pb::Topic {
    pb::Topic {
        topic_id: "wifi".into(),
        name: "Wi-Fi".into(),
        keywords: vec!["wifi".into()],
        ..pb::Topic::default()
    }
}

fn create(topic: pb::Topic) -> Result<crate::commands::topic::Create, Error> {
    let request = pb::CreateTopicRequest {
        topic: Some(topic),
        request_id: String::new(),
    };
    convert::topic::create(&request, "ann")
}

#[test]
fn a_topic_needs_a_slug_a_name_and_something_to_be_found_by() {
    assert!(create(topic()).is_ok());
    names(
        convert::topic::create(&pb::CreateTopicRequest::default(), "ann"),
        &["topic"],
    );
    names(
        create(pb::Topic::default()),
        &["topic.topic_id", "topic.name", "topic.keywords"],
    );
    names(
        create(pb::Topic {
            keywords: vec!["w".into(); 201],
            ..topic()
        }),
        &["topic.keywords"],
    );
    names(
        create(pb::Topic {
            keywords: vec!["w".repeat(101)],
            ..topic()
        }),
        &["topic.keywords[0]"],
    );
    names(
        create(pb::Topic {
            examples: vec!["a\u{0}b".into()],
            ..topic()
        }),
        &["topic.examples[0]"],
    );
    names(
        create(pb::Topic {
            keywords: vec!["[open … bracket".into()],
            ..topic()
        }),
        &["topic.keywords"],
    );
}

#[test]
fn a_rule_is_checked_before_it_is_kept_and_a_group_holds_nothing_of_its_own() {
    let with = |rule: &str| {
        create(pb::Topic {
            keywords: Vec::new(),
            rule: rule.into(),
            ..topic()
        })
    };
    assert!(with("feedback.channel == 'store' && has(feedback.score) && feedback.score <= 2").is_ok());
    for wrong in [
        "feedback.weather == 'wet'",
        "feedback.score == 'two'",
        "feedback.score",
        "feedback.text.contains(",
        &format!("feedback.text.contains('{}')", "x".repeat(3000)),
    ] {
        names(with(wrong), &["topic.rule"]);
    }
    let group = pb::Topic {
        keywords: Vec::new(),
        group: true,
        ..topic()
    };
    assert!(create(group.clone()).is_ok());
    names(
        create(pb::Topic {
            keywords: vec!["wifi".into()],
            ..group
        }),
        &["topic.group"],
    );
}

#[test]
fn an_update_looks_at_what_it_touches_alone() {
    let update = |topic: pb::Topic, paths: &[&str]| {
        let request = pb::UpdateTopicRequest {
            topic: Some(topic),
            update_mask: Some(prost_types::FieldMask {
                paths: paths.iter().map(ToString::to_string).collect(),
            }),
            request_id: String::new(),
        };
        convert::topic::update(&request, "ann")
    };
    let bad_rule = pb::Topic {
        rule: "no rule (".into(),
        ..topic()
    };
    assert!(update(bad_rule.clone(), &["name"]).is_ok());
    names(update(bad_rule, &["name", "rule"]), &["topic.rule"]);
    names(update(topic(), &["origin"]), &["update_mask"]);
    names(
        update(pb::Topic::default(), &["*"]),
        &["topic.topic_id", "topic.name"],
    );
}

#[test]
fn a_recoding_needs_a_window_and_a_version_that_could_be() {
    let recode = |days: i64, version| {
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let request = pb::RecodeFeedbackRequest {
            start: at(1_772_366_400),
            end: at(1_772_366_400 + days * 86_400),
            taxonomy_version: version,
            request_id: String::new(),
        };
        convert::recoding::recode(&request, "ann")
    };
    assert!(recode(1100, Some(0)).is_ok());
    names(recode(1101, Some(-1)), &["end", "taxonomy_version"]);
    names(recode(0, None), &["end"]);
    let without_topic = pb::QueryMetricRequest {
        taxonomy_version: Some(1),
        slice: Some(pb::Slice::default()),
        ..query()
    };
    names(convert::metric::query(&without_topic), &["slice.topic_id"]);
}
