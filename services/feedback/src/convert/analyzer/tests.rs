//! Nothing that an outside engine says is believed unread.

use std::sync::LazyLock;

use attune_rpc::TenantId;
use proptest::prelude::*;

use super::*;
use crate::analysis::{Engines, TenantTaxonomy};

const TEXTS: [&str; 2] = ["рейс отменён", "my flight was cancelled"];

/// Compiled once: it takes a moment.
static BASIS: LazyLock<Basis> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    Basis {
        tenant: TenantId::parse("acme").unwrap(),
        taxonomy: runtime.block_on(TenantTaxonomy::starter()).unwrap(),
        engine: Engines::default().builtin().clone(),
    }
});

fn texts() -> Vec<String> {
    TEXTS.map(str::to_owned).to_vec()
}

/// An answer that is right, its texts in another order than they were asked in.
fn right() -> pb::AnalyzeResponse {
    let analysis = |place: usize| pb::TextAnalysis {
        text_id: place.to_string(),
        language: "ru".into(),
        sentiment_score: -0.5,
        sentiment: pb::Sentiment::Negative.into(),
        sentiment_probability: 0.75,
        topics: vec![pb::TopicMention {
            topic_id: "cancellation".into(),
            start: 0,
            end: 4,
            confidence: 0.5,
            sentiment: pb::Sentiment::Neutral.into(),
            sentiment_score: Some(0.0),
            found_by: None,
        }],
    };
    pb::AnalyzeResponse {
        engine: "acme-model".into(),
        version: "1.2+b3".into(),
        analyses: vec![analysis(1), analysis(0)],
    }
}

fn refused(change: impl FnOnce(&mut pb::AnalyzeResponse)) -> BadAnswer {
    let mut response = right();
    change(&mut response);
    answers(response, &BASIS, &texts()).unwrap_err()
}

#[test]
fn a_right_answer_is_taken_in_the_order_of_the_texts() {
    let mut response = right();
    response.analyses[0].sentiment_score = 1.0;
    let taken = answers(response, &BASIS, &texts()).unwrap();
    assert_eq!(
        taken
            .iter()
            .map(|answer| answer.sentiment_score)
            .collect::<Vec<_>>(),
        [-0.5, 1.0]
    );
    assert_eq!(taken[0].engine, "acme-model/1.2+b3");
    assert_eq!(taken[0].topics[0].sentiment, Some(Sentiment::Neutral));
}

#[test]
fn an_answer_about_other_texts_is_refused() {
    assert_eq!(refused(|answer| drop(answer.analyses.pop())).field, "analyses");
    for id in ["2", "", "-1", "+1", "01", "9999999999999999999999"] {
        assert_eq!(
            refused(|answer| answer.analyses[0].text_id = id.into()).field,
            "text_id",
            "{id:?}"
        );
    }
    assert_eq!(
        refused(|answer| answer.analyses[0].text_id = "0".into()).problem,
        "is answered twice"
    );
}

#[test]
fn numbers_out_of_their_range_are_refused() {
    for number in [f64::NAN, f64::INFINITY, -1.001, 1.001] {
        assert_eq!(
            refused(|answer| answer.analyses[0].sentiment_score = number).field,
            "sentiment_score"
        );
        assert_eq!(
            refused(|answer| answer.analyses[0].sentiment_probability = number).field,
            "sentiment_probability"
        );
        assert_eq!(
            refused(|answer| answer.analyses[0].topics[0].confidence = number).field,
            "confidence"
        );
        assert_eq!(
            refused(|answer| answer.analyses[0].topics[0].sentiment_score = Some(number)).field,
            "topics.sentiment_score"
        );
    }
    assert_eq!(
        refused(|answer| answer.analyses[0].sentiment = 7).field,
        "sentiment"
    );
}

#[test]
fn a_mention_stands_on_whole_characters_of_the_text_and_is_of_a_known_topic() {
    // In the Russian text each letter is two bytes.
    for (start, end) in [
        (0, 3),
        (1, 4),
        (4, 4),
        (4, 2),
        (-1, 4),
        (0, 1000),
        (i32::MIN, i32::MAX),
    ] {
        let problem = refused(|answer| {
            let topic = &mut answer.analyses[1].topics[0];
            (topic.start, topic.end) = (start, end);
        });
        assert_eq!(problem.field, "topics", "{start}..{end}");
    }
    assert_eq!(
        refused(|answer| answer.analyses[0].topics[0].topic_id = "weather".into()).field,
        "topic_id"
    );
    let twice = refused(|answer| {
        let topics = &mut answer.analyses[0].topics;
        topics.push(topics[0].clone());
    });
    assert_eq!(twice.problem, "hold one topic twice");
}

#[test]
fn a_name_that_is_none_or_the_built_in_one_s_is_refused() {
    for name in ["", "Acme", "a b", "builtin-ngram-9", "имя", &"x".repeat(65)] {
        assert_eq!(
            refused(|answer| answer.engine = name.into()).field,
            "engine",
            "{name:?}"
        );
    }
    for version in ["", "1 2", "1\n", &"1".repeat(65)] {
        assert_eq!(refused(|answer| answer.version = version.into()).field, "version");
    }
    for language in ["english language", "-", "en-", "en_US", &"abcdefgh-".repeat(5)] {
        assert_eq!(
            refused(|answer| answer.analyses[0].language = language.into()).field,
            "language"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the bytes on the wire are: what is taken is sound.
    #[test]
    fn what_is_taken_is_sound_whatever_is_answered(
        place in 0_usize..2, start in -2_i32..30, end in -2_i32..30, score in any::<f64>(),
        topic in prop::sample::select(vec!["cancellation", "delay", "weather"]), class in -1_i32..6,
    ) {
        let mut response = right();
        let analysis = &mut response.analyses[place];
        analysis.sentiment_score = score;
        analysis.sentiment = class;
        analysis.topics[0].topic_id = topic.into();
        (analysis.topics[0].start, analysis.topics[0].end) = (start, end);
        let (basis, texts) = (&*BASIS, texts());
        if let Ok(taken) = answers(response, basis, &texts) {
            for (answer, text) in taken.iter().zip(&texts) {
                prop_assert!((-1.0..=1.0).contains(&answer.sentiment_score));
                for topic in &answer.topics {
                    let span = usize::try_from(topic.start).unwrap()..usize::try_from(topic.end).unwrap();
                    prop_assert!(text.get(span).is_some_and(|part| !part.is_empty()));
                    prop_assert!(basis.taxonomy.topics.contains_key(&topic.topic_id));
                }
            }
        }
    }
}
