//! The version before and this one serve side by side, as they do while a new one is rolled out or taken back.
#![allow(clippy::print_stdout, reason = "an account is what a scenario is run for")]

use std::path::{Path, PathBuf};

use attune_database::Schema;
use attune_testkit::{Failure, ProcessPlatform, SCHEMAS};
use attune_tests::faults::{Account, Load};

use super::scenarios::{BETWEEN, COMPANY, WRITERS, rounds};

/// The executable `service` of the version before, as `PREVIOUS` names it:
/// `git worktree add ../previous COMMIT && cd ../previous && cargo build --package attune-tests --bin service`.
fn previous() -> Option<PathBuf> {
    std::env::var_os("PREVIOUS").map(PathBuf::from)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_version_before_and_this_one_share_a_database() -> Result<(), Failure> {
    let Some(before) = previous() else {
        println!("rolling upgrade: skipped, PREVIOUS names no executable of the version before");
        return Ok(());
    };
    let this = Path::new(env!("CARGO_BIN_EXE_service"));
    // The tables are this version's already: a migration comes first, and the version before runs on with it.
    let platform = ProcessPlatform::start_at(&before, "2026-03-02T08:00:00Z".parse()?).await?;
    let mut stay = Vec::new();
    for service in SCHEMAS {
        stay.push(platform.replica(service).await?);
    }
    let writer = SCHEMAS
        .iter()
        .position(|schema| *schema == Schema("interactions"));
    let writer = stay.get(writer.unwrap_or_default()).ok_or("no replica")?;
    let tenants = [
        platform.user(COMPANY, "*")?,
        platform.user_of(writer, COMPANY, "*")?,
    ];
    let load = Load::start(&tenants, WRITERS);
    for _ in 0..rounds() {
        for program in [this, &before, this] {
            for service in SCHEMAS {
                load.goes_on(BETWEEN).await?;
                platform.replace(service, program).await?;
            }
        }
    }
    load.goes_on(BETWEEN).await?;
    let told = load.end().await?;
    platform.outwait_failures().await?;
    let account = Account::of(&tenants[0], platform.admin(), told).await?;
    account.holds("rolling upgrade");
    for replica in stay {
        replica.stop().await?;
    }
    platform.stop().await
}
