//! Numbers of feedback by the agent, the team, the stage of the journey and the language.

use attune_api::feedback::v1 as pb;
use attune_api::interactions::v1::JourneyStage;
use attune_rpc::timestamp;
use attune_stats::metric::AnswerScale;

use super::{Bench, CANCELLED, HAPPY, PLAIN, counts, instant, minutes, said};
use crate::domain::{Draft, Rating};
use crate::{commands, convert};

pub(super) const MIDNIGHT: &str = "2026-03-01T00:00:00Z";
pub(super) const NEXT: &str = "2026-03-02T00:00:00Z";

pub(super) fn agent(agent_id: &str) -> pb::Slice {
    pb::Slice {
        agent_id: agent_id.into(),
        ..pb::Slice::default()
    }
}

fn stage(stage: JourneyStage) -> pb::Slice {
    pb::Slice {
        stage: stage.into(),
        ..pb::Slice::default()
    }
}

pub(super) fn question(metric: &str, slice: pb::Slice) -> pb::QueryMetricRequest {
    pb::QueryMetricRequest {
        metric: metric.into(),
        slice: Some(slice),
        start: Some(timestamp(instant(MIDNIGHT))),
        end: Some(timestamp(instant(NEXT))),
        ..pb::QueryMetricRequest::default()
    }
}

pub(super) async fn answer(bench: &Bench, metric: &str, slice: pb::Slice) -> pb::QueryMetricResponse {
    let (measure, version) = convert::metric::query(&question(metric, slice)).unwrap();
    let answered = commands::metric::query(&bench.db, &bench.tenant, &measure, version)
        .await
        .unwrap();
    convert::metric::answer_to_proto(answered)
}

pub(super) async fn ask(bench: &Bench, metric: &str, slice: pb::Slice) -> pb::MetricValue {
    answer(bench, metric, slice).await.values.remove(0)
}

/// So many answers with each score about what somebody of a team did, at a stage.
fn rated(agent_id: &str, team: &str, scores: &[(i64, i64)]) -> Vec<Draft> {
    let all = scores
        .iter()
        .flat_map(|&(score, count)| (0..count).map(move |_| score));
    let draft = |(i, score)| Draft {
        agent_id: agent_id.into(),
        team: team.into(),
        stage: JourneyStage::Retention.as_str_name().into(),
        rating: Some(Rating::parse(AnswerScale::Csat, score).unwrap()),
        ..said("", "North", instant(MIDNIGHT) + minutes(i))
    };
    (0..).zip(all).map(draft).collect()
}

#[tokio::test]
async fn satisfaction_is_told_by_agent_team_and_stage_and_agents_are_compared() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    bench
        .submit_many(rated("Ana", "Airport", &[(5, 36), (1, 4)]))
        .await;
    bench
        .submit_many(rated("Ben", "Airport", &[(5, 20), (1, 20)]))
        .await;
    bench.submit_many(rated("", "", &[(1, 10)])).await;
    let ana = ask(&bench, "csat", agent("Ana")).await;
    assert_eq!((ana.n, ana.count, ana.unsliced), (40, 36, 0));
    assert_eq!(
        ana.distribution.iter().map(|score| score.answers).sum::<i64>(),
        40,
        "{ana:?}"
    );
    let team = pb::Slice {
        team: "Airport".into(),
        ..pb::Slice::default()
    };
    let team = ask(&bench, "csat", team).await;
    assert_eq!((team.n, team.count), (80, 56));
    let retention = ask(&bench, "csat", stage(JourneyStage::Retention)).await;
    assert_eq!((retention.n, retention.count), (90, 56));
    assert_eq!(ask(&bench, "csat", stage(JourneyStage::Loyalty)).await.n, 0);
    let elsewhere = pb::Slice {
        product: "South".into(),
        ..agent("Ana")
    };
    assert_eq!(ask(&bench, "csat", elsewhere).await.n, 0);

    let group = |slice: pb::Slice| pb::MetricGroup {
        slice: Some(slice),
        start: Some(timestamp(instant(MIDNIGHT))),
        end: Some(timestamp(instant(NEXT))),
    };
    let contrast = pb::CompareMetricRequest {
        metric: "csat".into(),
        slice: Some(agent("Ana")),
        start: group(agent("Ana")).start,
        end: group(agent("Ana")).end,
        groups: vec![group(agent("Ben"))],
    };
    let contrast = convert::comparison::contrast(&contrast).unwrap();
    let compared = commands::comparison::compare(&bench.db, &bench.tenant, contrast)
        .await
        .unwrap();
    let compared = convert::comparison::compared_to_proto(compared);
    let difference = compared.comparisons[0].difference.unwrap();
    assert!((difference + 0.4).abs() < 1e-9, "{difference}");
    assert!(compared.comparisons[0].p_value.unwrap() < 0.001);
}

