//! The tenant's taxonomy.

mod finding;
mod hierarchy;

use attune_rpc::{Page, Reason, RequestKey, Violations};
use attune_text::TopicDefinition;
use uuid::Uuid;

use super::Bench;
use crate::commands;
use crate::commands::topic::{Archive, Change, Create, Description, Listing, Update};
use crate::domain::Topic;
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
