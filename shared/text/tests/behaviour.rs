//! What a reader expects of single sentences.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking and may say what it measured"
)]

use std::sync::LazyLock;

use attune_text::{Engine, FoundBy, Polarity, Taxonomy, TopicDefinition};

static STARTER: LazyLock<Taxonomy> = LazyLock::new(|| Taxonomy::compile(&Taxonomy::starter()).unwrap());

fn polarity(text: &str) -> Option<Polarity> {
    Engine::builtin().sentiment(text).1.label
}

fn score(text: &str) -> f32 {
    Engine::builtin().sentiment(text).1.score
}

fn topics(text: &str) -> Vec<String> {
    Engine::builtin()
        .analyze(text, &STARTER)
        .topics
        .into_iter()
        .map(|topic| topic.topic_id)
        .collect()
}

#[test]
fn plain_praise_and_blame_are_told_apart_in_each_language() {
    for text in [
        "Great service, thank you so much!",
        "Отличный сервис, спасибо!",
        "服务非常好，很满意",
        "服務非常好，很滿意",
    ] {
        assert_eq!(polarity(text), Some(Polarity::Positive), "{text}");
    }
    for text in [
        "Terrible service, I will never come back.",
        "Ужасный сервис, больше никогда не приду",
        "服务太差了，再也不来了",
        "服務太差了，再也不來了",
    ] {
        assert_eq!(polarity(text), Some(Polarity::Negative), "{text}");
    }
}

#[test]
fn both_ways_of_writing_chinese_score_the_same() {
    assert!((score("态度很差，电话没人接") - score("態度很差，電話沒人接")).abs() < f32::EPSILON);
}

#[test]
fn negation_turns_praise_down_and_blame_up() {
    for (plain, negated) in [
        ("The food was good", "The food was not good"),
        ("I recommend this bank", "I do not recommend this bank"),
        ("Мне понравилось", "Мне не понравилось"),
        ("Советую", "Не советую"),
        ("很好", "不好"),
        ("推荐", "不推荐"),
    ] {
        assert!(
            score(plain) > score(negated) + 0.1,
            "{plain} {} / {negated} {}",
            score(plain),
            score(negated)
        );
    }
    for (plain, negated) in [("bad", "not bad"), ("плохо", "не плохо"), ("差", "不差")] {
        assert!(
            score(plain) < score(negated),
            "{plain} {} / {negated} {}",
            score(plain),
            score(negated)
        );
    }
}

#[test]
fn emoji_and_stretched_words_speak() {
    assert!(score("my flight 😡") < score("my flight") && score("my flight") < score("my flight ❤️"));
    assert!(score("sooooooo goooood") > 0.0);
}

#[test]
fn case_and_width_do_not_matter() {
    assert!((score("GREAT SERVICE") - score("great service")).abs() < f32::EPSILON);
    assert!((score("ＧＲＥＡＴ service") - score("great service")).abs() < f32::EPSILON);
}

#[test]
fn a_text_with_nothing_to_judge_is_left_unjudged() {
    for text in ["", "   ", "@united"] {
        assert_eq!(polarity(text), None, "{text:?}");
        assert!(score(text).abs() < f32::EPSILON, "{text:?}");
    }
}

#[test]
fn starter_topics_are_found_in_each_language() {
    for (text, topic) in [
        ("They cancelled our flight again", "cancellation"),
        ("#cancelledflight thanks a lot", "cancellation"),
        ("Рейс отменили без объяснений", "cancellation"),
        ("航班被取消了", "cancellation"),
        ("航班被取消了，沒有人通知", "cancellation"),
        ("Two hours on hold and nobody answers", "waiting_on_hold"),
        ("До вас не дозвониться", "waiting_on_hold"),
        ("客服電話打不通", "waiting_on_hold"),
        ("You lost my suitcase", "lost_item"),
        ("Потеряли мой чемодан", "lost_item"),
        ("行李丢了", "lost_item"),
        ("The staff was rude", "staff_attitude"),
        ("Верните деньги!", "refund"),
        ("退款一直不到账", "refund"),
        ("My card was declined at the store", "payment_failure"),
        ("Банкомат съел карту", "cash_machine"),
        ("приложение не открывается", "digital_failure"),
        ("app一直闪退", "digital_failure"),
        ("The room was filthy", "cleanliness"),
    ] {
        assert!(
            topics(text).iter().any(|found| found == topic),
            "{text}: {:?}",
            topics(text)
        );
    }
}

#[test]
fn words_that_only_look_alike_are_no_topic() {
    assert_eq!(topics("We chatted with a plate of ours"), Vec::<String>::new());
    assert!(!topics("I lost hope. My bag is fine").contains(&"lost_item".to_owned()));
}

