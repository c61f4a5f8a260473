//! Many writers, some of which change their mind, and a reader that counts.

use std::collections::HashMap;

use attune_api::events::v1::{Event, SubscribeRequest};
use attune_database::Write;
use attune_rpc::RequestKey;
use uuid::Uuid;

use crate::fixture::{DEADLINE, FeedServer, Fixture, say, tenant};

const WRITERS: u64 = 12;
const ROUNDS: u64 = 40;
const SUBJECTS: u64 = 6;

/// Writers fight for few subjects. Every second one writes its idempotency row before it takes the subject's
/// lock, every fifth transaction is rolled back. Answers how many events were told of each subject.
async fn write(fixture: &Fixture, subjects: &[(String, Uuid)]) -> HashMap<Uuid, i64> {
    let writers = (0..WRITERS).map(|writer| async move {
        for round in 0..ROUNDS {
            let (tenant_name, subject) = &subjects[((writer * 7 + round * 5) % SUBJECTS) as usize];
            let tenant = tenant(tenant_name);
            let mut tx = if writer % 2 == 0 {
                let key = RequestKey {
                    method: "Stress",
                    request_id: Some(Uuid::now_v7()),
                    hash: [0; 32],
                };
                match fixture.profiles.write(&tenant, &key, *subject).await.unwrap() {
                    Write::Fresh(tx) => tx,
                    Write::Repeat(_) => unreachable!("the id is new"),
                }
            } else {
                fixture.profiles.system(&tenant).await.unwrap()
            };
            let version: i64 = sqlx::query_scalar(
                "UPDATE profiles.counter SET version = version + 1 WHERE subject = $1 RETURNING version",
            )
            .bind(subject)
            .fetch_one(&mut *tx)
            .await
            .unwrap();
            say(&mut tx, *subject, version).await;
            if (writer + round * 3) % 5 == 0 {
                tx.roll_back().await.unwrap();
            } else {
                tx.commit().await.unwrap();
            }
        }
    });
    futures::future::join_all(writers).await;
    let told: Vec<(Uuid, i64)> = sqlx::query_as("SELECT subject, version FROM profiles.counter")
        .fetch_all(&fixture.admin)
        .await
        .unwrap();
    told.into_iter().collect()
}

async fn subjects(fixture: &Fixture) -> Vec<(String, Uuid)> {
    let mut subjects = Vec::new();
    for number in 0..SUBJECTS {
        let subject = (format!("tenant-{}", number % 2), Uuid::now_v7());
        sqlx::query("INSERT INTO profiles.counter (tenant_id, subject) VALUES ($1, $2)")
            .bind(&subject.0)
            .bind(subject.1)
            .execute(&fixture.admin)
            .await
            .unwrap();
        subjects.push(subject);
    }
    subjects
}

/// Reads the feed from its beginning until `count` events have come.
pub(crate) async fn read(fixture: &Fixture, server: &FeedServer, count: usize) -> Vec<Event> {
    let mut client = fixture.platform_client(server);
    let request = SubscribeRequest {
        source: "profiles".to_owned(),
        ..SubscribeRequest::default()
    };
    let mut stream = client.subscribe(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    let all = tokio::time::timeout(DEADLINE, async {
        while events.len() < count {
            events.extend(stream.message().await.unwrap().unwrap().events);
        }
    });
    assert!(all.await.is_ok(), "{} of {count} events came", events.len());
    events
}

/// Contiguous positions, and of each subject all versions in order: nothing lost, doubled or swapped.
fn assert_whole(events: &[Event], told: &HashMap<Uuid, i64>) {
    let positions: Vec<i64> = events.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=told.values().sum()).collect::<Vec<_>>());
    for (subject, last) in told {
        let name = subject.to_string();
        let versions: Vec<i64> = events
            .iter()
            .filter(|event| event.subject == name)
            .map(|event| event.subject_version)
            .collect();
        assert_eq!(versions, (1..=*last).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_beside_many_writers_misses_nothing_and_sees_every_subject_in_order() {
    let fixture = Fixture::new().await;
    let subjects = subjects(&fixture).await;
    let (server, sequencer) = (fixture.serve(), fixture.sequence());
    let ((), told) = tokio::join!(
        async {
            // The reader is there from the first event on.
            read(&fixture, &server, 1).await;
        },
        write(&fixture, &subjects),
    );
    let count = usize::try_from(told.values().sum::<i64>()).unwrap();
    assert!(count > 300, "most writers commit");
    assert_whole(&read(&fixture, &server, count).await, &told);
    sequencer.stop().await;
    server.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_sequencers_at_once_number_every_event_once() {
    let fixture = Fixture::new().await;
    let subjects = subjects(&fixture).await;
    let server = fixture.serve();
    let sequencers = [fixture.sequence(), fixture.sequence(), fixture.sequence()];
    let told = write(&fixture, &subjects).await;
    let count = usize::try_from(told.values().sum::<i64>()).unwrap();
    assert_whole(&read(&fixture, &server, count).await, &told);
    for sequencer in sequencers {
        sequencer.stop().await;
    }
    server.drain().await;
}
