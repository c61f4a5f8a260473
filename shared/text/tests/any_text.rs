//! Any text is read without a panic, and what comes out keeps its promises.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking and may say what it measured"
)]

use std::sync::LazyLock;

use attune_text::{
    Engine, MAX_CHARACTERS, PersonalData, Taxonomy, Themes, TopicDefinition, personal_data, redact,
};
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
    assert_words_sound(text, engine);
}

fn assert_words_sound(text: &str, engine: &Engine) {
    let personal = personal_data(text);
    assert!(
        personal.windows(2).all(|pair| pair[0].end <= pair[1].start),
        "{personal:?}"
    );
    for datum in &personal {
        assert!(
            text.get(datum.start..datum.end)
                .is_some_and(|part| !part.is_empty()),
            "{datum:?}"
        );
    }
    let keywords = engine.keywords(text, 10);
    assert_eq!(
        engine.keywords(text, 10),
        keywords,
        "the same text, the same keywords"
    );
    for keyword in &keywords {
        assert!(text.get(keyword.start..keyword.end).is_some(), "{keyword:?}");
        assert!(
            keyword.weight > 0.0 && keyword.weight <= 1.0 && !keyword.phrase.is_empty(),
            "{keyword:?}"
        );
        let hidden = |datum: &PersonalData| keyword.start < datum.end && datum.start < keyword.end;
        assert!(
            keyword.mentions > 1 || !personal.iter().any(hidden),
            "{keyword:?} shows one of {personal:?}"
        );
        let at = engine.sentiment_at(text, keyword.start..keyword.end);
        assert!((-1.0..=1.0).contains(&at.score), "{at:?}");
    }
    for (start, end) in [(0, 0), (5, 2), (0, usize::MAX), (usize::MAX, usize::MAX)] {
        assert!((-1.0..=1.0).contains(&engine.sentiment_at(text, start..end).score));
    }
    assert!(engine.explain(text).contributions.len() <= MAX_CHARACTERS);
    assert_eq!(
        Themes::default().add(text).is_some(),
        Themes::default().add(text).is_some()
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
                Just("My name is "), Just("Mr. "), Just("Smith"), Just("Иван Петрович"), Just("И. П. "), Just("先生"), Just("我叫"),
                Just("王"), Just("order no. "), Just("123456789012"), Just(", but "), Just("regards,\n"),
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
