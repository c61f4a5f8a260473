//! Work that fails, panics or is told to stop.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::call::{Call, Mischief, left, timer, worker};
use crate::fixture::{Fixture, eventually};

#[tokio::test]
async fn work_that_fails_panics_or_is_forgotten_rests_longer_each_time_and_holds_up_nobody() {
    for (mischief, reason) in [
        (Mischief::Fail, "not today"),
        (Mischief::Panic, "cannot even fail"),
        (Mischief::Forget, "not finished"),
    ] {
        let fixture = Fixture::new().await;
        let call = Arc::new(Call::new(&fixture.database));
        let worker = worker(&fixture.database, &call);
        let [bad, well] = [Uuid::now_v7(), Uuid::now_v7()];
        call.plan(bad, mischief, 3);
        fixture.schedule("acme", bad, 0).await;
        fixture.schedule("globex", well, 0).await;
        assert_eq!(worker.step().await.unwrap(), 2);
        assert_eq!(
            fixture.effects().await,
            [("globex".to_owned(), well)],
            "{mischief:?}"
        );
        for (tries, rest) in [(1, 5), (2, 10), (3, 20)] {
            let now = fixture.database.clock().now();
            let (due_at, attempts, leased, error) = timer(&fixture).await;
            assert_eq!(
                (due_at - now, attempts, leased),
                (TimeDelta::seconds(rest), tries, false),
                "{mischief:?}"
            );
            assert!(error.is_some_and(|error| error.contains(reason)), "{mischief:?}");
            assert_eq!(worker.step().await.unwrap(), 0, "it rests");
            fixture.hand.advance(TimeDelta::seconds(rest));
            assert_eq!(worker.step().await.unwrap(), 1);
        }
        assert_eq!(call.tries(bad), [0, 1, 2, 3]);
        assert_eq!(
            (fixture.effects().await.len(), left(&fixture).await),
            (2, 0),
            "{mischief:?}"
        );
    }
}

#[tokio::test]
async fn a_panic_does_not_end_the_loop_and_what_is_scheduled_wakes_it() {
    let fixture = Fixture::new().await;
    let call = Arc::new(Call::new(&fixture.database));
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(worker(&fixture.database, &call).run(shutdown.clone()));
    let [panics, well] = [Uuid::now_v7(), Uuid::now_v7()];
    call.plan(panics, Mischief::Panic, 1);
    fixture.schedule("acme", panics, 0).await;
    eventually("the panic is noted", async || timer(&fixture).await.1 == 1).await;
    fixture.schedule("acme", well, 0).await;
    eventually("the next is done", async || fixture.effects().await.len() == 1).await;
    fixture.hand.advance(TimeDelta::seconds(5));
    eventually("and so is what panicked, when time has moved", async || {
        fixture.effects().await.len() == 2
    })
    .await;
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_loop_that_is_stopped_lets_what_is_in_progress_end() {
    let fixture = Fixture::new().await;
    let call = Arc::new(Call::new(&fixture.database));
    let shutdown = CancellationToken::new();
    let subject = Uuid::now_v7();
    call.plan(subject, Mischief::Wait, 1);
    fixture.schedule("acme", subject, 0).await;
    let running = tokio::spawn(worker(&fixture.database, &call).run(shutdown.clone()));
    call.begun.notified().await;
    shutdown.cancel();
    fixture.schedule("acme", Uuid::now_v7(), 0).await;
    call.gate.add_permits(1);
    running.await.unwrap();
    assert_eq!(
        fixture.effects().await,
        [("acme".to_owned(), subject)],
        "and begins nothing new"
    );
    assert_eq!(left(&fixture).await, 1);
}
