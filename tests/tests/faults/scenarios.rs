//! Processes, Postgres and the network between them fail under a load.
//!
//! Each scenario comes to an account, which `cargo fault-suite` prints; `FAULT_ROUNDS=20 cargo fault-suite` is the
//! long form.
#![allow(clippy::print_stdout, reason = "an account is what a scenario is run for")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use attune_database::Schema;
use attune_database::embedded::{Options, Server, TestServer};
use attune_server::{Limits, PeerConfig};
use attune_testkit::{Failure, Link, ProcessPlatform, Proxy, Settings, TestPlatform};
use attune_tests::faults::{Account, Flood, Load};
use sqlx::{Connection as _, PgConnection};

pub(super) const COMPANY: &str = "meadow-air";
pub(super) const WRITERS: usize = 8;
/// Writes that must be acknowledged between two faults: the platform works again before it is broken again.
pub(super) const BETWEEN: usize = 40;
/// How long a connection stays cut or slow.
pub(super) const AWHILE: Duration = Duration::from_millis(700);

/// How often each fault comes.
pub(super) fn rounds() -> usize {
    let wanted = std::env::var("FAULT_ROUNDS").ok();
    wanted.and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

pub(super) fn load(platform: &TestPlatform) -> Load {
    Load::start(&[platform.tenant(COMPANY)], WRITERS)
}

/// Ends the load, lets everything settle, and holds what is there to what was told.
pub(super) async fn hold(scenario: &str, platform: TestPlatform, load: Load) -> Result<(), Failure> {
    let told = load.end().await?;
    platform.settle().await?;
    let account = Account::of(&platform.tenant(COMPANY), platform.admin(), told).await?;
    account.holds(scenario);
    platform.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stops_at_once_and_starts_again() -> Result<(), Failure> {
    let folder = tempfile::Builder::new()
        .prefix("attune-crash-")
        .tempdir_in("/tmp")?;
    let options = Options {
        max_connections: 60,
        ..Options::at(folder.path().join("pg"))
    };
    let mut server = Server::start(options.clone()).await?;
    let platform = TestPlatform::start_with(Settings {
        server: Some(TestServer::of(&server)),
        ..Settings::new()?
    })
    .await?;
    let load = load(&platform);
    for _ in 0..rounds() {
        load.goes_on(BETWEEN).await?;
        server.crash().await?;
        tokio::time::sleep(AWHILE).await;
        server = Server::start(options.clone()).await?;
    }
    load.goes_on(BETWEEN).await?;
    hold("Postgres stopped at once", platform, load).await?;
    server.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_to_postgres_is_terminated() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let load = load(&platform);
    let mut admin = PgConnection::connect(platform.database_url()).await?;
    let mut ended: i64 = 0;
    for _ in 0..rounds() * 5 {
        load.goes_on(BETWEEN).await?;
        ended += sqlx::query_scalar::<_, i64>(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .fetch_one(&mut admin)
        .await?;
    }
    assert!(ended > 0, "there was no connection to terminate");
    load.goes_on(BETWEEN).await?;
    hold("connections terminated", platform, load).await
}

/// What is done to a link in turn; each is whole again after a while.
const TREATMENTS: [Link; 5] = [
    Link::Cut,
    Link::CutToServer,
    Link::CutToClient,
    Link::Late(Duration::from_millis(200)),
    Link::Trickle(1),
];

/// Treats the link in every way, and breaks its connections in the middle of whatever they are doing.
async fn maltreat(proxy: &Proxy, load: &Load) -> Result<(), Failure> {
    for _ in 0..rounds() {
        for treatment in TREATMENTS {
            load.goes_on(BETWEEN).await?;
            proxy.set(treatment);
            tokio::time::sleep(AWHILE).await;
            proxy.set(Link::Whole);
        }
        load.goes_on(BETWEEN).await?;
        proxy.reset();
        load.goes_on(BETWEEN).await?;
        proxy.set(Link::Closed);
        proxy.reset();
        tokio::time::sleep(AWHILE).await;
        proxy.set(Link::Whole);
    }
    load.goes_on(BETWEEN).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_to_postgres_is_cut_slow_and_broken() -> Result<(), Failure> {
    let proxy = Arc::new(Proxy::start().await?);
    let platform = TestPlatform::start_with(Settings {
        database_through: Some(Arc::clone(&proxy)),
        ..Settings::new()?
    })
    .await?;
    let load = load(&platform);
    maltreat(&proxy, &load).await?;
    hold("network to Postgres", platform, load).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_between_services_is_cut_slow_and_broken() -> Result<(), Failure> {
    let proxy = Proxy::start().await?;
    let platform = TestPlatform::start_with(Settings {
        peers: PeerConfig {
            interactions_url: Some(format!("http://{}", proxy.address()).parse()?),
            ..PeerConfig::default()
        },
        ..Settings::new()?
    })
    .await?;
    proxy.lead_to(platform.target());
    let load = load(&platform);
    maltreat(&proxy, &load).await?;
    hold("network between services", platform, load).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_replicas_one_is_killed_at_a_time() -> Result<(), Failure> {
    let program = Path::new(env!("CARGO_BIN_EXE_service"));
    let platform = ProcessPlatform::start_at(program, "2026-03-02T08:00:00Z".parse()?).await?;
    let writer = platform.replica(Schema("interactions")).await?;
    let listener = platform.replica(Schema("feedback")).await?;
    let tenants = [
        platform.user(COMPANY, "*")?,
        platform.user_of(&writer, COMPANY, "*")?,
    ];
    let load = Load::start(&tenants, WRITERS);
    for _ in 0..rounds() {
        load.goes_on(BETWEEN).await?;
        listener.kill()?;
        load.goes_on(BETWEEN).await?;
        writer.kill()?;
        // The other half of the writers goes on with the replica that is left.
        load.goes_on(BETWEEN).await?;
        listener.start().await?;
        platform.kill(Schema("feedback"))?;
        writer.start().await?;
        platform.kill(Schema("interactions"))?;
        load.goes_on(BETWEEN).await?;
        platform.start(Schema("feedback")).await?;
        platform.start(Schema("interactions")).await?;
    }
    load.goes_on(BETWEEN).await?;
    let told = load.end().await?;
    platform.outwait_failures().await?;
    let account = Account::of(&tenants[0], platform.admin(), told).await?;
    account.holds("replicas killed");
    writer.stop().await?;
    listener.stop().await?;
    platform.stop().await
}

/// Calls that the process takes at once in the test of overload, and how many come at once.
const PLACES: u32 = 32;
const COMERS: usize = 4 * PLACES as usize;
/// What a flood may leave behind in this process, which is service and callers in one.
const MOST_GROWTH_KIB: u64 = 128 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_times_too_many_calls_are_refused_at_once_or_answered_in_time() -> Result<(), Failure> {
    let platform = TestPlatform::start_with(Settings {
        limits: Limits {
            max_in_flight: PLACES,
            ..Limits::default()
        },
        ..Settings::new()?
    })
    .await?;
    let load = load(&platform);
    load.goes_on(BETWEEN).await?;
    let usual = Instant::now();
    load.goes_on(BETWEEN).await?;
    let usual = usual.elapsed();

    let tenant = platform.tenant(COMPANY);
    Flood::of(&tenant, COMERS, AWHILE).await?;
    let flood = Flood::of(&tenant, COMERS, AWHILE * u32::try_from(rounds())?).await?;
    println!("overload: {flood}");
    assert!(flood.answered > 0 && flood.refused > 0, "{flood}");
    assert_eq!(
        flood.without_advice, 0,
        "a refusal says when to come again: {flood}"
    );
    assert!(flood.others.is_empty(), "{flood}");
    assert!(flood.grown_kib < MOST_GROWTH_KIB, "{flood}");
    assert!(
        flood.refusal_p50 < flood.answer_p50,
        "a refusal does not wait for what it is refused: {flood}"
    );

    let over = Instant::now();
    load.goes_on(BETWEEN).await?;
    let back = over.elapsed();
    assert!(
        back < Duration::from_secs(5).max(usual * 4),
        "the usual writes take {back:?} after the flood, {usual:?} before"
    );
    hold("overload", platform, load).await
}
