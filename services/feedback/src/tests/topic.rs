//! The tenant's taxonomy.

use attune_rpc::{Page, Reason, RequestKey, Violations};
use attune_text::TopicDefinition;
use uuid::Uuid;

use super::{Bench, CANCELLED, LATE, instant, said};
use crate::commands;
use crate::commands::topic::{Archive, Change, Create, Description, Listing, Update};
use crate::domain::{Draft, FoundBy, Mention, Topic, TopicOrigin};
use crate::error::Error;

const NOON: &str = "2026-03-01T12:00:00Z";

fn definition(id: &str, keyword: &str) -> TopicDefinition {
    TopicDefinition {
        id: id.into(),
        name: id.into(),
        keywords: vec![keyword.into()],
        examples: Vec::new(),
    }
}

async fn create(bench: &Bench, definition: TopicDefinition, request: Option<u128>) -> Result<Topic, Error> {
    let key = RequestKey {
        method: "CreateTopic",
        request_id: request.map(Uuid::from_u128),
        hash: [1; 32],
    };
    let topic = Description {
        definition,
        parent_id: None,
        rule: String::new(),
        group: false,
    };
    make(bench, topic, key).await
}

async fn make(bench: &Bench, topic: Description, key: RequestKey) -> Result<Topic, Error> {
    let create = Create {
        topic,
        author: "ann".into(),
        key,
    };
    commands::topic::create(&bench.db, &bench.tenant, create).await
}

fn key() -> RequestKey {
    RequestKey {
        method: "CreateTopic",
        request_id: None,
        hash: [1; 32],
    }
}

/// Makes a topic that others can stand below.
pub(super) async fn make_group(bench: &Bench, id: &str) -> Topic {
    let group = Description {
        definition: TopicDefinition {
            id: id.into(),
            name: id.into(),
            ..TopicDefinition::default()
        },
        parent_id: None,
        rule: String::new(),
        group: true,
    };
    make(bench, group, key()).await.unwrap()
}

/// The topic, where there is one of this id.
pub(super) async fn find(bench: &Bench, id: &str) -> Option<Topic> {
    commands::topic::get(&bench.db, &bench.tenant, id, None)
        .await
        .ok()
}

/// Changes a topic, whatever it has become.
pub(super) async fn change(bench: &Bench, topic_id: &str, change: Change) -> Result<Topic, Error> {
    let update = Update {
        topic_id: topic_id.into(),
        etag: String::new(),
        change,
        author: "bob".into(),
        key: key(),
    };
    commands::topic::update(&bench.db, &bench.tenant, update).await
}

/// Puts a topic below another.
pub(super) async fn put_below(bench: &Bench, topic_id: &str, parent: &str) -> Result<Topic, Error> {
    let below = Change {
        parent_id: Some(Some(parent.into())),
        ..Change::default()
    };
    change(bench, topic_id, below).await
}

async fn archive(bench: &Bench, topic_id: &str, etag: &str) -> Result<Topic, Error> {
    let archive = Archive {
        topic_id: topic_id.into(),
        etag: etag.into(),
        author: "bob".into(),
        key: key(),
    };
    commands::topic::archive(&bench.db, &bench.tenant, archive).await
}

fn reason(error: Error) -> Reason {
    attune_rpc::Error::from(error).reason()
}

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

async fn all(bench: &Bench, size: i32) -> Vec<Topic> {
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page: Page<String> = Page::parse(size, &token, &"topics", &mut Violations::default()).unwrap();
        let listing = Listing::default();
        let (topics, next) = commands::topic::list(&bench.db, &bench.tenant, listing, &page)
            .await
            .unwrap();
        seen.extend(topics);
        if next.is_empty() {
            return seen;
        }
        token = next;
    }
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
async fn a_repeated_request_is_answered_with_the_topic_it_made() {
    let bench = Bench::at(NOON).await;
    let first = create(&bench, definition("zorb", "zorbulator"), Some(5))
        .await
        .unwrap();
    let again = create(&bench, definition("zorb", "zorbulator"), Some(5))
        .await
        .unwrap();
    assert_eq!(first, again);
}

