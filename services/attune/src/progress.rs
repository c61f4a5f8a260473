//! How far a long command is: bars on a terminal, plain lines elsewhere. All of it on standard error.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Lines written for one bar where there is no terminal.
const LINES: u64 = 10;

/// Says something in a line of its own.
pub(crate) fn say(text: &str) {
    // Where the terminal is gone there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The progress through a number of rows, or through a file.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    plain: Option<Plain>,
}

#[derive(Debug)]
struct Plain {
    total: u64,
    done: u64,
    told: u64,
    unit: Unit,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Rows,
    Bytes,
}

impl Unit {
    const fn form(self) -> &'static str {
        match self {
            Self::Rows => "{bar:32.cyan/blue} {human_pos}/{human_len} rows, {elapsed}  {wide_msg}",
            Self::Bytes => "{bar:32.cyan/blue} {bytes}/{total_bytes}, {elapsed}  {wide_msg}",
        }
    }
}

impl Progress {
    /// A bar for `total` rows.
    pub(crate) fn of(total: usize) -> Self {
        Self::new(total as u64, Unit::Rows)
    }

    /// A bar for a file of `total` bytes.
    pub(crate) fn of_bytes(total: u64) -> Self {
        Self::new(total, Unit::Bytes)
    }

    fn new(total: u64, unit: Unit) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self {
                bar: ProgressBar::hidden(),
                plain: Some(Plain {
                    total,
                    done: 0,
                    told: 0,
                    unit,
                }),
            };
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(12));
        bar.set_style(
            ProgressStyle::with_template(unit.form()).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, plain: None }
    }

    /// `rows` more are done, and this is where things stand.
    pub(crate) fn advance(&mut self, rows: usize, standing: &str) {
        let done = self
            .plain
            .as_ref()
            .map_or(self.bar.position(), |plain| plain.done);
        self.reach(done + rows as u64, standing);
    }

    /// So much is done in all, and this is where things stand.
    pub(crate) fn reach(&mut self, done: u64, standing: &str) {
        self.bar.set_message(standing.to_owned());
        self.bar.set_position(done);
        if let Some(plain) = &mut self.plain {
            plain.done = done;
            let step = done * LINES / plain.total.max(1);
            if step > plain.told {
                plain.told = step;
                let percent = done * 100 / plain.total.max(1);
                say(&match plain.unit {
                    Unit::Rows => format!("{done} of {} rows, {standing}", plain.total),
                    Unit::Bytes => format!("{percent} % read, {standing}"),
                });
            }
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
