//! Story 1: from a storm of complaints to an improvement that is proven to have helped.

use attune_testkit::{Failure, TestPlatform};
use attune_tests::storm;
use chrono::TimeDelta;

#[tokio::test(flavor = "multi_thread")]
async fn the_storm_is_found_answered_measured_reopened_and_closed() -> Result<(), Failure> {
    let platform = TestPlatform::start_at("2026-03-01T23:00:00Z".parse()?).await?;
    let account = storm::play(&platform, TimeDelta::hours(6)).await?;
    assert_eq!(account.issues, 1);
    let sent: i64 = account.told.iter().map(|(sent, _, _)| sent).sum();
    assert_eq!(
        i64::try_from(account.mails)?,
        sent,
        "mails and what is said of them differ"
    );
    platform.stop().await;
    Ok(())
}
