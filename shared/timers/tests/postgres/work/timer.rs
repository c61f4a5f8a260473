//! Which timers are worked on, and when.

use std::sync::Arc;

use chrono::TimeDelta;
use uuid::Uuid;

use super::call::{Call, Mischief, left, timer, worker};
use crate::fixture::{Fixture, noon};

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
