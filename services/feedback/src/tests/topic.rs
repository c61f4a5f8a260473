//! The tenant's taxonomy.

use attune_rpc::{Page, Reason, RequestKey, Violations};
use attune_text::TopicDefinition;
use uuid::Uuid;

use super::{Bench, CANCELLED, instant, said};
use crate::commands;
use crate::commands::topic::Create;
use crate::domain::{Topic, TopicOrigin};
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
    commands::topic::create(&bench.db, &bench.tenant, Create { definition, key }).await
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
        let (topics, next) = commands::topic::list(&bench.db, &bench.tenant, &page)
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
