//! Work under a lease: done once, by whoever lives.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use attune_database::Database;
use attune_rpc::TenantId;
use attune_timers::{FinishError, Leased, Work, Worker, schedule};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::fixture::{Fixture, KIND, eventually, noon};

/// What happens instead of the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mischief {
    Fail,
    Panic,
    /// Returns as if all were well, and finishes nothing.
    Forget,
    /// Waits for the gate before it finishes.
    Wait,
    /// The timer is scheduled again in the transaction that finished it.
    Again(i64),
}

/// An outside call that writes down what it was given, then the effect.
#[derive(Debug)]
struct Call {
    database: Database,
    mischief: Mutex<HashMap<Uuid, (Mischief, u32)>>,
    /// Tenant, subject and earlier tries of every call.
    made: Mutex<Vec<(String, Uuid, i32)>>,
    lost: AtomicUsize,
    begun: Notify,
    gate: Semaphore,
    lease: Duration,
    batch: u16,
}

impl Call {
    fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
            mischief: Mutex::default(),
            made: Mutex::default(),
            lost: AtomicUsize::new(0),
            begun: Notify::new(),
            gate: Semaphore::new(0),
            lease: Duration::from_mins(1),
            batch: 50,
        }
    }

    fn plan(&self, subject: Uuid, mischief: Mischief, times: u32) {
        self.mischief.lock().unwrap().insert(subject, (mischief, times));
    }

    fn mischief(&self, subject: Uuid) -> Option<Mischief> {
        let mut planned = self.mischief.lock().unwrap();
        let (mischief, times) = planned.get_mut(&subject)?;
        *times = times.checked_sub(1)?;
        Some(*mischief)
    }

    fn tries(&self, subject: Uuid) -> Vec<i32> {
        let made = self.made.lock().unwrap();
        made.iter()
            .filter(|call| call.1 == subject)
            .map(|call| call.2)
            .collect()
    }

    async fn one(&self, leased: &Leased) -> anyhow::Result<()> {
        let timer = &leased.timer;
        let call = (timer.tenant.to_string(), timer.subject, timer.attempts);
        self.made.lock().unwrap().push(call);
        let mischief = self.mischief(timer.subject);
        match mischief {
            Some(Mischief::Fail) => anyhow::bail!("not today"),
            Some(Mischief::Panic) => panic!("cannot even fail"),
            Some(Mischief::Forget) => return Ok(()),
            Some(Mischief::Wait) => {
                self.begun.notify_one();
                self.gate.acquire().await?.forget();
            }
            Some(Mischief::Again(_)) | None => {}
        }
        let mut tx = self.database.system(&timer.tenant).await?;
        if let Err(error) = leased.finish(&mut tx).await {
            if matches!(error, FinishError::Lost(_)) {
                self.lost.fetch_add(1, Ordering::SeqCst);
            }
            return Err(error.into());
        }
        sqlx::query("INSERT INTO profiles.effect (tenant_id, subject) VALUES ($1, $2)")
            .bind(timer.tenant.as_str())
            .bind(timer.subject)
            .execute(&mut *tx)
            .await?;
        if let Some(Mischief::Again(minutes)) = mischief {
            schedule(
                &mut tx,
                KIND,
                timer.subject,
                timer.due_at + TimeDelta::minutes(minutes),
            )
            .await?;
        }
        Ok(tx.commit().await?)
    }
}

/// The same calls from several workers.
#[derive(Clone, Debug)]
struct Calls(Arc<Call>);

#[async_trait]
impl Work for Calls {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn batch(&self) -> u16 {
        self.0.batch
    }

