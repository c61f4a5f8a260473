//! The same calls with few and with many contacts and answers stored: the service is its own partner.

use chrono::Utc;

use super::answers::{self, Year};
use super::calm;
use super::read::{Read, Readers, fill};
use super::write::recorders;
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compared};
use crate::postgres::{MAINTENANCE, OURS};
use crate::stage::Stage;

/// What every size is compared with.
const FEW: u64 = 10_000;
const QUICK: &[u64] = &[20_000];
const FULL: &[u64] = &[1_000_000];
const LONG: &[u64] = &[1_000_000, 10_000_000];
/// What the databases are called while the other one is the services'.
const SHELF_FEW: &str = "growth_few";
const SHELF_MANY: &str = "growth_many";
/// Writes, and questions for numbers, in flight.
const IN_FLIGHT: usize = 16;

const CALLS: [&str; 4] = [
    "write",
    "read by id",
    "read a page of 100",
    "a year of NPS by day",
];

/// Fills a database of each size, and calls what is called most on each in turn.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan, long: bool) -> anyhow::Result<Vec<Comparison>> {
    let sizes = match (plan.quick, long) {
        (true, _) => QUICK,
        (false, false) => FULL,
        (false, true) => LONG,
    };
    let mut all = Vec::new();
    for many in sizes {
        let (mut grown, mut small) = (Vec::new(), Vec::new());
        let year = Year::before(Utc::now())?;
        shelve(stage, *many, year).await?;
        for _ in 0..plan.pairs {
            swap(stage, SHELF_MANY, SHELF_FEW).await?;
            // What the round before has written is more than a few.
            refill(stage, FEW, year).await?;
            small.push(calls(stage, plan, FEW, year).await?);
            swap(stage, SHELF_FEW, SHELF_MANY).await?;
            grown.push(calls(stage, plan, *many, year).await?);
        }
        swap(stage, SHELF_MANY, SHELF_FEW).await?;
        let drop = format!("DROP DATABASE {SHELF_MANY}");
        stage.postgres.run(MAINTENANCE, &drop).await?;
        for (place, call) in CALLS.into_iter().enumerate() {
            let pick =
                |rounds: &[[Sample; 4]]| -> Vec<Sample> { rounds.iter().map(|round| round[place]).collect() };
            let (own, other) = (pick(&grown), pick(&small));
            let row = Row {
                work: format!("{call}, {many} stored"),
                unit: "calls/s",
                aim: Aim::AtLeast(0.9),
            };
            let names = (format!("{many} stored"), format!("{FEW} stored"));
            all.push(compared(row, (names.0.clone(), &own), (names.1.clone(), &other)));
            let row = Row {
                work: format!("{call}, {many} stored, p99"),
                unit: "ms",
                aim: Aim::AtMost(1.3),
            };
            all.push(compared(row, (names.0, &p99(&own)), (names.1, &p99(&other))));
        }
    }
    Ok(all)
}

/// Puts a copy of the services' database aside for few, and fills the services' with `many`.
async fn shelve(stage: &mut Stage, many: u64, year: Year) -> anyhow::Result<()> {
    stage.stop_services().await?;
    let copy = format!("CREATE DATABASE {SHELF_FEW} TEMPLATE {OURS}");
    stage.postgres.run(MAINTENANCE, &copy).await?;
    refill(stage, many, year).await
}

async fn refill(stage: &Stage, stored: u64, year: Year) -> anyhow::Result<()> {
    fill(stage, stored).await?;
    answers::fill(stage, stored, year).await
}

/// Makes the database `next` the services' and calls that one `former`.
async fn swap(stage: &mut Stage, former: &str, next: &str) -> anyhow::Result<()> {
    stage.stop_services().await?;
    for rename in [
        format!("ALTER DATABASE {OURS} RENAME TO {former}"),
        format!("ALTER DATABASE {next} RENAME TO {OURS}"),
    ] {
        stage.postgres.run(MAINTENANCE, &rename).await?;
    }
    Ok(())
}

/// One round with `stored` contacts, and then with as many answers.
async fn calls(stage: &mut Stage, plan: &Plan, stored: u64, year: Year) -> anyhow::Result<[Sample; 4]> {
    stage.run_only(&["interactions"]).await?;
    let mut by_id = Readers::new(stage, Read::ById, stored).await?;
    let mut pages = Readers::new(stage, Read::Page, stored).await?;
    let mut writes = recorders(stage, IN_FLIGHT);
    by_id.prepare().await?;
    let by_id = by_id.run(plan.timed).await?;
    let pages = pages.run(plan.timed).await?;
    // Last of the contacts' calls, because they add to what is stored.
    let written = writes.run(plan.timed).await?;
    drop(writes);

    stage.run_only(&["feedback"]).await?;
    calm(stage).await?;
    let numbers = answers::query(stage, (year, stored), IN_FLIGHT, plan.timed).await?;
    Ok([written, by_id, pages, numbers])
}

fn p99(samples: &[Sample]) -> Vec<Sample> {
    samples
        .iter()
        .map(|sample| Sample {
            latencies: None,
            ..sample.by_p99()
        })
        .collect()
}
