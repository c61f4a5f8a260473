//! Which topics a text is given.

use super::*;
use crate::domain::{Draft, FoundBy, Mention, TopicOrigin};
use crate::tests::{CANCELLED, LATE, instant, said};

async fn mentions(bench: &Bench, draft: Draft) -> Vec<Mention> {
    let id = bench.submit_many(vec![draft]).await[0].feedback_id;
    let feedback = commands::feedback::get(&bench.by_id(), &bench.tenant, id)
        .await
        .unwrap();
    feedback.understanding.unwrap().topics
}

async fn topics_of(bench: &Bench, text: &str) -> Vec<String> {
    let id = bench.submit_many(vec![said(text, "", instant(NOON))]).await[0].feedback_id;
    let feedback = commands::feedback::get(&bench.by_id(), &bench.tenant, id)
        .await
        .unwrap();
    feedback
        .understanding
        .unwrap()
        .topics
        .into_iter()
        .map(|mention| mention.topic_id)
        .collect()
}

#[tokio::test]
async fn feedback_is_understood_with_a_topic_from_its_creation_on() {
    let bench = Bench::at(NOON).await;
    assert!(
        !topics_of(&bench, "the zorbulator hums")
            .await
            .contains(&"zorb".to_owned())
    );
    create(&bench, definition("zorb", "zorbulator"), None)
        .await
        .unwrap();
    assert!(
        topics_of(&bench, "the zorbulator hums")
            .await
            .contains(&"zorb".to_owned())
    );
}

#[tokio::test]
async fn a_topic_of_the_tenant_takes_the_place_of_the_starter_topic() {
    let bench = Bench::at(NOON).await;
    let before = all(&bench, 200).await.len();
    let topic = create(&bench, definition("cancellation", "zorbulator"), None)
        .await
        .unwrap();
    assert_eq!(topic.origin, TopicOrigin::Tenant);
    assert_eq!(all(&bench, 3).await.len(), before);
    assert!(
        !topics_of(&bench, CANCELLED)
            .await
            .contains(&"cancellation".to_owned())
    );
    let refused = create(&bench, definition("cancellation", "other"), None)
        .await
        .unwrap_err();
    assert_eq!(attune_rpc::Error::from(refused).reason(), Reason::AlreadyExists);
}

#[tokio::test]
async fn a_text_is_given_the_topics_above_those_it_mentions() {
    let bench = Bench::at(NOON).await;
    make_group(&bench, "travel").await;
    put_below(&bench, "cancellation", "travel").await.unwrap();
    put_below(&bench, "delay", "travel").await.unwrap();
    let both = said(&format!("{CANCELLED}. {LATE}"), "", instant(NOON));
    let topics = mentions(&bench, both).await;
    let found_by = |id: &str| {
        topics
            .iter()
            .find(|topic| topic.topic_id == id)
            .unwrap()
            .found_by
            .clone()
    };
    assert!(matches!(found_by("cancellation"), Some(FoundBy::Keyword(word)) if word.contains("cancel")));
    assert!(matches!(found_by("travel"), Some(FoundBy::Below(_))));
    let above = topics.iter().filter(|topic| topic.topic_id == "travel").count();
    assert_eq!(above, 1);
    // The text counts once for the topic above both.
    let counted = "SELECT feedback FROM feedback.slice_count
        WHERE tenant_id = $1 AND grain = 'day' AND topic_id = 'travel'";
    assert_eq!(bench.number(counted).await, 1);
}

#[tokio::test]
async fn an_archived_topic_finds_nothing_and_comes_back_when_it_is_made_again() {
    let bench = Bench::at(NOON).await;
    archive(&bench, "cancellation", "").await.unwrap();
    assert!(
        !topics_of(&bench, CANCELLED)
            .await
            .contains(&"cancellation".to_owned())
    );
    assert!(
        all(&bench, 200)
            .await
            .iter()
            .all(|topic| topic.id() != "cancellation")
    );
    let again = archive(&bench, "cancellation", "").await.unwrap();
    assert_eq!(again.changed_version, 1);
    let renamed = change(&bench, "cancellation", Change::default()).await;
    assert_eq!(reason(renamed.unwrap_err()), Reason::WrongState);
    create(&bench, definition("cancellation", "cancelled"), None)
        .await
        .unwrap();
    assert!(
        topics_of(&bench, CANCELLED)
            .await
            .contains(&"cancellation".to_owned())
    );
}

#[tokio::test]
async fn a_rule_gives_a_topic_by_the_fields_of_the_feedback() {
    let bench = Bench::at(NOON).await;
    let rule = Description {
        definition: TopicDefinition {
            id: "tills".into(),
            name: "Tills".into(),
            ..TopicDefinition::default()
        },
        parent_id: None,
        rule: "feedback.channel == 'store' && feedback.text.contains('till')".into(),
        group: false,
    };
    make(&bench, rule, key()).await.unwrap();
    let at = |channel: &str| Draft {
        channel: channel.into(),
        ..said("the till was broken", "", instant(NOON))
    };
    let found = mentions(&bench, at("store")).await;
    let till = found.iter().find(|topic| topic.topic_id == "tills").unwrap();
    assert_eq!(
        (till.start, till.end, &till.found_by),
        (0, 19, &Some(FoundBy::Rule))
    );
    assert!(
        mentions(&bench, at("social"))
            .await
            .iter()
            .all(|topic| topic.topic_id != "tills")
    );
}

#[tokio::test]
async fn a_topic_by_examples_names_the_one_a_text_is_like() {
    let bench = Bench::at(NOON).await;
    let examples = [
        "My card has not arrived yet",
        "I am still waiting for my card",
        "When will my new card be delivered?",
        "The card you sent never came",
        "How long until my card arrives?",
    ];
    let card = TopicDefinition {
        examples: examples.map(str::to_owned).to_vec(),
        keywords: Vec::new(),
        ..definition("card_arrival", "")
    };
    create(&bench, card, None).await.unwrap();
    let found = mentions(&bench, said("the card you sent me never came", "", instant(NOON))).await;
    let card = found
        .iter()
        .find(|topic| topic.topic_id == "card_arrival")
        .unwrap();
    assert_eq!(card.found_by, Some(FoundBy::Example(3)));
}
