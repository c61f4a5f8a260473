//! Whether everything due has fired.

use attune_timers::{next_due, none_due};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::fixture::{Fixture, PROFILES, Recorder, noon};

#[tokio::test]
async fn none_is_due_after_all_due_have_fired_and_the_next_is_known() {
    let fixture = Fixture::new().await;
    let none_due = async || none_due(&fixture.admin, &[PROFILES], noon()).await.unwrap();
    fixture.schedule("acme", Uuid::now_v7(), 0).await;
    fixture.schedule("acme", Uuid::now_v7(), 45).await;
    assert!(!none_due().await);
    fixture
        .timers(&Recorder::new(&fixture.admin))
        .step()
        .await
        .unwrap();
    assert!(none_due().await);
    let next = next_due(&fixture.admin, &[PROFILES], noon()).await.unwrap();
    assert_eq!(next, Some(noon() + TimeDelta::minutes(45)));
    assert_eq!(
        next_due(&fixture.admin, &[PROFILES], noon() + TimeDelta::hours(1))
            .await
            .unwrap(),
        None
    );
}
