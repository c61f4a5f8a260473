//! Postgres changes its place, and gives its statements no time.
#![allow(clippy::print_stdout, reason = "an account is what a scenario is run for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use attune_database::embedded::{Options, Server, TestServer};
use attune_testkit::{Failure, Proxy, Settings, Target, TestPlatform};
use sqlx::{Connection as _, PgConnection};

use super::scenarios::{AWHILE, BETWEEN, hold, load, rounds};

/// How long a standby may take to follow.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_fails_over_to_a_promoted_standby() -> Result<(), Failure> {
    let folder = tempfile::Builder::new()
        .prefix("attune-failover-")
        .tempdir_in("/tmp")?;
    let options = |number: usize| Options {
        max_connections: 60,
        ..Options::at(folder.path().join(format!("pg{number}")))
    };
    let mut primary = Server::start(options(0)).await?;
    let proxy = Arc::new(Proxy::start().await?);
    let platform = TestPlatform::start_with(Settings {
        server: Some(TestServer::of(&primary)),
        database_through: Some(Arc::clone(&proxy)),
        ..Settings::new()?
    })
    .await?;
    let load = load(&platform);
    for round in 1..=rounds() {
        load.goes_on(BETWEEN).await?;
        let standby = primary.standby(options(round)).await?;
        await_the_standby_in_every_commit(&primary).await?;
        load.goes_on(BETWEEN).await?;
        primary.crash().await?;
        // Its address leads to the standby before that is promoted, so that for a while nobody can write there.
        proxy.lead_to(Target::Unix(standby.socket()));
        proxy.reset();
        tokio::time::sleep(AWHILE).await;
        promote(&standby).await?;
        primary = standby;
    }
    load.goes_on(BETWEEN).await?;
    hold("failover to a promoted standby", platform, load).await?;
    primary.stop().await?;
    Ok(())
}

/// From here on a commit is acknowledged when the standby has it on its disk.
async fn await_the_standby_in_every_commit(primary: &Server) -> Result<(), Failure> {
    let mut admin = PgConnection::connect(&primary.url()).await?;
    sqlx::query("ALTER SYSTEM SET synchronous_standby_names = '*'")
        .execute(&mut admin)
        .await?;
    sqlx::query("SELECT pg_reload_conf()").execute(&mut admin).await?;
    let end = Instant::now() + PATIENCE;
    loop {
        let follows: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')")
                .fetch_one(&mut admin)
                .await?;
        if follows {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("no standby follows within {PATIENCE:?}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn promote(standby: &Server) -> Result<(), Failure> {
    let mut admin = PgConnection::connect(&standby.url()).await?;
    let promoted: bool = sqlx::query_scalar("SELECT pg_promote()")
        .fetch_one(&mut admin)
        .await?;
    if promoted {
        Ok(())
    } else {
        Err("the standby was not promoted in time".into())
    }
}

/// Shorter than the tables stay locked, and longer than any statement takes that is not kept waiting.
const SHORT_STATEMENT: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_run_out_of_time_by_the_hundred() -> Result<(), Failure> {
    let platform = TestPlatform::start_with(Settings {
        statement_timeout: SHORT_STATEMENT,
        ..Settings::new()?
    })
    .await?;
    let load = load(&platform);
    let mut admin = PgConnection::connect(platform.database_url()).await?;
    let mut cancelled: i64 = 0;
    for _ in 0..rounds() * 2 {
        load.goes_on(BETWEEN).await?;
        let mut locking = admin.begin().await?;
        let tables =
            "interactions.interaction, interactions.outbox, feedback.feedback, feedback.subscription";
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"
        )))
        .execute(&mut *locking)
        .await?;
        tokio::time::sleep(AWHILE).await;
        locking.rollback().await?;

        load.goes_on(BETWEEN).await?;
        let end = Instant::now() + AWHILE;
        while Instant::now() < end {
            cancelled += sqlx::query_scalar::<_, i64>(
                "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'",
            )
            .fetch_one(&mut admin)
            .await?;
        }
    }
    assert!(cancelled > 0, "there was no statement to cancel");
    load.goes_on(BETWEEN).await?;
    hold("statements out of time", platform, load).await
}

/// How long the transaction is held, for each round: two minutes in twenty rounds.
const HELD: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_is_held_open_all_the_time() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let load = load(&platform);
    load.goes_on(BETWEEN).await?;
    let mut somebody = PgConnection::connect(platform.database_url()).await?;
    // An old snapshot, which keeps every dead row, and a place in the outbox that nobody ever sees.
    sqlx::raw_sql(
        "BEGIN ISOLATION LEVEL REPEATABLE READ;
         INSERT INTO interactions.outbox (subject_version, occurred_at, event_id, subject, tenant_id, type, payload)
         VALUES (1, now(), gen_random_uuid(), gen_random_uuid(), 'nobody', 'never.told', '')",
    )
    .execute(&mut somebody)
    .await?;
    let end = Instant::now() + HELD * u32::try_from(rounds())?;
    while Instant::now() < end {
        load.goes_on(BETWEEN).await?;
    }
    // What was acknowledged has had its effects while the transaction is still open.
    hold("transaction held open", platform, load).await?;
    drop(somebody);
    Ok(())
}
