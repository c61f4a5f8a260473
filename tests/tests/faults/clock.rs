//! The clock of the services' machine is set.
#![allow(clippy::print_stdout, reason = "an account is what a scenario is run for")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use attune_database::Schema;
use attune_testkit::{Failure, ProcessPlatform};
use attune_tests::faults::{Account, Load};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::scenarios::{BETWEEN, COMPANY, WRITERS, rounds};

/// How the clock stands to the true time, one after the other.
const JUMPS: [(&str, TimeDelta); 4] = [
    ("+1h", TimeDelta::hours(1)),
    ("+0", TimeDelta::zero()),
    ("-10m", TimeDelta::minutes(-10)),
    ("+0", TimeDelta::zero()),
];
/// Within which the services notice, and what was told then is heard.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

/// The library of Debian's package `faketime` that answers for the system's clock.
fn library() -> Option<PathBuf> {
    let places = ["x86_64-linux-gnu", "aarch64-linux-gnu", "."];
    places
        .iter()
        .map(|place| {
            Path::new("/usr/lib")
                .join(place)
                .join("faketime/libfaketimeMT.so.1")
        })
        .find(|path| path.exists())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_jumps_an_hour_ahead_and_ten_minutes_back() -> Result<(), Failure> {
    let Some(library) = library() else {
        println!("clock: skipped, there is no libfaketimeMT.so.1; the package faketime brings it");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let offset = folder.path().join("offset");
    std::fs::write(&offset, "+0")?;
    let (library, file) = (library.to_string_lossy(), offset.to_string_lossy());
    let settings = [
        ("LD_PRELOAD", &*library),
        ("FAKETIME_TIMESTAMP_FILE", &*file),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    let program = Path::new(env!("CARGO_BIN_EXE_service"));
    let platform = ProcessPlatform::start_in_real_time(program, &settings).await?;
    // Good at every time that the clock will show: what is refused else is refused for good reason.
    let good_from = Utc::now() - TimeDelta::hours(2);
    let tenant = platform.user_from((COMPANY, "*"), good_from, Duration::from_hours(24))?;
    let load = Load::start(std::slice::from_ref(&tenant), WRITERS);
    for _ in 0..rounds() {
        for (text, jump) in JUMPS {
            load.goes_on(BETWEEN).await?;
            let set_at = Utc::now();
            std::fs::write(&offset, text)?;
            noticed(platform.admin(), set_at, jump).await?;
            // Whoever starts now knows nothing of the time before.
            platform.kill(Schema("interactions"))?;
            platform.start(Schema("interactions")).await?;
            load.goes_on(BETWEEN).await?;
            heard(platform.admin()).await?;
        }
    }
    let told = load.end().await?;
    platform.settle().await?;
    let account = Account::of(&tenant, platform.admin(), told).await?;
    account.holds("clock set");
    platform.stop().await
}

/// Waits until contacts are dated with the clock as it was set.
async fn noticed(admin: &PgPool, set_at: DateTime<Utc>, jump: TimeDelta) -> Result<(), Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        // Ids are in the order of creation only as far as clocks are, so the newest is looked for by its event.
        let dated: Option<DateTime<Utc>> = sqlx::query_scalar(
            "SELECT occurred_at FROM interactions.event_log ORDER BY position DESC LIMIT 1",
        )
        .fetch_optional(admin)
        .await?;
        let shown = dated.unwrap_or_default() - jump;
        if (set_at - TimeDelta::minutes(1)..=Utc::now() + TimeDelta::minutes(1)).contains(&shown) {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("contacts are dated {dated:?} after the clock was set by {jump}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until feedback has heard what interactions has told by now.
async fn heard(admin: &PgPool) -> Result<(), Failure> {
    let told: i64 = sqlx::query_scalar("SELECT position FROM interactions.feed_head")
        .fetch_one(admin)
        .await?;
    let end = Instant::now() + PATIENCE;
    loop {
        let heard: i64 =
            sqlx::query_scalar("SELECT position FROM feedback.subscription WHERE source = 'interactions'")
                .fetch_one(admin)
                .await?;
        if heard >= told {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("feedback is at {heard} of {told} after {PATIENCE:?}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}