#[test]
fn a_span_covers_the_words_that_speak_of_the_topic() {
    let topic = |id: &str, keyword: &str| TopicDefinition {
        id: id.into(),
        name: id.into(),
        keywords: vec![keyword.into()],
        ..Default::default()
    };
    let taxonomy = Taxonomy::compile(&[
        topic("bag", "lost … bag"),
        topic("cancel", "cancelled flight"),
        topic("zh", "航班取消"),
    ])
    .unwrap();
    for (text, expected) in [
        ("Well, they LOST my other bags. Sad", "LOST my other bags"),
        ("so #CancelledFlights it is", "CancelledFlights"),
        ("我的航班取消了", "航班取消"),
    ] {
        let found = Engine::builtin().analyze(text, &taxonomy).topics;
        let quotes: Vec<&str> = found.iter().map(|found| &text[found.start..found.end]).collect();
        assert_eq!(quotes, [expected]);
    }
}

#[test]
fn a_match_names_the_keyword_that_stands_at_its_place() {
    let topic = TopicDefinition {
        id: "cancel".into(),
        name: "cancel".into(),
        keywords: ["flight", "cancelled flight", "[no|never] … refund"]
            .map(str::to_owned)
            .to_vec(),
        ..Default::default()
    };
    let taxonomy = Taxonomy::compile(&[topic]).unwrap();
    for (text, keyword) in [
        ("my flight was late", "flight"),
        ("another cancelled flight", "cancelled flight"),
        ("never saw a refund for the flight", "[no|never] … refund"),
    ] {
        let found = Engine::builtin().analyze(text, &taxonomy).topics;
        assert_eq!(found[0].found_by, FoundBy::Keyword(keyword.into()), "{text}");
    }
}

fn topic(id: &str, examples: &[&str]) -> TopicDefinition {
    TopicDefinition {
        id: id.into(),
        name: id.into(),
        examples: examples.iter().map(|&example| example.to_owned()).collect(),
        ..Default::default()
    }
}

#[test]
fn a_topic_is_found_in_words_that_mean_the_like() {
    let taxonomy = Taxonomy::compile(&[
        topic(
            "luggage",
            &[
                "My suitcase never came",
                "Our suitcases are lost",
                "Чемодан потеряли",
                "Мой чемодан не пришел",
            ],
        ),
        topic(
            "engine",
            &[
                "The motor is weak",
                "A noisy motor",
                "Слабый мотор",
                "Мотор шумит",
            ],
        ),
    ])
    .unwrap();
    for (text, id) in [
        ("baggage", "luggage"),
        ("diesel engines", "engine"),
        ("багажом", "luggage"),
        ("двигатель", "engine"),
    ] {
        let ranked = taxonomy.rank(text);
        assert_eq!(ranked[0].0, id, "{text}: {ranked:?}");
        assert!(ranked[0].1 > ranked[1].1 + 0.03, "{text}: {ranked:?}");
    }
}

#[test]
fn a_topic_with_examples_alone_is_found_in_other_words() {
    let taxonomy = Taxonomy::compile(&[
        topic(
            "card_arrival",
            &[
                "My card has not arrived yet",
                "I am still waiting for my card",
                "When will my new card be delivered?",
                "The card you sent never came",
                "How long until my card arrives?",
            ],
        ),
        topic(
            "exchange_rate",
            &[
                "The exchange rate was wrong",
                "Why is the rate for euros so bad?",
                "What exchange rate do you use?",
                "I got a bad rate when I paid in dollars",
                "The currency rate was not what I expected",
            ],
        ),
    ])
    .unwrap();
    let text = "Hello there. I ordered a new card and it still has not arrived. Have a nice day.";
    let found = Engine::builtin().analyze(text, &taxonomy).topics;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].topic_id, "card_arrival");
    assert_eq!(
        &text[found[0].start..found[0].end],
        "I ordered a new card and it still has not arrived."
    );
    assert_eq!(
        found[0].found_by,
        FoundBy::Example(0),
        "the first example is the nearest"
    );
    let other = Engine::builtin()
        .analyze("The weather in Lisbon is lovely in spring.", &taxonomy)
        .topics;
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn sentences_that_disagree_are_judged_each() {
    for text in [
        "The room was great. The staff was rude and horrible.",
        "Номер отличный. Персонал ужасный и хамит.",
        "房间非常好。服务太差了。",
    ] {
        let judged = Engine::builtin().sentiment_by_sentence(text);
        let scores: Vec<f32> = judged.iter().map(|sentence| sentence.sentiment.score).collect();
        assert_eq!(scores.len(), 2, "{text}");
        assert!(
            scores[0] > 0.2 && scores[1] < scores[0] - 0.4,
            "{text}: {scores:?}"
        );
        assert!(text[judged[1].start..].starts_with(['T', 'П', '服']), "{text}");
    }
}

#[test]
fn what_comes_after_but_weighs() {
    for text in [
        "Nice room but the service was terrible",
        "房间不错，但是服务太差了",
    ] {
        assert!(score(text) < 0.0, "{text}: {}", score(text));
    }
}
