//! When timers fire, how often, and what a failure does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use attune_database::{Database, PoolSettings, Tx, connect};
use attune_timers::{
    Timer, TimerError, TimerHandler, TimerLoop, bring_forward, cancel, count_due, schedule_if_none,
    schedule_many,
};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::fixture::{Background, Fixture, KIND, Mischief, PROFILES, Recorder, eventually, noon, tenant};

fn subjects(count: usize) -> Vec<Uuid> {
    (0..count).map(|_| Uuid::now_v7()).collect()
}

#[tokio::test]
async fn a_timer_fires_at_its_instant_and_not_before() {
    let fixture = Fixture::new().await;
    let timers = fixture.timers(&Recorder::new(&fixture.admin));
    let subject = Uuid::now_v7();
    fixture.schedule("acme", subject, 10).await;
    fixture
        .hand
        .advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    assert_eq!(timers.step().await.unwrap(), 0);
    fixture.hand.advance(TimeDelta::microseconds(1));
    assert_eq!(timers.step().await.unwrap(), 1);
    assert_eq!(fixture.effects().await, [("acme".to_owned(), subject)]);
    assert_eq!(timers.step().await.unwrap(), 0, "it is gone");
}

#[tokio::test]
async fn timers_fire_in_the_order_of_their_instants() {
    let fixture = Fixture::new().await;
    let timers = fixture.timers(&Recorder::new(&fixture.admin));
    let [late, early, middle] = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    for (subject, minutes) in [(late, 30), (early, 10), (middle, 20)] {
        fixture.schedule("acme", subject, minutes).await;
    }
    fixture.hand.advance(TimeDelta::hours(1));
    assert_eq!(timers.step().await.unwrap(), 3);
    let order: Vec<_> = fixture
        .effects()
        .await
        .into_iter()
        .map(|effect| effect.1)
        .collect();
    assert_eq!(order, [early, middle, late]);
}

#[tokio::test]
async fn a_running_loop_wakes_when_time_moves_and_when_something_is_scheduled() {
    let fixture = Fixture::new().await;
    let timers = Background::run(fixture.timers(&Recorder::new(&fixture.admin)));
    let [now, later] = [Uuid::now_v7(), Uuid::now_v7()];
    let mut waits = Vec::new();
    let began = std::time::Instant::now();
    fixture.schedule("acme", now, 0).await;
    eventually("what is due at once fires", async || {
        fixture.effects().await.len() == 1
    })
    .await;
    waits.push(began.elapsed());
    fixture.schedule("acme", later, 90).await;
    fixture.hand.advance(TimeDelta::minutes(90));
    eventually("what became due fires", async || {
        fixture.effects().await.len() == 2
    })
    .await;
    timers.stop().await;
    assert!(
        waits[0] < std::time::Duration::from_millis(500),
        "a poll takes a second, it took {:?}",
        waits[0]
    );
}

/// Does what takes longer than a call may.
struct Thorough;

#[async_trait]
impl TimerHandler for Thorough {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn fire(&self, tx: &mut Tx, timer: &Timer) -> Result<(), TimerError> {
        sqlx::query(
            "INSERT INTO profiles.effect (tenant_id, subject) SELECT $1, $2 FROM (SELECT pg_sleep(0.2)) AS slept",
        )
        .bind(timer.tenant.as_str())
        .bind(timer.subject)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

#[tokio::test]
async fn what_is_due_may_take_longer_than_a_call() {
    let fixture = Fixture::new().await;
    let settings = PoolSettings {
        statement_timeout: Duration::from_millis(50),
        ..PoolSettings::default()
    };
    let url = fixture.clone.service_url(PROFILES).unwrap();
    let pool = connect(&url, PROFILES, settings).await.unwrap();
    let hurried = Database::new(pool, PROFILES, fixture.database.clock().clone());
    let subject = Uuid::now_v7();
    fixture.schedule("acme", subject, 0).await;
    let timers = TimerLoop::new(hurried, vec![Arc::new(Thorough)]);
    assert_eq!(timers.step().await.unwrap(), 1);
    assert_eq!(fixture.effects().await, [("acme".to_owned(), subject)]);
}

#[tokio::test]
async fn a_timer_set_again_moves_and_one_taken_back_does_not_fire() {
    let fixture = Fixture::new().await;
    let timers = fixture.timers(&Recorder::new(&fixture.admin));
    let [moved, taken_back] = [Uuid::now_v7(), Uuid::now_v7()];
    fixture.schedule("acme", moved, 10).await;
    fixture.schedule("acme", moved, 20).await;
    fixture.schedule("acme", taken_back, 10).await;
    let mut tx = fixture.database.system(&tenant("acme")).await.unwrap();
    assert!(cancel(&mut tx, KIND, taken_back).await.unwrap());
    assert!(!cancel(&mut tx, KIND, taken_back).await.unwrap());
    tx.commit().await.unwrap();
    fixture.hand.advance(TimeDelta::minutes(10));
    assert_eq!(timers.step().await.unwrap(), 0);
    fixture.hand.advance(TimeDelta::minutes(10));
    assert_eq!(timers.step().await.unwrap(), 1);
}

#[tokio::test]
async fn a_timer_that_is_set_where_there_is_none_moves_no_other() {
    let fixture = Fixture::new().await;
    let timers = fixture.timers(&Recorder::new(&fixture.admin));
    let [ahead, unset] = [Uuid::now_v7(), Uuid::now_v7()];
    fixture.schedule("acme", ahead, 20).await;
    let mut tx = fixture.database.system(&tenant("acme")).await.unwrap();
    for (subject, set) in [(ahead, false), (unset, true), (unset, false)] {
        let due_at = noon() + TimeDelta::minutes(10);
        let is_set = schedule_if_none(&mut tx, KIND, subject, due_at).await.unwrap();
        assert_eq!(is_set, set);
    }
    tx.commit().await.unwrap();
    fixture.hand.advance(TimeDelta::minutes(10));
    assert_eq!(timers.step().await.unwrap(), 1);
    assert_eq!(fixture.effects().await, [("acme".to_owned(), unset)]);
}

#[tokio::test]
async fn ten_thousand_due_timers_fire_once_each_in_bounded_batches_by_two_loops() {
    let fixture = Fixture::new().await;
    let handler = Recorder::new(&fixture.admin);
    let due: Vec<_> = subjects(10_000)
        .into_iter()
        .map(|subject| (subject, noon()))
        .collect();
    let mut tx = fixture.database.system(&tenant("acme")).await.unwrap();
    schedule_many(&mut tx, KIND, &due).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        fixture.timers(&handler).step().await.unwrap(),
        100,
        "a batch is bounded"
    );

