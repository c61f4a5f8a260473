//! `attune board`: everything in flight, in the terminal or as a page with pictures.

mod chart;
mod collect;
mod page;
mod terminal;
mod words;

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use attune_server::Secret;
use chrono::TimeDelta;
use clap::Args;

use crate::platform::Platform;
use crate::progress::say;
pub(crate) use collect::{Closed, course, initiatives_for};
pub(crate) use terminal::line;

/// Show everything in flight: what waits for whom, and when its verdict is due
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  attune board --token \"$(attune token --tenant acme)\"
  ATTUNE_TOKEN=… attune board --url https://attune.example.com --html board.html

In the terminal it is a table: what is overdue first, then what was found first. The page draws how often each problem was
talked about and what was to be expected, what each try did, and who was told. It is one file that loads nothing, for
light and dark screens and for phones.")]
pub(crate) struct ShowBoard {
    /// Write a page with pictures into this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Also show what was closed within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=3660))]
    closed_days: u16,

    /// Where the platform is
    #[arg(long, env = "ATTUNE_URL", default_value = "http://127.0.0.1:7443")]
    url: String,

    /// A token with the scopes improvement.read and, for the page, feedback.read
    #[arg(long, env = "ATTUNE_TOKEN", hide_env_values = true)]
    token: Secret,

    /// Certificate authority (PEM) of an https:// address
    #[arg(long, env = "ATTUNE_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl ShowBoard {
    /// Shows the board.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let authority = match &self.ca_file {
            Some(file) => Some(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?),
            None => None,
        };
        let platform = Platform::connect(&self.url, self.token.expose(), authority).await?;
        let closed = Closed::Within(TimeDelta::days(self.closed_days.into()));
        if let Some(file) = &self.html {
            write_page(&platform, closed, "The board", file).await?;
            say(&format!("The board as a page: {}", file.display()));
            return Ok(());
        }
        let board = collect::board(&platform, closed).await?;
        let mut out = std::io::stdout();
        let colours = out.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let table = terminal::table(&board, terminal::Colours(colours));
        out.write_all(table.as_bytes()).context("cannot print the board")
    }
}

/// Writes the board with its stories as a page.
pub(crate) async fn write_page(
    platform: &Platform,
    closed: Closed,
    title: &str,
    file: &Path,
) -> anyhow::Result<()> {
    let board = collect::board(platform, closed).await?;
    let stories = collect::stories(platform, &board).await?;
    let html = page::page(title, &board, &stories)?;
    fs::write(file, html).with_context(|| format!("cannot write the page to {}", file.display()))
}
