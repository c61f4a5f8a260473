//! Waiting times as drivers: what a channel says, or the time until an agent's first reply.

use attune_api::feedback::v1 as pb;
use attune_api::interactions::v1::{Direction, Interaction};
use attune_rpc::timestamp;
use attune_stats::metric::AnswerScale;
use prost_types::Duration;

use super::matter::{contact, hear};
use super::*;
use crate::convert;
use crate::domain::Rating;

const MIDNIGHT: &str = "2026-03-01T00:00:00Z";

/// A wait of which every second doubling takes a point, and the answer to it a day later.
fn answered(i: i64) -> (i64, Draft, Interaction) {
    let waited = [0, 1, 3, 7, 15, 31, 63][usize::try_from(i).unwrap() % 7];
    let at = instant(MIDNIGHT) + minutes(i);
    let interaction = Interaction {
        matter_id: format!("T-{i}"),
        ..contact(Uuid::now_v7(), at)
    };
    // Nothing, one up, one down, and never in step with the waits.
    let chance = [0, 1, -1, 0, 0][usize::try_from(i).unwrap() % 5];
    let doublings = i64::from(u64::try_from(waited + 1).unwrap().ilog2());
    let score = (6 - doublings / 2 + chance).clamp(1, 7);
    let answer = Draft {
        rating: Some(Rating::parse(AnswerScale::Ces, score).unwrap()),
        interaction_id: Some(interaction.interaction_id.parse().unwrap()),
        channel: if i % 3 == 0 { "phone" } else { "chat" }.into(),
        ..said("", "North", at + TimeDelta::hours(24))
    };
    (waited, answer, interaction)
}

fn reply(to: &Interaction, after: TimeDelta, agent_id: &str) -> Interaction {
    let at = attune_rpc::instant(to.occurred_at.unwrap()).unwrap() + after;
    Interaction {
        direction: Direction::Outbound.into(),
        agent_id: agent_id.into(),
        matter_id: to.matter_id.clone(),
        ..contact(Uuid::nil(), at)
    }
}

async fn explain(bench: &Bench) -> pb::ExplainDriversResponse {
    let request = pb::ExplainDriversRequest {
        metric: "ces".into(),
        slice: None,
        start: Some(timestamp(instant(MIDNIGHT))),
        end: Some(timestamp(instant("2026-03-05T00:00:00Z"))),
    };
    let question = convert::driver::question(&request).unwrap();
    let explained = commands::driver::explain(&bench.db, &bench.tenant, question)
        .await
        .unwrap();
    convert::driver::explained_to_proto(explained)
}

fn waiting(found: &pb::ExplainDriversResponse) -> Option<&pb::Driver> {
    let mut drivers = found.drivers.iter();
    drivers.find(|driver| driver.dimension() == pb::DriverDimension::WaitingTime)
}

#[tokio::test]
async fn each_doubling_of_the_wait_has_its_effect_whether_the_channel_or_the_reply_tells_it() {
    let bench = Bench::at("2026-03-08T00:00:00Z").await;
    let mut answers = Vec::new();
    for i in 0..210 {
        let (waited, answer, interaction) = answered(i);
        answers.push(answer);
        if i % 2 == 0 {
            let waited = Some(Duration {
                seconds: 60 * waited,
                nanos: 0,
            });
            hear(
                &bench,
                &[Interaction {
                    waited,
                    ..interaction
                }],
            )
            .await;
        } else {
            let told = [
                // An automaton answers at once, another agent replied before, and again after.
                reply(&interaction, TimeDelta::zero(), ""),
                reply(&interaction, minutes(-5), "7"),
                reply(&interaction, minutes(waited), "7"),
                interaction.clone(),
                reply(&interaction, minutes(waited + 100), "8"),
            ];
            hear(&bench, &told).await;
        }
    }
    // Of these nobody knows how long they waited: they were asked before anybody replied.
    for i in 210..260 {
        let (_, answer, interaction) = answered(i);
        answers.push(answer);
        let told = [reply(&interaction, TimeDelta::hours(25), "7"), interaction];
        hear(&bench, &told).await;
    }
    bench.submit_many(answers).await;
    let found = explain(&bench).await;
    let driver = waiting(&found).unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!((found.n, driver.n, driver.value.as_str()), (260, 210, "doubling"));
    assert!(
        (driver.effect + 0.5).abs() < 0.08 && driver.high < 0.0 && driver.q_value < 0.001,
        "{driver:?}"
    );
    // The known waits are 0 to 6 doublings of a minute, as many of each: 3 on average.
    assert!(
        (driver.contribution - driver.effect * 3.0 * 210.0 / 260.0).abs() < 1e-9,
        "{driver:?}"
    );
}

#[tokio::test]
async fn with_few_waits_on_record_the_reason_is_told_and_with_none_nothing() {
    let bench = Bench::at("2026-03-08T00:00:00Z").await;
    let mut answers = Vec::new();
    for i in 0..100 {
        let (_, answer, interaction) = answered(i);
        answers.push(answer);
        if i < 12 {
            hear(&bench, &[reply(&interaction, minutes(i), "7"), interaction]).await;
        }
    }
    bench.submit_many(answers.split_off(12)).await;
    let dimension = pb::DriverDimension::WaitingTime;
    let found = explain(&bench).await;
    assert!(waiting(&found).is_none(), "{found:?}");
    assert!(
        !found.left_out.iter().any(|left| left.dimension() == dimension),
        "{found:?}"
    );
    bench.submit_many(answers).await;
    let found = explain(&bench).await;
    let left = found
        .left_out
        .iter()
        .find(|left| left.dimension() == dimension)
        .unwrap();
    assert!(
        left.n == 12 && left.reason.contains("12 of at least 20"),
        "{left:?}"
    );
}
