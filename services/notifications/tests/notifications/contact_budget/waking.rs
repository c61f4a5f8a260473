//! A larger budget wakes what waits for a smaller one.

use std::time::Duration;

use attune_api::notifications::v1::{ContactBudget, GetContactBudgetRequest, MessageState};
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::TimeDelta;

use super::{allow, at, set};
use crate::fixture::{explain, get, letter, outcome, person, send};

/// How long anything may take that is bound to come.
const PATIENCE: Duration = Duration::from_secs(30);

async fn change(tenant: &Tenant, most_contacts: i32, window_days: i32) -> Result<(), Failure> {
    let holding = tenant
        .contacts()
        .get_contact_budget(GetContactBudgetRequest { number: None })
        .await?;
    let budget = ContactBudget {
        most_contacts,
        window_days,
        ..holding.into_inner().budget.unwrap()
    };
    set(tenant, budget).await?;
    Ok(())
}

#[tokio::test]
async fn what_waits_is_looked_at_when_the_budget_is_raised_and_waits_on_when_it_is_not() -> Result<(), Failure>
{
    let platform = TestPlatform::start().await?;
    let (acme, globex) = (platform.tenant("acme"), platform.tenant("globex"));
    let mut waiting = Vec::new();
    for tenant in [&acme, &globex] {
        allow(tenant, 1, 7).await?;
        let ana = person(tenant, "Ana", "ana@example.com", "").await?;
        let letter = letter(tenant).await?;
        for _ in 0..3 {
            waiting.push(send(tenant, &ana, &letter, &[]).await?);
            platform.settle().await?;
        }
    }
    let [_, second, third, _, elsewhere, _] = waiting.as_slice() else {
        panic!("{waiting:?}")
    };
    let until = at(get(&acme, third).await?.deferred_until);
    assert_eq!(platform.mailbox().count(), 2);

    change(&acme, 2, 7).await?;
    platform.settle().await?;
    assert_eq!(outcome(&acme, second).await?, (MessageState::Sent, String::new()));
    let still = get(&acme, third).await?;
    assert_eq!(
        (still.state(), still.reason.as_str()),
        (MessageState::Queued, "contact_budget_used")
    );
    assert_eq!(at(still.deferred_until), until, "it is full again");
    let said = explain(&acme, third).await?;
    let budgets: Vec<_> = said
        .iter()
        .map(|decision| decision.inputs_json.contains(r#""budget":2"#))
        .collect();
    assert_eq!(
        budgets,
        [false, true],
        "it was decided anew, under the new budget"
    );
    assert_eq!(get(&globex, elsewhere).await?.state(), MessageState::Queued);

    change(&acme, 1, 30).await?;
    platform.settle().await?;
    let still = get(&acme, third).await?;
    assert_eq!(
        (still.state(), at(still.deferred_until)),
        (MessageState::Queued, until)
    );
    change(&acme, 0, 30).await?;
    platform.settle().await?;
    assert_eq!(outcome(&acme, third).await?.0, MessageState::Sent);
    assert_eq!(platform.mailbox().count(), 4);
    Ok(())
}

/// As many messages to people whom nobody knows, waiting for the first budget for another day.
async fn crowd(platform: &TestPlatform, template_id: &str, count: i32) -> Result<(), Failure> {
    let until = platform.now() + TimeDelta::days(1);
    sqlx::query(
        "WITH waiting AS (
             INSERT INTO notifications.message (tenant_id, created_at, channel, state, reason, message_id, profile_id,
                 template_id, purpose, origin_kind, origin_id, occasion, recipient, variables, deferred_until,
                 deferred_under)
             SELECT 'acme', $1 - interval '1 day', 'email', 'queued', 'contact_budget_used', gen_random_uuid(),
                 gen_random_uuid(), $2::uuid, 'follow_up', 'crowd', '', place::text, '', '{}', $1, 1
             FROM generate_series(1, $3) AS place
             RETURNING message_id)
         INSERT INTO notifications.timer (tenant_id, kind, subject, due_at)
         SELECT 'acme', 'notifications.delivery', message_id, $1 FROM waiting",
    )
    .bind(until)
    .bind(template_id)
    .bind(count)
    .execute(platform.admin())
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_crowd_is_woken_a_part_at_a_time() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    allow(&acme, 1, 7).await?;
    crowd(&platform, &letter(&acme).await?, 1_100).await?;
    let decided = async || -> Result<i64, Failure> {
        platform.settle().await?;
        let statement =
            "SELECT count(*) FROM notifications.message WHERE origin_kind = 'crowd' AND state = 'blocked'";
        Ok(sqlx::query_scalar(statement).fetch_one(platform.admin()).await?)
    };
    assert_eq!(decided().await?, 0);
    change(&acme, 2, 7).await?;
    assert_eq!(decided().await?, 500);
    platform.advance(TimeDelta::seconds(1)).await?;
    assert_eq!(decided().await?, 1_000);
    platform.advance(TimeDelta::seconds(1)).await?;
    assert_eq!(decided().await?, 1_100);
    Ok(())
}

#[tokio::test]
async fn what_begins_to_wait_for_a_budget_that_is_being_raised_is_woken_too() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    allow(&acme, 1, 7).await?;
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let letter = letter(&acme).await?;
    send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;
    // Somebody is about to set a budget when it is decided that the second message waits.
    let mut setting = platform.admin().begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('contact budget acme', 0))")
        .execute(&mut *setting)
        .await?;
    let second = send(&acme, &ana, &letter, &[]).await?;
    let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)";
    tokio::time::timeout(PATIENCE, async {
        while !sqlx::query_scalar::<_, bool>(waits)
            .fetch_one(platform.admin())
            .await?
        {
            tokio::task::yield_now().await;
        }
        Ok::<_, Failure>(())
    })
    .await??;
    sqlx::query(
        "INSERT INTO notifications.contact_budget (tenant_id, number, budget_id, most_contacts, window_days, author,
             created_at)
         VALUES ('acme', 2, gen_random_uuid(), 2, 7, 'ann', $1)",
    )
    .bind(platform.now())
    .execute(&mut *setting)
    .await?;
    setting.commit().await?;
    platform.settle().await?;
    assert_eq!(
        outcome(&acme, &second).await?,
        (MessageState::Sent, String::new())
    );
    Ok(())
}
