//! `cargo bench-suite`: what the platform does, beside what others do on the same machine in the same run.
//!
//! Every figure has its partner: both work in turn (A B A B …), and what is told is the median of the ratios of
//! the pairs, with the least and the largest. Before every timed run everything told is numbered, statistics are taken
//! and a checkpoint is made, so that no run pays for another.

mod content;
mod cpu;
mod load;
mod machine;
mod measure;
mod postgres;
mod process;
mod report;
mod rows;
mod stage;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::{Parser, ValueEnum};

use crate::machine::Machine;
use crate::measure::{Comparison, Plan};
use crate::report::Report;
use crate::stage::Stage;

/// Measure the platform beside others
#[derive(Debug, Parser)]
#[command(name = "cargo bench-suite")]
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own
struct Arguments {
    /// Only show that everything works, within two minutes: short runs, one pair
    #[arg(long)]
    quick: bool,

    /// Only these rows, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Name>,

    /// Counted pairs of each comparison
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    pairs: u16,

    /// How long one side works at a time, in seconds
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=600))]
    seconds: u16,

    /// Also measure with ten million contacts and answers stored, a million persons told, and a million messages
    /// waiting in the queues of others; needs 20 GB and hours
    #[arg(long)]
    long: bool,

    /// Where the database is made and removed again; on a disk, not in memory
    #[arg(long, default_value = "/var/tmp")]
    folder: PathBuf,

    /// Measure the executables that are there, without building them first
    #[arg(long)]
    built: bool,

    /// Tell after every run which statements Postgres worked on most; figures taken with it are lower by some percent
    #[arg(long, conflicts_with = "into")]
    profile: bool,

    /// Put the table into this document, such as docs/measurements.md
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,

    /// Write all figures to this file as JSON
    #[arg(long, value_name = "FILE", default_value = "target/bench-suite.json")]
    json: PathBuf,
}

/// A group of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// One durable write a call, beside pgbench
    Write,
    /// Reads by id and by the page, beside pgbench and a tonic hello-world
    Read,
    /// Contacts by the stream, beside COPY
    Bulk,
    /// Way and flow of events, beside LISTEN/NOTIFY and plain inserts
    Events,
    /// Waiting messages handed over, beside graphile-worker, pg-boss and procrastinate (needs npm and python3), and
    /// beside itself with few waiting
    Dispatch,
    /// Memory and start of each service, beside a tonic hello-world
    Rest,
    /// The same calls with few and many contacts and answers stored
    Growth,
    /// From feedback to the hot issue it leads to, beside the slowest stage of that way alone
    Loop,
    /// A year of answers by the day, beside the same aggregate without roll-ups
    Metric,
    /// One look for hot issues over many topics of many products, beside reading the same counts
    Detection,
    /// A verdict on many customers of a pilot, beside the same aggregate in SQL
    Verdict,
    /// A cohort told, beside inserting the same messages
    Telling,
    /// The way of one complaint, and the whole loop, beside the same SQL
    Trace,
}

impl Name {
    async fn measure(self, stage: &mut Stage, plan: &Plan, long: bool) -> anyhow::Result<Vec<Comparison>> {
        match self {
            Self::Write => rows::write::measure(stage, plan).await,
            Self::Read => rows::read::measure(stage, plan).await,
            Self::Bulk => rows::bulk::measure(stage, plan).await,
            Self::Events => rows::events::measure(stage, plan).await,
            Self::Dispatch => rows::dispatch::measure(stage, plan, long).await,
            Self::Rest => rows::rest::measure(stage, plan).await,
            Self::Growth => rows::growth::measure(stage, plan, long).await,
            Self::Loop => rows::whole_loop::measure(stage, plan).await,
            Self::Metric => rows::metric::measure(stage, plan, long).await,
            Self::Detection => rows::detection::measure(stage, plan).await,
            Self::Verdict => rows::verdict::measure(stage, plan).await,
            Self::Telling => rows::telling::measure(stage, plan, long).await,
            Self::Trace => rows::trace::measure(stage, plan).await,
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if !arguments.built {
        build()?;
    }
    let own = std::env::current_exe()?;
    let binaries = own.parent().unwrap_or(Path::new(".")).to_owned();
    let stage = Stage::set(&arguments.folder, binaries, arguments.profile).await?;
    let report = run(&arguments, stage).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", report.markdown())?;
    if let Some(file) = &arguments.into {
        report.put_into(file)?;
    }
    ensure!(report.left_out.is_empty(), "not every row could be measured");
    Ok(())
}

async fn run(arguments: &Arguments, mut stage: Stage) -> anyhow::Result<Report> {
    let plan = if arguments.quick {
        Plan {
            pairs: 1,
            warm_up: false,
            timed: Duration::from_secs(1),
            quick: true,
        }
    } else {
        Plan {
            pairs: arguments.pairs.into(),
            warm_up: true,
            timed: Duration::from_secs(arguments.seconds.into()),
            quick: false,
        }
    };
    let mut report = Report {
        machine: Machine::look(stage.postgres.version.clone(), stage.folder())?,
        pairs: plan.pairs,
        timed_seconds: plan.timed.as_secs_f64(),
        comparisons: Vec::new(),
        left_out: Vec::new(),
    };
    for name in Name::value_variants() {
        if !arguments.only.is_empty() && !arguments.only.contains(name) {
            continue;
        }
        stage.real_time().await?;
        match Box::pin(name.measure(&mut stage, &plan, arguments.long)).await {
            Ok(found) => report.comparisons.extend(found),
            // A row that fails has no figure, and does not take the others with it.
            Err(error) => report.left_out.push((format!("{name:?}"), format!("{error:#}"))),
        }
        // Half an hour of figures is not lost with the row that never ends.
        keep(&report, &arguments.json)?;
        let mut progress = std::io::stderr().lock();
        writeln!(progress, "{name:?} done")?;
    }
    stage.strike().await?;
    Ok(report)
}

/// Writes what was measured so far.
fn keep(report: &Report, file: &Path) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, serde_json::to_string_pretty(report)? + "\n")
        .with_context(|| file.display().to_string())
}

/// Builds the executables that are measured, where cargo runs this.
fn build() -> anyhow::Result<()> {
    let Some(cargo) = std::env::var_os("CARGO") else {
        return Ok(());
    };
    let packages = ["--package", "attune", "--package", "attune-bench"];
    let status = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--bins"])
        .args(packages)
        .status()?;
    ensure!(status.success(), "the executables cannot be built");
    Ok(())
}