    let other = TimerLoop::new(fixture.replica().await, vec![handler.clone()]);
    let loops = [Background::run(fixture.timers(&handler)), Background::run(other)];
    eventually("all have fired", async || {
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM profiles.timer")
            .fetch_one(&fixture.admin)
            .await
            .unwrap();
        left == 0
    })
    .await;
    for each in loops {
        each.stop().await;
    }
    let mut fired: Vec<_> = fixture
        .effects()
        .await
        .into_iter()
        .map(|effect| effect.1)
        .collect();
    let mut scheduled: Vec<_> = due.into_iter().map(|timer| timer.0).collect();
    fired.sort();
    scheduled.sort();
    assert_eq!(fired, scheduled);
}

#[tokio::test]
async fn a_loop_cut_between_claim_and_commit_fires_again_and_leaves_one_effect() {
    let fixture = Fixture::new().await;
    let handler = Recorder::new(&fixture.admin);
    let subject = Uuid::now_v7();
    handler.plan(subject, Mischief::Cut, 1);
    fixture.schedule("acme", subject, 0).await;
    let timers = fixture.timers(&handler);
    assert!(timers.step().await.is_err(), "the connection is gone");
    assert_eq!(fixture.effects().await, []);
    assert_eq!(timers.step().await.unwrap(), 1);
    assert_eq!(handler.calls.lock().unwrap().len(), 2);
    assert_eq!(fixture.effects().await.len(), 1);
}

#[tokio::test]
async fn a_handler_that_fails_backs_off_and_holds_up_nobody() {
    let fixture = Fixture::new().await;
    let handler = Recorder::new(&fixture.admin);
    let timers = fixture.timers(&handler);
    let [fails, panics, hides, well] = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    handler.plan(fails, Mischief::Fail, 2);
    handler.plan(panics, Mischief::Panic, 1);
    handler.plan(hides, Mischief::Hide, 1);
    for subject in [fails, panics, hides, well] {
        fixture.schedule("acme", subject, 0).await;
    }
    assert_eq!(timers.step().await.unwrap(), 4);
    assert_eq!(
        fixture.effects().await,
        [("acme".to_owned(), well)],
        "a failure leaves no effect"
    );
    assert_eq!(timers.step().await.unwrap(), 0, "they rest");

    fixture.hand.advance(TimeDelta::seconds(5));
    assert_eq!(timers.step().await.unwrap(), 3);
    assert_eq!(
        fixture.effects().await.len(),
        3,
        "two came through, the third rests twice as long"
    );
    fixture.hand.advance(TimeDelta::seconds(9));
    assert_eq!(timers.step().await.unwrap(), 0);
    fixture.hand.advance(TimeDelta::seconds(1));
    assert_eq!(timers.step().await.unwrap(), 1);
    assert_eq!(fixture.effects().await.len(), 4);
    let tries: Vec<_> = handler
        .calls
        .lock()
        .unwrap()
        .iter()
        .filter(|call| call.0 == fails)
        .map(|call| call.1)
        .collect();
    assert_eq!(tries, [0, 1, 2]);
}

#[tokio::test]
async fn a_handler_may_schedule_its_timer_again() {
    let fixture = Fixture::new().await;
    let handler = Recorder::new(&fixture.admin);
    let timers = fixture.timers(&handler);
    let subject = Uuid::now_v7();
    handler.plan(subject, Mischief::Again(15), 2);
    fixture.schedule("acme", subject, 0).await;
    for fired in 1..=3 {
        assert_eq!(timers.step().await.unwrap(), 1);
        assert_eq!(timers.step().await.unwrap(), 0);
        assert_eq!(fixture.effects().await.len(), fired);
        fixture.hand.advance(TimeDelta::minutes(15));
    }
    assert_eq!(timers.step().await.unwrap(), 0);
}

#[tokio::test]
async fn a_timer_cancelled_by_another_of_the_same_batch_does_not_fire() {
    let fixture = Fixture::new().await;
    let handler = Recorder::new(&fixture.admin);
    let [first, second] = [Uuid::now_v7(), Uuid::now_v7()];
    handler.plan(first, Mischief::Cancel(second), 1);
    fixture.schedule("acme", first, 1).await;
    fixture.schedule("acme", second, 2).await;
    fixture.hand.advance(TimeDelta::minutes(5));
    assert_eq!(fixture.timers(&handler).step().await.unwrap(), 2);
    assert_eq!(fixture.effects().await, [("acme".to_owned(), first)]);
}

#[tokio::test]
async fn a_handler_sees_its_own_tenant_only() {
    let fixture = Fixture::new().await;
    let handler = Recorder::new(&fixture.admin);
    for minutes in 0..3 {
        for name in ["acme", "globex"] {
            fixture.schedule(name, Uuid::now_v7(), minutes).await;
        }
    }
    fixture.hand.advance(TimeDelta::hours(1));
    assert_eq!(fixture.timers(&handler).step().await.unwrap(), 6);
    assert_eq!(*handler.seen.lock().unwrap(), [1, 1, 2, 2, 3, 3]);
}

#[tokio::test]
async fn a_timer_without_a_handler_here_stays() {
    let fixture = Fixture::new().await;
    fixture.schedule("acme", Uuid::now_v7(), 0).await;
    let mut tx = fixture.database.system(&tenant("acme")).await.unwrap();
    attune_timers::schedule(&mut tx, "profiles.elsewhere", Uuid::now_v7(), noon())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let timers = fixture.timers(&Recorder::new(&fixture.admin));
    assert_eq!(timers.step().await.unwrap(), 1);
    let left: Vec<String> = sqlx::query_scalar("SELECT kind FROM profiles.timer")
        .fetch_all(&fixture.admin)
        .await
        .unwrap();
    assert_eq!(left, ["profiles.elsewhere"]);
}

#[tokio::test]
async fn what_is_brought_forward_fires_sooner_and_what_is_due_or_not_set_stays_as_it_is() {
    let fixture = Fixture::new().await;
    let timers = fixture.timers(&Recorder::new(&fixture.admin));
    let [late, soon, unset, leased] = [(); 4].map(|()| Uuid::now_v7());
    fixture.schedule("acme", late, 60).await;
    fixture.schedule("acme", soon, 5).await;
    fixture.schedule("acme", leased, 60).await;
    sqlx::query("UPDATE profiles.timer SET leased_until = now() WHERE subject = $1")
        .bind(leased)
        .execute(&fixture.admin)
        .await
        .unwrap();
    let mut tx = fixture.database.system(&tenant("acme")).await.unwrap();
    let sooner = noon() + TimeDelta::minutes(10);
    bring_forward(&mut tx, KIND, &[late, soon, unset, leased], sooner)
        .await
        .unwrap();
    bring_forward(&mut tx, KIND, &[], sooner).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = fixture.database.system(&tenant("globex")).await.unwrap();
    bring_forward(&mut tx, KIND, &[late], noon()).await.unwrap();
    assert_eq!(
        count_due(&mut tx, KIND, 10).await.unwrap(),
        0,
        "it is another tenant's"
    );
    tx.commit().await.unwrap();
    fixture.hand.advance(TimeDelta::minutes(10));
    let mut tx = fixture.database.system(&tenant("globex")).await.unwrap();
    assert_eq!(count_due(&mut tx, KIND, 10).await.unwrap(), 2);
    assert_eq!(count_due(&mut tx, KIND, 1).await.unwrap(), 1);
    assert_eq!(count_due(&mut tx, "profiles.other", 10).await.unwrap(), 0);
    tx.commit().await.unwrap();
    while timers.step().await.unwrap() > 0 {}
    let fired: Vec<_> = fixture
        .effects()
        .await
        .into_iter()
        .map(|effect| effect.1)
        .collect();
    assert_eq!(fired, [soon, late]);
}
