//! What a company's own customers teach the engine.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use attune_text::{Engine, FEWEST_TEXTS, Polarity};

const THINGS: [&str; 20] = [
    "the lounge",
    "this app",
    "my seat",
    "the crew",
    "boarding",
    "the pilot",
    "your site",
    "that meal",
    "the bus",
    "support",
    "check in",
    "the gate",
    "my bag",
    "the desk",
    "the trip",
    "the wifi",
    "the film",
    "the line",
    "the chat",
    "the form",
];

/// Slang that the built-in model was not taught, as this company's customers use it.
fn slang() -> Vec<(String, Polarity)> {
    THINGS
        .iter()
        .flat_map(|thing| {
            [
                (format!("{thing} was mid today"), Polarity::Negative),
                (format!("{thing} is so mid"), Polarity::Negative),
                (format!("{thing} slaps, bussin"), Polarity::Positive),
                (format!("{thing} was bussin"), Polarity::Positive),
            ]
        })
        .collect()
}

fn borrowed(texts: &[(String, Polarity)]) -> Vec<(&str, Polarity)> {
    texts
        .iter()
        .map(|(text, label)| (text.as_str(), *label))
        .collect()
}

#[test]
fn words_of_a_company_s_customers_are_learnt_from_their_ratings() {
    let engine = Engine::builtin();
    let correction = engine.learn(&borrowed(&slang())).unwrap();
    let judgement = correction.judgement();
    assert!(judgement.set_right > 3 * judgement.spoilt, "{judgement:?}");
    let taught = engine.with_correction(correction);
    let score = |engine: &Engine, text: &str| engine.sentiment(text).1.score;
    for (text, sign) in [("the tram was mid", -1.0), ("the tram was bussin", 1.0)] {
        assert!(
            score(&taught, text) * sign > 0.3,
            "{text}: {}",
            score(&taught, text)
        );
        assert!(
            score(&taught, text) * sign > score(&engine, text) * sign,
            "{text}"
        );
    }
}

#[test]
fn ratings_that_have_nothing_to_do_with_the_text_teach_nothing() {
    let mut texts = slang();
    for (index, (_, label)) in texts.iter_mut().enumerate() {
        // Bits of a multiplicative hash: no pattern of words to find.
        let bit = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 63;
        *label = if bit == 0 {
            Polarity::Negative
        } else {
            Polarity::Positive
        };
    }
    assert_eq!(Engine::builtin().learn(&borrowed(&texts)), None);
}

#[test]
fn a_handful_of_ratings_teaches_nothing() {
    let texts = slang();
    assert_eq!(
        Engine::builtin().learn(&borrowed(&texts)[..FEWEST_TEXTS - 1]),
        None
    );
}