    fn lease(&self) -> Duration {
        self.0.lease
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        assert!(due.iter().all(|leased| leased.timer.tenant == *tenant));
        let mut failure = None;
        for leased in due {
            if let Err(error) = self.0.one(leased).await {
                failure = Some(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

fn worker(database: &Database, call: &Arc<Call>) -> Worker {
    Worker::new(database.clone(), Calls(Arc::clone(call)))
}

/// Due at, tries, whether leased, and why it failed, of the one timer there is.
async fn timer(fixture: &Fixture) -> (DateTime<Utc>, i32, bool, Option<String>) {
    sqlx::query_as("SELECT due_at, attempts, leased_until IS NOT NULL, last_error FROM profiles.timer")
        .fetch_one(&fixture.admin)
        .await
        .unwrap()
}

async fn left(fixture: &Fixture) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM profiles.timer")
        .fetch_one(&fixture.admin)
        .await
        .unwrap()
}

/// As if so much time had gone by since every lease was taken.
async fn age_leases(fixture: &Fixture, seconds: f64) {
    sqlx::query("UPDATE profiles.timer SET leased_until = leased_until - make_interval(secs => $1)")
        .bind(seconds)
        .execute(&fixture.admin)
        .await
        .unwrap();
}

#[tokio::test]
async fn work_is_done_once_at_its_instant_and_not_before() {
    let fixture = Fixture::new().await;
    let call = Arc::new(Call::new(&fixture.database));
    let worker = worker(&fixture.database, &call);
    let subject = Uuid::now_v7();
    fixture.schedule("acme", subject, 10).await;
    assert_eq!(worker.step().await.unwrap(), 0);
    fixture.hand.advance(TimeDelta::minutes(10));
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(worker.step().await.unwrap(), 0);
    assert_eq!(fixture.effects().await, [("acme".to_owned(), subject)]);
    assert_eq!((call.tries(subject), left(&fixture).await), (vec![0], 0));
}

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

#[tokio::test]
async fn a_timer_of_the_same_name_of_another_tenant_is_not_touched() {
    let fixture = Fixture::new().await;
    let call = Arc::new(Call::new(&fixture.database));
    let subject = Uuid::now_v7();
    fixture.schedule("acme", subject, 0).await;
    fixture.schedule("globex", subject, 5).await;
    let worker = worker(&fixture.database, &call);
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(fixture.effects().await, [("acme".to_owned(), subject)]);
    let owner: String = sqlx::query_scalar("SELECT tenant_id FROM profiles.timer")
        .fetch_one(&fixture.admin)
        .await
        .unwrap();
    let (due_at, tries, leased, _) = timer(&fixture).await;
    assert_eq!(
        (owner.as_str(), due_at, tries, leased),
        ("globex", noon() + TimeDelta::minutes(5), 0, false)
    );

    fixture.schedule("acme", subject, 5).await;
    call.plan(subject, Mischief::Fail, 1);
    fixture.hand.advance(TimeDelta::minutes(5));
    assert_eq!(worker.step().await.unwrap(), 2);
    let effects = fixture.effects().await;
    assert_eq!(effects.len(), 2, "one of the two failed, and its rest is its own");
    let resting: String = sqlx::query_scalar("SELECT tenant_id FROM profiles.timer")
        .fetch_one(&fixture.admin)
        .await
        .unwrap();
    assert!(!effects[1..].iter().any(|effect| effect.0 == resting));
}

#[tokio::test]
async fn a_timer_is_scheduled_again_in_the_transaction_that_finished_it_as_if_it_were_new() {
    let fixture = Fixture::new().await;
    let call = Arc::new(Call::new(&fixture.database));
    let worker = worker(&fixture.database, &call);
    let subject = Uuid::now_v7();
    call.plan(subject, Mischief::Fail, 1);
    fixture.schedule("acme", subject, 0).await;
    assert_eq!(worker.step().await.unwrap(), 1);
    call.plan(subject, Mischief::Again(15), 1);
    fixture.hand.advance(TimeDelta::seconds(5));
    assert_eq!(worker.step().await.unwrap(), 1);
    let (due_at, tries, leased, error) = timer(&fixture).await;
    let due = noon() + TimeDelta::seconds(5) + TimeDelta::minutes(15);
    assert_eq!((due_at, tries, leased, error), (due, 0, false, None));
    assert_eq!(
        worker.step().await.unwrap(),
        0,
        "and it is not put back by who finished it"
    );
    fixture.hand.advance(TimeDelta::minutes(15));
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!((fixture.effects().await.len(), left(&fixture).await), (2, 0));
}
