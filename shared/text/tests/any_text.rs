//! Any text is read without a panic, and what comes out keeps its promises.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking and may say what it measured"
)]

use std::sync::LazyLock;

use attune_text::{Engine, MAX_CHARACTERS, Taxonomy, TopicDefinition, redact};
use proptest::prelude::*;

static STARTER: LazyLock<Taxonomy> = LazyLock::new(|| Taxonomy::compile(&Taxonomy::starter()).unwrap());

fn assert_sound(text: &str, engine: &Engine, taxonomy: &Taxonomy) {
    let analysis = engine.analyze(text, taxonomy);
    assert!((-1.0..=1.0).contains(&analysis.sentiment.score), "{analysis:?}");
    assert!(
        (0.0..=1.0).contains(&analysis.sentiment.probability),
        "{analysis:?}"
    );
    assert_eq!(analysis.truncated, text.chars().count() > MAX_CHARACTERS);
    for topic in &analysis.topics {
        assert!(topic.start < topic.end, "{topic:?}");
        assert!(
            text.get(topic.start..topic.end).is_some(),
            "{topic:?} is no span of the text"
        );
        assert!(topic.confidence > 0.0 && topic.confidence <= 1.0, "{topic:?}");
    }
    assert_eq!(
        engine.analyze(text, taxonomy),
        analysis,
        "the same text, the same answer"
    );
    let redacted = redact(text);
    assert_eq!(
        redact(&redacted),
        redacted,
        "nothing personal is left after redaction"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_characters_are_read(text in any::<String>()) {
        assert_sound(&text, &Engine::builtin(), &STARTER);
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        assert_sound(&String::from_utf8_lossy(&bytes), &Engine::builtin(), &STARTER);
    }

    #[test]
    fn pieces_of_real_writing_in_any_order_are_read(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("cancelled"), Just("flight"), Just("#CancelledFlight"), Just("#cancelledflight"), Just("@"),
                Just("@user"), Just("http://"), Just("www."), Just("https://a.b/c"), Just("’"), Just("'s"), Just("…"),
                Just("航班"), Just("取消"), Just("態度"), Just("банк"), Just("не"), Just("ё"), Just("İ"), Just("ß"),
                Just("😡"), Just("👨‍👩‍👧"), Just("\u{0301}"), Just("\u{200D}"), Just("\u{0}"), Just("\u{1}"), Just("１２３"),
                Just("4111 1111 1111 1111"), Just("+7 495"), Just("a@b.co"), Just(". "), Just("。"), Just("#"), Just(" "),
            ],
            0..40,
        )
    ) {
        assert_sound(&pieces.concat(), &Engine::builtin(), &STARTER);
    }

    #[test]
    fn any_keyword_compiles_or_is_refused(keyword in any::<String>(), text in any::<String>()) {
        let topic = TopicDefinition { id: "t".into(), name: "T".into(), keywords: vec![keyword], ..Default::default() };
        if let Ok(taxonomy) = Taxonomy::compile(&[topic]) {
            assert_sound(&text, &Engine::builtin(), &taxonomy);
        }
    }
}

#[test]
fn a_text_of_megabytes_is_cut_and_says_so() {
    let engine = Engine::builtin();
    for piece in [
        "a",
        "не ",
        "取消",
        "#cancelled",
        "@x ",
        "1 ",
        "(",
        "http://x ",
        "lost ",
        "😡",
        "-",
        "a.",
        "@",
        "#",
    ] {
        assert_sound(&piece.repeat(5_000_000 / piece.len()), &engine, &STARTER);
    }
}
