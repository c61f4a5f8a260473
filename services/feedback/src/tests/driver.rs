//! What moves a score, in answers whose effects are known.

use attune_api::feedback::v1 as pb;
use attune_rpc::timestamp;
use attune_stats::metric::AnswerScale;

use super::{Bench, CANCELLED, instant, minutes, said};
use crate::domain::{Draft, Rating};
use crate::{commands, convert};

const MIDNIGHT: &str = "2026-03-01T00:00:00Z";

async fn explain(bench: &Bench, slice: pb::Slice) -> pb::ExplainDriversResponse {
    let request = pb::ExplainDriversRequest {
        metric: "ces".into(),
        slice: Some(slice),
        start: Some(timestamp(instant(MIDNIGHT))),
        end: Some(timestamp(instant("2026-03-03T00:00:00Z"))),
    };
    let question = convert::driver::question(&request).unwrap();
    let explained = commands::driver::explain(&bench.db, &bench.tenant, question)
        .await
        .unwrap();
    convert::driver::explained_to_proto(explained)
}

/// A cancellation takes two points and agent Ben one; cancellations come by phone more often, which takes nothing.
fn answer(i: i64) -> Draft {
    let cancelled = if i % 2 == 0 { i % 3 != 0 } else { i % 5 == 0 };
    let ben = i % 7 < 3;
    let score = 5 - 2 * i64::from(cancelled) - i64::from(ben)
        + [1, 0, -1, 0, 1, -1, 0, 0, 0, 1, -1][usize::try_from(i).unwrap() % 11];
    Draft {
        rating: Some(Rating::parse(AnswerScale::Ces, score).unwrap()),
        agent_id: if ben { "Ben" } else { "Ada" }.into(),
        channel: if i % 2 == 0 { "phone" } else { "chat" }.into(),
        touchpoint: if i < 7 { "support.call" } else { "" }.into(),
        ..said(
            if cancelled { CANCELLED } else { "" },
            "North",
            instant(MIDNIGHT) + minutes(i),
        )
    }
}

#[tokio::test]
async fn each_driver_has_its_own_effect_with_the_others_corrected_for() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    bench.submit_many((0..400).map(answer).collect()).await;
    let found = explain(&bench, pb::Slice::default()).await;
    assert_eq!(
        (found.n, found.n_in_window, found.suppressed_reason.as_str()),
        (400, 400, "")
    );
    let of = |dimension: pb::DriverDimension, value: &str| {
        let mut drivers = found.drivers.iter();
        drivers
            .find(|driver| driver.dimension() == dimension && driver.value == value)
            .unwrap_or_else(|| panic!("no {value}: {found:?}"))
    };
    let cancelled = of(pb::DriverDimension::Topic, "cancellation");
    let ben = of(pb::DriverDimension::Agent, "Ben");
    let channel = found
        .drivers
        .iter()
        .find(|driver| driver.dimension() == pb::DriverDimension::Channel);
    assert!(
        (cancelled.effect + 2.0).abs() < 0.2 && cancelled.high < -1.5,
        "{cancelled:?}"
    );
    assert!((ben.effect + 1.0).abs() < 0.2 && ben.q_value < 0.001, "{ben:?}");
    let channel = channel.unwrap();
    assert!(
        channel.low < 0.0 && channel.high > 0.0,
        "the phone itself does nothing: {channel:?}"
    );
    assert!((cancelled.contribution - cancelled.effect * cancelled.n as f64 / 400.0).abs() < 1e-9);
    let references: Vec<&str> = found
        .references
        .iter()
        .map(|reference| reference.value.as_str())
        .collect();
    assert!(references.contains(&"Ada"), "{references:?}");
    let rare = found
        .left_out
        .iter()
        .find(|left| left.value == "support.call")
        .unwrap();
    assert!(
        rare.n == 7 && rare.reason.contains("7 of at least 20"),
        "{rare:?}"
    );
}

#[tokio::test]
async fn what_the_slice_fixes_is_no_driver_and_little_data_is_an_answer() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    bench.submit_many((0..200).map(answer).collect()).await;
    let slice = pb::Slice {
        channel: "phone".into(),
        topic_id: "cancellation".into(),
        ..pb::Slice::default()
    };
    let found = explain(&bench, slice).await;
    assert!(found.n < 100 && found.n == found.n_in_window, "{found:?}");
    let fixed = |dimension| {
        matches!(dimension, pb::DriverDimension::Channel) || matches!(dimension, pb::DriverDimension::Topic)
    };
    assert!(found.drivers.iter().any(|driver| driver.value == "Ben"));
    assert!(
        !found.drivers.iter().any(|driver| fixed(driver.dimension())),
        "{found:?}"
    );
    let nobody = pb::Slice {
        product: "South".into(),
        ..pb::Slice::default()
    };
    let found = explain(&bench, nobody).await;
    assert_eq!((found.n, found.drivers.len()), (0, 0));
    assert!(found.suppressed_reason.contains("0 of at least 20"), "{found:?}");
}

#[tokio::test]
async fn drivers_are_those_of_one_segment_or_agent_where_the_slice_says_so() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    // In gold, what is said about cancellations takes nothing.
    let gold = |i: i64| Draft {
        segments: Some(vec!["gold".into(), "new".into()]),
        rating: Some(Rating::parse(AnswerScale::Ces, 4 - i % 2).unwrap()),
        ..answer(i)
    };
    let rest = |i: i64| Draft {
        segments: Some(Vec::new()),
        ..answer(i)
    };
    let all = (0..200).map(gold).chain((200..500).map(rest));
    bench.submit_many(all.collect()).await;
    let in_gold = pb::Slice {
        segment: "gold".into(),
        ..pb::Slice::default()
    };
    let found = explain(&bench, in_gold).await;
    assert_eq!((found.n, found.n_in_window), (200, 200));
    let cancelled = |found: &pb::ExplainDriversResponse| {
        let mut drivers = found.drivers.iter();
        let driver = drivers.find(|driver| driver.value == "cancellation").unwrap();
        driver.effect
    };
    assert!(cancelled(&found).abs() < 0.5, "{found:?}");

    let bens = pb::Slice {
        agent_id: "Ben".into(),
        ..pb::Slice::default()
    };
    let found = explain(&bench, bens).await;
    assert!(found.n == found.n_in_window && found.n < 250, "{found:?}");
    assert!(
        !found.drivers.iter().any(|driver| driver.value == "Ben"),
        "what the slice fixes is no driver"
    );
}

#[test]
fn only_metrics_of_answers_have_drivers_and_windows_have_an_end() {
    let request = pb::ExplainDriversRequest {
        metric: "topic_share".into(),
        start: Some(timestamp(instant("2024-01-01T00:00:00Z"))),
        end: Some(timestamp(instant(MIDNIGHT))),
        slice: None,
    };
    let refused = format!("{:?}", convert::driver::question(&request).unwrap_err());
    assert!(
        refused.contains("made of answers") && refused.contains("400 days"),
        "{refused}"
    );
}