#[tokio::test]
async fn what_is_said_to_an_agent_and_in_a_language_has_shares_of_its_own() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    let texts = |agent_id: &'static str, text: &'static str, count: i64| {
        let draft = move |i| Draft {
            agent_id: agent_id.into(),
            ..said(text, "North", instant(MIDNIGHT) + minutes(i))
        };
        (0..count).map(draft).collect::<Vec<_>>()
    };
    bench.submit_many(texts("Ana", CANCELLED, 24)).await;
    bench.submit_many(texts("Ana", HAPPY, 16)).await;
    bench.submit_many(texts("Ben", PLAIN, 30)).await;
    let cancellation = pb::Slice {
        topic_id: "cancellation".into(),
        ..agent("Ana")
    };
    let asked = answer(&bench, "topic_share", cancellation.clone()).await;
    assert_eq!((asked.values[0].n, asked.values[0].count), (40, 24));
    let codings: i64 = asked
        .taxonomy
        .unwrap()
        .codings
        .iter()
        .map(|coding| coding.feedback)
        .sum();
    assert_eq!(codings, 40, "what Ben was told is no part of it");
    let sentiment = ask(&bench, "sentiment_negative_share", agent("Ana")).await;
    assert_eq!((sentiment.n, sentiment.count), (40, 24), "{sentiment:?}");
    let english = pb::Slice {
        language: "en".into(),
        ..pb::Slice::default()
    };
    let everything = ask(&bench, "sentiment_negative_share", pb::Slice::default()).await;
    let english = ask(&bench, "sentiment_negative_share", english).await;
    assert_eq!((english.n, english.count), (everything.n, everything.count));
    let russian = pb::Slice {
        language: "ru".into(),
        ..pb::Slice::default()
    };
    assert_eq!(ask(&bench, "sentiment_negative_share", russian).await.n, 0);

    let request = pb::QueryMetricRequest {
        taxonomy_version: Some(0),
        ..question("topic_share", cancellation)
    };
    let refused = convert::metric::query(&request).unwrap_err();
    assert!(refused.message().contains("taxonomy_version"), "{refused:?}");
}

#[tokio::test]
async fn what_the_version_before_recorded_is_told_apart_and_never_passed_off_as_counted() {
    let bench = Bench::at("2026-03-05T00:00:00Z").await;
    bench.submit_many(rated("Ana", "Airport", &[(5, 30)])).await;
    counts::leave_behind(&bench, &counts::BEFORE).await;
    let before = ask(&bench, "csat", agent("Ana")).await;
    assert_eq!((before.n, before.unsliced, before.value), (0, 30, None));
    assert!(before.suppressed_reason.contains("of 30 more"), "{before:?}");
    bench.submit_many(rated("Ana", "Airport", &[(1, 20)])).await;
    let since = ask(&bench, "csat", agent("Ana")).await;
    assert_eq!((since.n, since.count, since.unsliced), (20, 0, 30));
    let all = ask(&bench, "csat", pb::Slice::default()).await;
    assert_eq!((all.n, all.unsliced), (50, 0));
    let elsewhere = pb::Slice {
        product: "South".into(),
        ..agent("Ana")
    };
    assert_eq!(ask(&bench, "csat", elsewhere).await.unsliced, 0);
}

#[test]
fn two_facets_at_once_are_refused_by_their_names() {
    let slice = pb::Slice {
        team: "Airport".into(),
        ..agent("Ana")
    };
    let refused = convert::metric::query(&question("nps", slice)).unwrap_err();
    assert!(refused.message().contains("slice"), "{refused:?}");
}
