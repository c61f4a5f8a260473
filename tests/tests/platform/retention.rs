//! What a service keeps for a time only goes by itself.

use std::time::{Duration, Instant};

use attune_testkit::{Failure, TestPlatform};
use chrono::{DateTime, TimeDelta, Utc};

/// How long a test waits for rows to go.
const PATIENCE: Duration = Duration::from_secs(30);

/// The tenants that have a row in each of the tables of which feedback says so.
async fn left(platform: &TestPlatform) -> Result<Vec<String>, Failure> {
    let select = "SELECT 'person of ' || tenant_id FROM feedback.mention_person
                  UNION ALL SELECT 'run of ' || tenant_id FROM feedback.detection_run
                  UNION ALL SELECT 'contact of ' || tenant_id FROM feedback.matter_contact ORDER BY 1";
    Ok(sqlx::query_scalar(select).fetch_all(platform.admin()).await?)
}

async fn note(platform: &TestPlatform, tenant: &str, at: DateTime<Utc>) -> Result<(), Failure> {
    let person = "INSERT INTO feedback.mention_person (tenant_id, start, topic_id, product, profile_id)
                  VALUES ($1, $2, 'delay', 'Economy', gen_random_uuid())";
    let run = "INSERT INTO feedback.detection_run
                   (tenant_id, run_at, tested, hot, opened, ended, skipped_hours, findings)
               VALUES ($1, $2, 0, 0, 0, 0, 0, '[]')";
    let contact =
        "INSERT INTO feedback.matter_contact (tenant_id, occurred_at, interaction_id, came_again, is_repeat,
                       direction, matter_id, product, channel, touchpoint)
                   VALUES ($1, $2, gen_random_uuid(), false, false, 'inbound', '', '', 'phone', '')";
    for insert in [person, run, contact] {
        sqlx::query(insert)
            .bind(tenant)
            .bind(at)
            .execute(platform.admin())
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_kept_beside_the_counts_is_forgotten_after_four_hundred_days() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let now = platform.now();
    note(&platform, "acme", now - TimeDelta::days(401)).await?;
    note(&platform, "globex", now - TimeDelta::days(450)).await?;
    note(&platform, "young", now - TimeDelta::days(399)).await?;
    platform.advance(TimeDelta::hours(7)).await?;
    let end = Instant::now() + PATIENCE;
    while left(&platform).await?.len() > 3 && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(
        left(&platform).await?,
        ["contact of young", "person of young", "run of young"]
    );
    platform.stop().await;
    Ok(())
}