#[tokio::test]
async fn a_tenant_has_at_most_500_topics() {
    let bench = Bench::at(NOON).await;
    let room = commands::topic::MOST - all(&bench, 200).await.len();
    sqlx::query(
        "INSERT INTO feedback.topic (tenant_id, topic_id, topic_uid, name, keywords, examples, created_at)
         SELECT $1, 't' || i, gen_random_uuid(), 'T', ARRAY['word' || i], '{}', now() FROM generate_series(2, $2) i",
    )
    .bind(bench.tenant.as_str())
    .bind(i32::try_from(room).unwrap())
    .execute(&bench.admin)
    .await
    .unwrap();
    create(&bench, definition("last", "lastword"), None)
        .await
        .unwrap();
    let refused = attune_rpc::Error::from(
        create(&bench, definition("more", "moreword"), None)
            .await
            .unwrap_err(),
    );
    assert_eq!(
        (refused.code(), refused.reason()),
        (attune_rpc::Code::ResourceExhausted, Reason::LimitReached)
    );
    assert_eq!(all(&bench, 200).await.len(), commands::topic::MOST);
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
async fn a_taxonomy_is_no_circle_and_not_too_deep_and_keeps_what_is_used() {
    let bench = Bench::at(NOON).await;
    for id in ["a", "b", "c", "d", "e"] {
        make_group(&bench, id).await;
    }
    for (id, parent) in [("b", "a"), ("c", "b"), ("d", "c")] {
        put_below(&bench, id, parent).await.unwrap();
    }
    for (id, parent) in [("a", "d"), ("e", "d"), ("a", "a"), ("a", "nothing")] {
        let refused = put_below(&bench, id, parent).await.unwrap_err();
        assert_eq!(reason(refused), Reason::WrongState, "{id} below {parent}");
    }
    assert_eq!(
        reason(archive(&bench, "c", "").await.unwrap_err()),
        Reason::WrongState
    );
    assert_eq!(
        reason(archive(&bench, "nothing", "").await.unwrap_err()),
        Reason::NotFound
    );
    archive(&bench, "d", "").await.unwrap();
    assert_eq!(
        reason(put_below(&bench, "e", "d").await.unwrap_err()),
        Reason::WrongState
    );
}

#[tokio::test]
async fn a_change_from_an_old_picture_is_refused_and_a_change_of_nothing_makes_no_version() {
    let bench = Bench::at(NOON).await;
    let topic = create(&bench, definition("zorb", "zorbulator"), None)
        .await
        .unwrap();
    let same = Change {
        name: Some("zorb".into()),
        ..Change::default()
    };
    assert_eq!(change(&bench, "zorb", same).await.unwrap(), topic);
    let renamed = Change {
        name: Some("Zorb".into()),
        ..Change::default()
    };
    let now = change(&bench, "zorb", renamed).await.unwrap();
    assert_eq!(now.changed_version, topic.changed_version + 1);
    let old = topic.etag().to_string();
    assert_eq!(
        reason(archive(&bench, "zorb", &old).await.unwrap_err()),
        Reason::EtagMismatch
    );
    let emptied = Change {
        keywords: Some(Vec::new()),
        ..Change::default()
    };
    let refused = change(&bench, "zorb", emptied).await.unwrap_err();
    assert_eq!(
        attune_rpc::Error::from(refused).code(),
        attune_rpc::Code::InvalidArgument
    );
}

#[tokio::test]
async fn each_version_says_who_changed_what_and_what_that_affects_and_can_be_read_again() {
    let bench = Bench::at(NOON).await;
    make_group(&bench, "travel").await;
    put_below(&bench, "delay", "travel").await.unwrap();
    archive(&bench, "billing", "").await.unwrap();
    let page = Page::parse(0, "", &"taxonomy_versions", &mut Violations::default()).unwrap();
    let (versions, _) = commands::topic::versions(&bench.db, &bench.tenant, &page)
        .await
        .unwrap();
    let told: Vec<_> = versions
        .iter()
        .map(|version| {
            (
                version.version,
                version.author.as_str(),
                version.topic_id.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(3, "bob", "billing"), (2, "bob", "delay"), (1, "ann", "travel")]
    );
    assert_eq!(versions[1].affected, ["travel"], "the delay is found as before");
    assert!(versions[1].description.contains("place"));
    let parent = async |version| {
        let topic = commands::topic::get(&bench.db, &bench.tenant, "delay", Some(version)).await;
        topic.unwrap().parent_id
    };
    assert_eq!((parent(1).await, parent(3).await), (None, Some("travel".into())));
    let gone = commands::topic::get(&bench.db, &bench.tenant, "delay", Some(4)).await;
    assert_eq!(reason(gone.unwrap_err()), Reason::NotFound);
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
