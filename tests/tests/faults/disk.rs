//! The disk of Postgres is full.
#![allow(clippy::print_stdout, reason = "an account is what a scenario is run for")]

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use attune_database::embedded::{EmbeddedError, Options, Server, TestServer};
use attune_testkit::{Failure, Settings, TestPlatform};
use attune_tests::faults::Load;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use super::scenarios::{AWHILE, BETWEEN, hold, load, rounds};

/// Room for the databases of the test and some of their log.
const MEBIBYTES: usize = 320;
/// Within which somebody must miss the room.
const PATIENCE: Duration = Duration::from_secs(30);

/// A small disk in memory; unmounted when dropped.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// `None`, with the reason printed, where this process may not mount.
    fn mount() -> Result<Option<Self>, Failure> {
        let folder = tempfile::Builder::new()
            .prefix("attune-disk-")
            .tempdir_in("/tmp")?;
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={MEBIBYTES}m,mode=0755"),
                "attune-disk",
            ])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Ok(Some(Self { folder })),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                println!("disk full: skipped, no disk of its own can be mounted: {said}");
                Ok(None)
            }
            Err(error) => {
                println!("disk full: skipped, there is no mount: {error}");
                Ok(None)
            }
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Writes until there is no room left.
    fn fill(&self) -> Result<(), Failure> {
        let mut file = File::options().create(true).append(true).open(self.ballast())?;
        for size in [1 << 20, 4096, 1] {
            let block = vec![7_u8; size];
            loop {
                match file.write_all(&block) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    fn make_room(&self) -> Result<(), Failure> {
        Ok(std::fs::remove_file(self.ballast())?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server that was left behind may hold it for a moment longer.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_postgres_is_full_for_a_while() -> Result<(), Failure> {
    let Some(disk) = Disk::mount()? else {
        return Ok(());
    };
    let options = Options {
        max_connections: 60,
        ..Options::at(disk.path().join("pg"))
    };
    let mut server = Server::start(options.clone()).await?;
    keep_the_log_small(&server).await?;
    let platform = TestPlatform::start_with(Settings {
        server: Some(TestServer::of(&server)),
        ..Settings::new()?
    })
    .await?;
    let load = load(&platform);
    for _ in 0..rounds() {
        load.goes_on(BETWEEN).await?;
        disk.fill()?;
        stands_still(&disk, &load).await?;
        disk.make_room()?;
        server = up_again(server, &options).await?;
    }
    load.goes_on(BETWEEN).await?;
    hold("disk full", platform, load).await?;
    server.stop().await?;
    Ok(())
}

async fn keep_the_log_small(server: &Server) -> Result<(), Failure> {
    let mut admin = PgConnection::connect(&server.url()).await?;
    for statement in [
        "ALTER SYSTEM SET max_wal_size = '64MB'",
        "ALTER SYSTEM SET min_wal_size = '32MB'",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::query(statement).execute(&mut admin).await?;
    }
    Ok(())
}

/// Waits until nothing was acknowledged for a while. What is freed meanwhile, a part of the log, is filled again.
async fn stands_still(disk: &Disk, load: &Load) -> Result<(), Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        let before = load.acknowledged();
        tokio::time::sleep(AWHILE).await;
        if load.acknowledged() == before {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("writes are still acknowledged after {PATIENCE:?} without room").into());
        }
        disk.fill()?;
    }
}

/// The server ends itself when there is no room for its log, and recovers alone when only its tables had none.
async fn up_again(server: Server, options: &Options) -> Result<Server, Failure> {
    match Server::start(options.clone()).await {
        Ok(again) => Ok(again),
        // It was there when it was looked for and has ended since.
        Err(EmbeddedError::InUse { .. } | EmbeddedError::Start { .. }) => {
            drop(server);
            Ok(Server::start(options.clone()).await?)
        }
        Err(error) => Err(error.into()),
    }
}
