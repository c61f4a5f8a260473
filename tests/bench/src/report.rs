//! The figures as tables.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use crate::machine::Machine;
use crate::measure::{Aim, Comparison, Latencies, Summary};

/// Where the table stands in a document.
const BEGIN: &str = "<!-- begin bench-suite -->";
const END: &str = "<!-- end bench-suite -->";

/// One whole run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// Counted pairs of every comparison.
    pub(crate) pairs: usize,
    /// How long one side worked, in seconds.
    pub(crate) timed_seconds: f64,
    pub(crate) comparisons: Vec<Comparison>,
    /// Rows that could not be measured, and why. They have no figure.
    pub(crate) left_out: Vec<(String, String)>,
}

impl Report {
    /// The tables as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.heading();
        text.push_str(
            "| work | ours | partner | ratio (median; least to most) | aim | CPU s a run, ours | CPU s, partner |\n\
             |---|---|---|---|---|---|---|\n",
        );
        for comparison in &self.comparisons {
            text.push_str(&line(comparison));
        }
        for (work, why) in &self.left_out {
            let _ = writeln!(text, "\nNot measured: {work}: {why}");
        }
        text
    }

    fn heading(&self) -> String {
        let Machine {
            began,
            processor,
            cores,
            memory_mib,
            kernel,
            postgres,
            commit,
            load,
            flush_micros,
        } = &self.machine;
        format!(
            "{began}, commit {commit}. {cores} cores ({processor}), {memory_mib} MiB, {kernel}, {postgres} with fsync \
             (a flush of 8 KiB takes {flush_micros:.0} µs), load by others at the start {load:.1}. {} pairs, {} s a \
             side, in turn. CPU seconds: load generator + servers + Postgres; in pgbench's rows the server is pgbench \
             itself.\n\n",
            self.pairs, self.timed_seconds
        )
    }

    /// Puts the tables into `file`, in the place of those of the last run.
    pub(crate) fn put_into(&self, file: &Path) -> anyhow::Result<()> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let text = replaced(&text, &self.markdown())
            .with_context(|| format!("{} has no lines {BEGIN} and {END}", file.display()))?;
        fs::write(file, text).with_context(|| file.display().to_string())
    }
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

fn line(comparison: &Comparison) -> String {
    let Comparison {
        row,
        ours,
        partner,
        ratio,
        ..
    } = comparison;
    let (low, high) = comparison.spread();
    let aim = match row.aim {
        Aim::AtLeast(bound) => format!("≥ {bound}"),
        Aim::AtMost(bound) => format!("≤ {bound}"),
        Aim::Itself(bound) => format!("≤ {bound} {}", row.unit),
        Aim::None => String::new(),
    };
    let met = match row.aim {
        Aim::None => "none",
        aim if aim.met_by(comparison) => ": met",
        _ => ": not met",
    };
    format!(
        "| {} | {} | {}: {} | **{ratio:.2}** ({low:.2} to {high:.2}) | {aim}{met} | {} | {} |\n",
        row.work,
        value(ours, row.unit),
        partner.side,
        value(partner, row.unit),
        cpu(ours),
        cpu(partner)
    )
}

fn value(summary: &Summary, unit: &str) -> String {
    let number = if summary.value < 100.0 {
        format!("{:.2} {unit}", summary.value)
    } else {
        format!("{:.0} {unit}", summary.value)
    };
    match summary.latencies {
        Some(Latencies { p50, p99 }) => format!("{number} (p50 {p50:.2} ms, p99 {p99:.2} ms)"),
        None => number,
    }
}

fn cpu(summary: &Summary) -> String {
    let [generator, servers, postgres] = summary.cpu_seconds;
    format!("{generator:.2} + {servers:.2} + {postgres:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_last_one_and_nothing_else() {
        let text = format!("# Title\n{BEGIN}\nold\n{END}\nmore\n");
        let text = replaced(&text, "new\n").unwrap();
        assert_eq!(text, format!("# Title\n{BEGIN}\nnew\n{END}\nmore\n"));
        assert_eq!(replaced("no place", "new"), None);
    }
}
