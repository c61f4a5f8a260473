//! What a subscriber is sent, and what it is refused.

use attune_api::events::v1::{SubscribeRequest, SubscribeResponse};
use attune_auth::TokenSpec;
use attune_database::retention::expire_events;
use attune_events::{Sequencer, Step};
use attune_rpc::DOMAIN;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::fixture::{DEADLINE, FeedServer, Fixture, PROMPTLY, noon, tenant};

fn from(after: &str) -> SubscribeRequest {
    SubscribeRequest {
        source: "profiles".to_owned(),
        after: after.to_owned(),
        ..SubscribeRequest::default()
    }
}

async fn first(fixture: &Fixture, server: &FeedServer, request: SubscribeRequest) -> SubscribeResponse {
    let mut stream = fixture
        .platform_client(server)
        .subscribe(request)
        .await
        .unwrap()
        .into_inner();
    tokio::time::timeout(DEADLINE, stream.message())
        .await
        .unwrap()
        .unwrap()
        .unwrap()
}

async fn refusal(fixture: &Fixture, server: &FeedServer, request: SubscribeRequest) -> Status {
    fixture
        .platform_client(server)
        .subscribe(request)
        .await
        .unwrap_err()
}

fn reason(status: &Status) -> String {
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.domain, DOMAIN);
    info.reason
}

#[tokio::test]
async fn a_tenant_sees_its_own_events_and_a_service_sees_all() {
    let fixture = Fixture::new().await;
    let server = fixture.serve();
    for (version, name) in (1..).zip(["acme", "globex", "acme"]) {
        fixture.tell(name, Uuid::now_v7(), version).await;
    }
    assert_eq!(
        Sequencer::new(fixture.profiles.clone()).step().await.unwrap(),
        Step::Numbered(3)
    );

    let spec = TokenSpec::user("ann", tenant("acme"), "events.read");
    let mut stream = fixture
        .client(&server, &spec, None)
        .subscribe(from(""))
        .await
        .unwrap()
        .into_inner();
    let seen = stream.message().await.unwrap().unwrap();
    assert_eq!(
        seen.events.iter().map(|event| event.position).collect::<Vec<_>>(),
        [1, 3]
    );
    assert!(seen.events.iter().all(|event| event.tenant_id == "acme"));
    drop(stream);

    let all = first(&fixture, &server, from("")).await;
    assert_eq!(all.events.len(), 3);
    assert!(all.caught_up);

    let spec = TokenSpec::service("reader", "events.read");
    let mut stream = fixture
        .client(&server, &spec, Some("globex"))
        .subscribe(from(""))
        .await
        .unwrap()
        .into_inner();
    let theirs = stream.message().await.unwrap().unwrap();
    assert_eq!(
        theirs
            .events
            .iter()
            .map(|event| event.position)
            .collect::<Vec<_>>(),
        [2]
    );
    assert_eq!(
        theirs.through_position, 3,
        "also a filtered stream says how far it has come"
    );
}

#[tokio::test]
async fn a_user_cannot_ask_for_every_tenant() {
    let fixture = Fixture::new().await;
    let server = fixture.serve();
    let spec = TokenSpec::user("ann", tenant("acme"), "events.read");
    let refused = fixture
        .client(&server, &spec, Some("*"))
        .subscribe(from(""))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_stream_goes_on_after_its_cursor_and_sends_only_the_types_asked_for() {
    let fixture = Fixture::new().await;
    let server = fixture.serve();
    let sequencer = Sequencer::new(fixture.profiles.clone());
    fixture.tell("acme", Uuid::now_v7(), 1).await;
    sequencer.step().await.unwrap();
    let before = first(&fixture, &server, from("")).await;
    fixture.tell("acme", Uuid::now_v7(), 2).await;
    sequencer.step().await.unwrap();

    let after = first(&fixture, &server, from(&before.through)).await;
    assert_eq!(
        after
            .events
            .iter()
            .map(|event| event.position)
            .collect::<Vec<_>>(),
        [2]
    );

    let other = SubscribeRequest {
        types: vec!["attune.other.v1.Happened".to_owned()],
        ..from("")
    };
    let checkpoint = first(&fixture, &server, other).await;
    assert_eq!((checkpoint.events.len(), checkpoint.through_position), (0, 2));
}

#[tokio::test]
async fn a_cursor_of_another_epoch_or_of_no_feed_at_all_is_refused() {
    let fixture = Fixture::new().await;
    let server = fixture.serve();
    let here = first(&fixture, &server, from("")).await.through;
    sqlx::query("UPDATE profiles.feed_head SET epoch = gen_random_uuid()")
        .execute(&fixture.admin)
        .await
        .unwrap();
    for cursor in [here.as_str(), "not a cursor"] {
        let refused = refusal(&fixture, &server, from(cursor)).await;
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::InvalidArgument, "CURSOR_FOREIGN")
        );
    }
}

