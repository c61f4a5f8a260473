//! What an explanation says adds up to what was judged.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use attune_text::{Abstained, Engine, Explanation, Polarity};
use proptest::prelude::*;

/// The score that the explained parts add up to: from −1 to +1, as [`attune_text::Sentiment::score`].
fn score(explanation: &Explanation) -> f64 {
    let mut negative = explanation.baseline.negative;
    let mut positive = explanation.baseline.positive;
    for contribution in &explanation.contributions {
        negative += contribution.push.negative;
        positive += contribution.push.positive;
    }
    let (negative, positive) = (negative.exp(), positive.exp());
    (positive - negative) / (positive + negative + 1.0)
}

fn assert_adds_up(engine: &Engine, text: &str) {
    let explanation = engine.explain(text);
    let mut end = 0;
    for contribution in &explanation.contributions {
        assert!(contribution.start >= end, "in order and apart: {explanation:?}");
        end = contribution.end;
        assert!(
            text.get(contribution.start..end)
                .is_some_and(|part| !part.is_empty()),
            "{explanation:?}"
        );
    }
    assert_eq!(explanation.sentiment, engine.sentiment(text).1);
    if explanation.abstained != Some(Abstained::NothingToRead) {
        let difference = score(&explanation) - f64::from(explanation.sentiment.score);
        assert!(
            difference.abs() < 1e-5,
            "{text:?} is off by {difference}: {explanation:?}"
        );
    }
}

/// An engine that learnt that this company's customers praise what is "sick".
fn corrected() -> Engine {
    let engine = Engine::builtin();
    let texts: Vec<(String, Polarity)> = (0..400)
        .map(|index| match index % 2 {
            0 => (format!("sick board, ride {index}"), Polarity::Positive),
            _ => (format!("flat board, ride {index}"), Polarity::Negative),
        })
        .collect();
    let pairs: Vec<(&str, Polarity)> = texts
        .iter()
        .map(|(text, label)| (text.as_str(), *label))
        .collect();
    engine.with_correction(engine.learn(&pairs).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_parts_of_any_text_add_up(text in any::<String>()) {
        assert_adds_up(&Engine::builtin(), &text);
    }

    #[test]
    fn the_parts_of_real_writing_add_up(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("not"), Just(" good"), Just(" baaaaad"), Just("!!!!!"), Just(" "), Just("服务很差"), Just("，"), Just("態度"),
                Just("не"), Just(" плохо"), Just("@user "), Just("http://a.b/c"), Just("😡"), Just("123"), Just("don't "),
            ],
            0..30,
        )
    ) {
        assert_adds_up(&Engine::builtin(), &pieces.concat());
    }
}

#[test]
fn a_correction_takes_part_in_the_explanation() {
    let engine = corrected();
    let explanation = engine.explain("sick board, ride again");
    assert!(explanation.corrected);
    assert_adds_up(&engine, "sick board, ride again");
    let push = |explanation: &Explanation| explanation.contributions[0].push.toward_positive();
    assert!(push(&explanation) > push(&Engine::builtin().explain("sick board, ride again")));
}

#[test]
fn the_words_that_decide_are_named() {
    let text = "The crew was terrible";
    let explanation = Engine::builtin().explain(text);
    let most = explanation
        .contributions
        .iter()
        .min_by(|left, right| {
            left.push
                .toward_positive()
                .total_cmp(&right.push.toward_positive())
        })
        .unwrap();
    assert_eq!(&text[most.start..most.end], "terrible");
}

#[test]
fn a_text_without_words_says_why_it_was_not_judged() {
    assert_eq!(
        Engine::builtin().explain("  ").abstained,
        Some(Abstained::NothingToRead)
    );
}

#[test]
fn the_sentiment_at_a_mention_is_that_of_its_clause() {
    let engine = Engine::builtin();
    for (text, praised, blamed) in [
        (
            "The staff was wonderful but the food was terrible.",
            "staff",
            "food",
        ),
        ("Отличный персонал, но ужасная еда", "персонал", "еда"),
        ("房间很干净很舒服，但是早餐太难吃了", "房间", "早餐"),
    ] {
        let at = |word: &str| {
            let start = text.find(word).unwrap();
            engine.sentiment_at(text, start..start + word.len()).score
        };
        assert!(
            at(praised) > 0.0 && at(blamed) < 0.0,
            "{text}: {} {}",
            at(praised),
            at(blamed)
        );
    }
}
