//! One worker at a time holds a timer, and none for ever.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use attune_timers::Worker;
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::call::{Call, Calls, Mischief, age_leases, left, timer, worker};
use crate::fixture::{Fixture, eventually, noon};

#[tokio::test]
async fn a_lease_that_was_lost_to_another_worker_finishes_nothing() {
    let fixture = Fixture::new().await;
    let call = Arc::new(Call::new(&fixture.database));
    let subject = Uuid::now_v7();
    call.plan(subject, Mischief::Wait, 1);
    fixture.schedule("acme", subject, 0).await;
    let slow = worker(&fixture.database, &call);
    let slow = tokio::spawn(async move { slow.step().await });
    call.begun.notified().await;
    age_leases(&fixture, 61.0).await;
    let quick = worker(&fixture.replica().await, &call);
    assert_eq!(quick.step().await.unwrap(), 1);
    call.gate.add_permits(1);
    assert_eq!(slow.await.unwrap().unwrap(), 1);
    assert_eq!(call.lost.load(Ordering::SeqCst), 1, "the slow one was told");
    assert_eq!(fixture.effects().await.len(), 1, "its effect did not stay");
    assert_eq!(
        left(&fixture).await,
        0,
        "and it did not put the finished work back"
    );
}

#[tokio::test]
async fn work_whose_lease_was_lost_is_not_put_back_while_another_worker_does_it() {
    let fixture = Fixture::new().await;
    let call = Arc::new(Call::new(&fixture.database));
    let subject = Uuid::now_v7();
    call.plan(subject, Mischief::Wait, 2);
    fixture.schedule("acme", subject, 0).await;
    let [first, second] = [
        worker(&fixture.database, &call),
        worker(&fixture.replica().await, &call),
    ];
    let first = tokio::spawn(async move { first.step().await });
    call.begun.notified().await;
    age_leases(&fixture, 61.0).await;
    let second = tokio::spawn(async move { second.step().await });
    call.begun.notified().await;
    // The semaphore is fair: the first to wait goes first.
    call.gate.add_permits(1);
    first.await.unwrap().unwrap();
    let (due_at, tries, leased, _) = timer(&fixture).await;
    assert_eq!(
        (due_at, tries, leased),
        (noon(), 0, true),
        "the second one's lease is untouched"
    );
    call.gate.add_permits(1);
    second.await.unwrap().unwrap();
    assert_eq!((fixture.effects().await.len(), left(&fixture).await), (1, 0));
}

#[tokio::test]
async fn what_a_killed_worker_held_is_done_again_when_its_lease_is_over_and_not_before() {
    let fixture = Fixture::new().await;
    let call = Arc::new(Call::new(&fixture.database));
    let subject = Uuid::now_v7();
    call.plan(subject, Mischief::Wait, 1);
    fixture.schedule("acme", subject, 0).await;
    let killed = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let dying = Worker::new(fixture.replica().await, Calls(Arc::clone(&call)));
    killed.spawn(async move { dying.step().await });
    call.begun.notified().await;
    // Nothing of it has a moment left, as after a SIGKILL.
    killed.shutdown_background();

    let heir = worker(&fixture.database, &call);
    fixture.hand.advance(TimeDelta::days(30));
    assert_eq!(heir.step().await.unwrap(), 0, "virtual time does not end a lease");
    age_leases(&fixture, 59.0).await;
    assert_eq!(heir.step().await.unwrap(), 0, "nor does less than its time");
    age_leases(&fixture, 2.0).await;
    assert_eq!(heir.step().await.unwrap(), 1);
    assert_eq!(call.tries(subject), [0, 0], "a death is no failure of the work");
    assert_eq!((fixture.effects().await.len(), left(&fixture).await), (1, 0));
}

#[tokio::test]
async fn the_longest_lease_shortens_a_lease_and_never_lengthens_it() {
    let fixture = Fixture::new().await;
    for (longest, expected) in [(None, 60), (Some(10), 10), (Some(600), 60)] {
        let call = Arc::new(Call::new(&fixture.database));
        let subject = Uuid::now_v7();
        call.plan(subject, Mischief::Wait, 1);
        fixture.schedule("acme", subject, 0).await;
        let worker = worker(&fixture.database, &call).with_longest_lease(longest.map(Duration::from_secs));
        let working = tokio::spawn(async move { worker.step().await });
        call.begun.notified().await;
        let held: f64 = sqlx::query_scalar(
            "SELECT extract(epoch FROM leased_until - statement_timestamp())::float8 FROM profiles.timer",
        )
        .fetch_one(&fixture.admin)
        .await
        .unwrap();
        assert!(
            held <= f64::from(expected) && held > f64::from(expected) - 9.0,
            "{longest:?}: {held}"
        );
        call.gate.add_permits(1);
        assert_eq!(working.await.unwrap().unwrap(), 1);
    }
}

#[tokio::test]
async fn two_workers_never_hold_one_timer() {
    let fixture = Fixture::new().await;
    let call = Arc::new(Call {
        batch: 7,
        ..Call::new(&fixture.database)
    });
    let mut scheduled: Vec<Uuid> = (0..500).map(|_| Uuid::now_v7()).collect();
    for (place, subject) in scheduled.iter().enumerate() {
        fixture
            .schedule(if place % 3 == 0 { "globex" } else { "acme" }, *subject, 0)
            .await;
    }
    let shutdown = CancellationToken::new();
    let mut running = Vec::new();
    for database in [
        fixture.database.clone(),
        fixture.replica().await,
        fixture.replica().await,
    ] {
        running.push(tokio::spawn(worker(&database, &call).run(shutdown.clone())));
    }
    eventually("all is done", async || left(&fixture).await == 0).await;
    shutdown.cancel();
    for each in running {
        each.await.unwrap();
    }
    let mut called: Vec<Uuid> = call.made.lock().unwrap().iter().map(|made| made.1).collect();
    let mut done: Vec<Uuid> = fixture
        .effects()
        .await
        .into_iter()
        .map(|effect| effect.1)
        .collect();
    scheduled.sort();
    called.sort();
    done.sort();
    assert_eq!(called, scheduled, "each was begun once");
    assert_eq!(done, scheduled, "each was done once");
}