#[tokio::test]
async fn a_cursor_behind_what_is_kept_is_refused_with_the_oldest_position() {
    let fixture = Fixture::new().await;
    let server = fixture.serve();
    let sequencer = Sequencer::new(fixture.profiles.clone());
    fixture.tell("acme", Uuid::now_v7(), 1).await;
    sequencer.step().await.unwrap();
    let early = first(&fixture, &server, from("")).await.through;
    sqlx::query("UPDATE profiles.feed_head SET position = 100000")
        .execute(&fixture.admin)
        .await
        .unwrap();
    fixture.tell("acme", Uuid::now_v7(), 2).await;
    sequencer.step().await.unwrap();
    let expired = expire_events(&fixture.profiles, noon() + chrono::TimeDelta::days(400))
        .await
        .unwrap();
    assert_eq!(expired, 1);

    let refused = refusal(&fixture, &server, from(&early)).await;
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::OutOfRange, "CURSOR_EXPIRED")
    );
    assert_eq!(
        refused.get_details_error_info().unwrap().metadata["oldest_position"],
        "100001"
    );
    let oldest = first(&fixture, &server, from("")).await;
    assert_eq!(oldest.events[0].position, 100_001);
}

#[tokio::test]
async fn a_source_that_is_not_served_here_is_not_found() {
    let fixture = Fixture::new().await;
    let server = fixture.serve();
    let elsewhere = SubscribeRequest {
        source: "weather".to_owned(),
        ..SubscribeRequest::default()
    };
    assert_eq!(refusal(&fixture, &server, elsewhere).await.code(), Code::NotFound);
}

#[tokio::test]
async fn draining_ends_an_open_stream_with_unavailable_and_does_not_wait_for_it() {
    let fixture = Fixture::new().await;
    let server = fixture.serve();
    let mut stream = fixture
        .platform_client(&server)
        .subscribe(from(""))
        .await
        .unwrap()
        .into_inner();
    assert!(stream.message().await.unwrap().unwrap().caught_up);
    let (end, ()) = tokio::join!(
        async {
            loop {
                if let Err(end) = stream.message().await {
                    return end;
                }
            }
        },
        server.drain(),
    );
    assert_eq!(end.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_reader_in_another_process_than_the_sequencer_hears_of_an_event_before_the_next_poll() {
    let fixture = Fixture::new().await;
    let server = fixture.serve();
    let mut stream = fixture
        .platform_client(&server)
        .subscribe(from(""))
        .await
        .unwrap()
        .into_inner();
    stream.message().await.unwrap().unwrap();
    // Numbered in the database alone, as by another process: nothing in this one is told.
    let (mut writes, mut waits) = (Vec::new(), Vec::new());
    for version in 1..=9 {
        let begun = std::time::Instant::now();
        fixture.tell("acme", Uuid::now_v7(), version).await;
        writes.push(begun.elapsed());
        number_elsewhere(&fixture).await;
        let told = std::time::Instant::now();
        while stream.message().await.unwrap().unwrap().events.is_empty() {}
        waits.push(told.elapsed());
    }
    writes.sort();
    waits.sort();
    assert!(
        waits[4] < PROMPTLY,
        "a poll takes 250 ms, half of them took {:?} where a write takes {:?}",
        waits[4],
        writes[4]
    );
}

async fn number_elsewhere(fixture: &Fixture) {
    let mut tx = fixture.admin.begin().await.unwrap();
    for statement in [
        "INSERT INTO profiles.event_log
         SELECT head.position + 1, subject_version, occurred_at, occurred_at, event_id, subject, tenant_id, type,
                payload, trace_context
         FROM profiles.outbox, profiles.feed_head AS head",
        "DELETE FROM profiles.outbox",
        "UPDATE profiles.feed_head SET position = position + 1",
        "NOTIFY attune_feed_profiles",
    ] {
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}
