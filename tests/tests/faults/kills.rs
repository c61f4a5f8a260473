//! Processes are killed at instants that nobody chose.
//!
//! In the short form each of the five dies once, and all together once; `FAULT_ROUNDS=17` makes it a hundred times.
#![allow(clippy::print_stdout, reason = "who was killed when is part of the account")]

use std::path::Path;

use attune_database::Schema;
use attune_testkit::{Failure, ProcessPlatform, Replica, SCHEMAS};
use attune_tests::faults::{Account, Load};
use futures::future::try_join_all;

use crate::scenarios::{AWHILE, BETWEEN, COMPANY, WRITERS, rounds};

/// Processes of each service that the long form ends with.
const MOST_REPLICAS: usize = 4;
const INTERACTIONS: Schema = Schema("interactions");

async fn processes() -> Result<ProcessPlatform, Failure> {
    let program = Path::new(env!("CARGO_BIN_EXE_service"));
    ProcessPlatform::start_at(program, "2026-03-02T08:00:00Z".parse()?).await
}

/// Whatever is under way at a random instant of the next while is what a kill meets.
async fn some_instant() {
    tokio::time::sleep(AWHILE.mul_f64(rand::random_range(0.0..1.0))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_service_and_all_at_once_are_killed_at_random_instants() -> Result<(), Failure> {
    let platform = processes().await?;
    let load = Load::start(&[platform.user(COMPANY, "*")?], WRITERS);
    let mut kills = 0;
    for _ in 0..rounds() {
        for service in SCHEMAS {
            load.goes_on(BETWEEN).await?;
            some_instant().await;
            platform.kill(service)?;
            kills += 1;
            platform.start(service).await?;
        }
        load.goes_on(BETWEEN).await?;
        some_instant().await;
        for service in SCHEMAS {
            platform.kill(service)?;
        }
        kills += 1;
        try_join_all(SCHEMAS.map(|service| platform.start(service))).await?;
    }
    load.goes_on(BETWEEN).await?;
    let told = load.end().await?;
    platform.outwait_failures().await?;
    let account = Account::of(&platform.user(COMPANY, "*")?, platform.admin(), told).await?;
    account.holds(&format!("killed {kills} times"));
    platform.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_of_every_service_are_killed_and_added() -> Result<(), Failure> {
    if rounds() < 2 {
        println!("skipped: twenty processes are for the long form; FAULT_ROUNDS=2 runs it");
        return Ok(());
    }
    let platform = processes().await?;
    let mut replicas: Vec<(Schema, Replica)> = Vec::new();
    let second = platform.replica(INTERACTIONS).await?;
    let callers = [
        platform.user(COMPANY, "*")?,
        platform.user_of(&second, COMPANY, "*")?,
    ];
    replicas.push((INTERACTIONS, second));
    let load = Load::start(&callers, WRITERS);
    for each in 2..=MOST_REPLICAS {
        for service in SCHEMAS {
            if replicas.iter().filter(|(of, _)| *of == service).count() + 1 < each {
                replicas.push((service, platform.replica(service).await?));
            }
        }
        for _ in 0..rounds() {
            load.goes_on(BETWEEN).await?;
            some_instant().await;
            let (service, replica) = &replicas[rand::random_range(0..replicas.len())];
            let first = rand::random();
            println!("{each} of each: one of {service} is killed, the first: {first}");
            // The others go on with what it had begun.
            if first {
                platform.kill(*service)?;
                load.goes_on(BETWEEN).await?;
                platform.start(*service).await?;
            } else {
                replica.kill()?;
                load.goes_on(BETWEEN).await?;
                replica.start().await?;
            }
        }
    }
    load.goes_on(BETWEEN).await?;
    let told = load.end().await?;
    platform.outwait_failures().await?;
    let account = Account::of(&callers[0], platform.admin(), told).await?;
    account.holds("two to four replicas of every service");
    for (_, replica) in replicas {
        replica.stop().await?;
    }
    platform.stop().await
}
