//! What the figures were measured on.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;
use chrono::Utc;
use serde::Serialize;

/// Flushes that are timed; the median of them is told.
const FLUSHES: usize = 101;

/// The machine and the state of the code.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// When the run began, in UTC.
    pub(crate) began: String,
    /// The processor's name.
    pub(crate) processor: String,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// Memory in MiB.
    pub(crate) memory_mib: u64,
    /// Kernel and version.
    pub(crate) kernel: String,
    /// The database server.
    pub(crate) postgres: String,
    /// The commit, with a mark when files were changed.
    pub(crate) commit: String,
    /// Runnable processes over the last minute, at the start: more than 0 means that others work here too.
    pub(crate) load: f64,
    /// How long the disk of the database takes to make 8 KiB lasting, in microseconds.
    pub(crate) flush_micros: f64,
}

impl Machine {
    /// Looks around; `folder` is on the disk of the database.
    pub(crate) fn look(postgres: String, folder: &Path) -> anyhow::Result<Self> {
        let loads = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(Self {
            began: Utc::now().format("%Y-%m-%d %H:%M UTC").to_string(),
            processor: line_of("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: line_of("/proc/meminfo", "MemTotal")
                .split_whitespace()
                .next()
                .and_then(|kib| kib.parse::<u64>().ok())
                .unwrap_or_default()
                / 1024,
            kernel: said_by("uname", &["-sr"]),
            postgres,
            commit: said_by("git", &["describe", "--always", "--dirty"]),
            load: loads
                .split_whitespace()
                .next()
                .and_then(|load| load.parse().ok())
                .unwrap_or_default(),
            flush_micros: flush_micros(folder)?,
        })
    }
}

fn line_of(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .find(|line| line.starts_with(name))
        .and_then(|line| line.split_once(':'))
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

fn flush_micros(folder: &Path) -> anyhow::Result<f64> {
    let mut file = tempfile::tempfile_in(folder).with_context(|| format!("{}", folder.display()))?;
    let block = [7_u8; 8192];
    let mut times = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        file.write_all(&block)?;
        let began = Instant::now();
        file.sync_data()?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(FLUSHES / 2).copied().unwrap_or_default())
}
