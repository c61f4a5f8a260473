//! The command line.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::{board, database, demo, import, serve, token};

/// Attune: a closed-loop customer experience platform.
#[derive(Debug, Parser)]
#[command(
    name = "attune",
    version,
    about,
    max_term_width = 110,
    after_long_help = "\
Examples:
  attune demo                                  the whole loop on a bundled sample, then stay up
  attune demo --exit --input feedback.csv      the same on your own file, then leave
  attune serve all                             the five services in one process on an embedded Postgres
  attune token --tenant acme                   a token for trying it out
  attune import feedback.csv --url http://127.0.0.1:7443 --token \"$(attune token --tenant acme)\"
  attune board --token \"$(attune token --tenant acme)\" --html board.html"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(Box<demo::Demo>),
    Serve(Box<serve::Serve>),
    Token(token::Token),
    Import(import::Import),
    Board(board::ShowBoard),
    Migrate(database::Migrate),
    Database(database::EmbeddedDatabase),
}

/// Reads the arguments, does what they say, and gives the exit code: 0 when it was done, 2 for arguments that
/// cannot be read, 64 for a configuration that cannot work, 1 for any other failure.
pub fn main() -> ExitCode {
    let Cli { command } = Cli::parse_from(spoken(std::env::args_os()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(run(command)));
    match outcome {
        Ok(code) => code,
        Err(error) => attune_server::exit_code(&error),
    }
}

/// The arguments without a `--` right after the command's name. Cargo hands it on when the alias already holds the
/// name: `cargo demo -- --exit` arrives as `attune demo -- --exit`, and both spellings mean the same.
fn spoken(arguments: impl IntoIterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    arguments
        .into_iter()
        .enumerate()
        .filter_map(|(place, argument)| (place != 2 || argument != "--").then_some(argument))
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match command {
        Command::Demo(demo) => Box::pin(demo.run()).await.map(done),
        Command::Serve(serve) => Box::pin(serve.run()).await.map(done),
        Command::Token(token) => token.run().map(done),
        Command::Import(import) => Box::pin(import.run()).await.map(done),
        Command::Board(board) => Box::pin(board.run()).await.map(done),
        Command::Migrate(migrate) => migrate.run().await.map(done),
        Command::Database(database) => Box::pin(database.run()).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_options_of_an_alias_may_follow_two_dashes() {
        for line in [
            "attune demo --exit --report r.json",
            "attune demo -- --exit --report r.json",
        ] {
            let Command::Demo(demo) = Cli::parse_from(spoken(line.split(' ').map(OsString::from))).command
            else {
                panic!("not the demo: {line}");
            };
            assert!(format!("{demo:?}").contains("exit: true"), "{demo:?}");
        }
    }

    #[test]
    fn every_command_has_a_help_with_an_example() {
        for command in Cli::command().get_subcommands_mut() {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            assert!(
                help.contains(&format!("attune {name}")),
                "{name} shows no example"
            );
        }
    }
}
