//! How often an issue's topic was mentioned, as a line.

use std::fmt::{self, Write as _};

use attune_api::feedback::v1::CourseDay;
use attune_rpc::instant;

use crate::board;

/// Days as a line of blocks, and what they were to be like.
pub(super) fn print(out: &mut String, days: &[CourseDay]) -> fmt::Result {
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return Ok(());
    };
    let highest = days.iter().map(|day| day.mentions).max().unwrap_or_default();
    write!(
        out,
        "  day by day: {} {} to {}, at most {highest}",
        board::line(days),
        date(first),
        date(last)
    )?;
    match first.low.zip(first.high) {
        Some((low, high)) => writeln!(out, " (a usual day has {low:.0} to {high:.0})"),
        None => writeln!(out),
    }
}

fn date(day: &CourseDay) -> String {
    day.start
        .and_then(instant)
        .map(|at| at.format("%Y-%m-%d").to_string())
        .unwrap_or_default()
}
