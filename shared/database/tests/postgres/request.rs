//! Writes that arrive more than once.

use attune_database::Write;
use attune_rpc::{Code, Reason, RequestKey};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::fixture::{Fixture, add_note, notes, tenant};

fn key(request_id: Uuid, body: u8) -> RequestKey {
    RequestKey {
        method: "CreateNote",
        request_id: Some(request_id),
        hash: [body; 32],
    }
}

fn fresh(write: Write) -> attune_database::Tx {
    match write {
        Write::Fresh(tx) => tx,
        Write::Repeat(result) => panic!("taken for a repetition of {result}"),
    }
}

fn repeated(write: &Write) -> Uuid {
    match write {
        Write::Repeat(result) => *result,
        Write::Fresh(_) => panic!("taken for a new request"),
    }
}

#[tokio::test]
async fn a_repeated_write_is_answered_with_the_first_result() {
    let fixture = Fixture::new().await;
    let (acme, request, result) = (tenant("acme"), Uuid::now_v7(), Uuid::now_v7());
    let mut tx = fresh(
        fixture
            .profiles
            .write(&acme, &key(request, 1), result)
            .await
            .unwrap(),
    );
    add_note(&mut tx, "once").await.unwrap();
    tx.commit().await.unwrap();

    let again = fixture
        .profiles
        .write(&acme, &key(request, 1), Uuid::now_v7())
        .await
        .unwrap();
    assert_eq!(repeated(&again), result);
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused() {
    let fixture = Fixture::new().await;
    let (acme, request) = (tenant("acme"), Uuid::now_v7());
    let tx = fresh(
        fixture
            .profiles
            .write(&acme, &key(request, 1), Uuid::now_v7())
            .await
            .unwrap(),
    );
    tx.commit().await.unwrap();

    let error = fixture
        .profiles
        .write(&acme, &key(request, 2), Uuid::now_v7())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.reason()),
        (Code::InvalidArgument, Reason::RequestIdReused)
    );
}

#[tokio::test]
async fn another_tenant_and_another_method_may_use_the_same_id() {
    let fixture = Fixture::new().await;
    let request = Uuid::now_v7();
    let ours = fixture
        .profiles
        .write(&tenant("acme"), &key(request, 1), Uuid::now_v7())
        .await
        .unwrap();
    fresh(ours).commit().await.unwrap();

    let theirs = fixture
        .profiles
        .write(&tenant("globex"), &key(request, 2), Uuid::now_v7())
        .await
        .unwrap();
    fresh(theirs).commit().await.unwrap();
    let other = RequestKey {
        method: "DeleteNote",
        ..key(request, 3)
    };
    fresh(
        fixture
            .profiles
            .write(&tenant("acme"), &other, Uuid::now_v7())
            .await
            .unwrap(),
    );
}

#[tokio::test]
async fn a_write_without_an_id_is_always_new() {
    let fixture = Fixture::new().await;
    let anonymous = RequestKey {
        request_id: None,
        ..key(Uuid::nil(), 1)
    };
    for text in ["one", "two"] {
        let write = fixture
            .profiles
            .write(&tenant("acme"), &anonymous, Uuid::now_v7())
            .await
            .unwrap();
        let mut tx = fresh(write);
        add_note(&mut tx, text).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = fixture.profiles.read(&tenant("acme")).await.unwrap();
    assert_eq!(notes(&mut tx).await, ["one", "two"]);
}

#[tokio::test]
async fn a_write_that_failed_leaves_its_id_free() {
    let fixture = Fixture::new().await;
    let (acme, request) = (tenant("acme"), Uuid::now_v7());
    let failed = fresh(
        fixture
            .profiles
            .write(&acme, &key(request, 1), Uuid::now_v7())
            .await
            .unwrap(),
    );
    failed.roll_back().await.unwrap();
    fresh(
        fixture
            .profiles
            .write(&acme, &key(request, 1), Uuid::now_v7())
            .await
            .unwrap(),
    );
}

#[tokio::test]
async fn of_concurrent_duplicates_one_works_and_the_others_get_its_result() {
    let fixture = Fixture::new().await;
    let request = Uuid::now_v7();
    let writers = (0..8).map(|_| {
        let database = fixture.profiles.clone();
        tokio::spawn(async move {
            let result = Uuid::now_v7();
            match database
                .write(&tenant("acme"), &key(request, 1), result)
                .await
                .unwrap()
            {
                Write::Fresh(mut tx) => {
                    add_note(&mut tx, &result.to_string()).await.unwrap();
                    tx.commit().await.unwrap();
                    result
                }
                Write::Repeat(result) => result,
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut results = Vec::new();
    for writer in writers {
        results.push(writer.await.unwrap().to_string());
    }
    results.dedup();
    let mut tx = fixture.profiles.read(&tenant("acme")).await.unwrap();
    assert_eq!(
        notes(&mut tx).await,
        results,
        "one effect, and everybody was told the same"
    );
}

#[tokio::test]
async fn a_waiting_duplicate_takes_over_when_the_first_gives_up() {
    let fixture = Fixture::new().await;
    let request = Uuid::now_v7();
    let first = fresh(
        fixture
            .profiles
            .write(&tenant("acme"), &key(request, 1), Uuid::now_v7())
            .await
            .unwrap(),
    );
    let database = fixture.profiles.clone();
    let second = tokio::spawn(async move {
        fresh(
            database
                .write(&tenant("acme"), &key(request, 1), Uuid::now_v7())
                .await
                .unwrap(),
        );
    });
    blocked_on_a_lock(&fixture).await;
    assert!(!second.is_finished());
    first.roll_back().await.unwrap();
    second.await.unwrap();
}

/// Returns once some statement of the test's database waits for another transaction.
async fn blocked_on_a_lock(fixture: &Fixture) {
    let mut admin = PgConnection::connect(fixture.clone.url()).await.unwrap();
    let waiting = async {
        let query = "SELECT EXISTS (SELECT FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(query)
            .fetch_one(&mut admin)
            .await
            .unwrap()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), waiting)
        .await
        .expect("nothing waits");
}
