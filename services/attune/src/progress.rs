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

/// The progress through a number of rows.
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
}

impl Progress {
    /// A bar for `total` rows.
    pub(crate) fn of(total: usize) -> Self {
        let total = total as u64;
        if !std::io::stderr().is_terminal() {
            return Self {
                bar: ProgressBar::hidden(),
                plain: Some(Plain {
                    total,
                    done: 0,
                    told: 0,
                }),
            };
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(12));
        let form = "{bar:32.cyan/blue} {human_pos}/{human_len} rows, {elapsed}  {wide_msg}";
        bar.set_style(ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, plain: None }
    }

    /// `rows` more are done, and this is where things stand.
    pub(crate) fn advance(&mut self, rows: usize, standing: &str) {
        self.bar.set_message(standing.to_owned());
        self.bar.inc(rows as u64);
        if let Some(plain) = &mut self.plain {
            plain.done += rows as u64;
            let step = plain.done * LINES / plain.total.max(1);
            if step > plain.told {
                plain.told = step;
                say(&format!("{} of {} rows, {standing}", plain.done, plain.total));
            }
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
