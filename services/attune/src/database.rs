//! `attune migrate` and `attune database`: schemas, and a Postgres of one's own.

use std::io::Write as _;
use std::process::{ExitCode, ExitStatus};

use anyhow::Context as _;
use attune_server::Secret;
use clap::Args;
use tokio::process::Command;

use crate::postgres::{self, Fresh};
use crate::progress::say;
use crate::services;

/// Bring the schemas of all five services up to date
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  attune migrate --database-url postgres://postgres@localhost/attune

Makes the five roles and schemas where they are missing; safe to run again and at the same time as others. The
login must be a superuser, or may create roles and schemas.")]
pub(crate) struct Migrate {
    /// The database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Secret,
}

impl Migrate {
    /// Migrates.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let admin = postgres::pool(self.database_url.expose()).await?;
        let outcome = services::bring_up_to_date(&admin).await;
        admin.close().await;
        outcome?;
        say("the schemas of all five services are up to date");
        Ok(())
    }
}

/// Start the embedded Postgres, migrated, and keep it while needed
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  attune database                              until Ctrl-C, for psql and for `attune serve`
  attune database --exec cargo sqlx prepare --workspace --check
                                               a command with DATABASE_URL set to a fresh migrated database, which
                                               is removed afterwards; its exit code is the command's")]
pub(crate) struct EmbeddedDatabase {
    /// Print the URL alone, for scripts
    #[arg(long, conflicts_with = "exec")]
    print_url: bool,

    /// Run this command (everything that follows) with `DATABASE_URL` set, then stop
    #[arg(long, num_args = 1.., allow_hyphen_values = true, value_name = "COMMAND")]
    exec: Vec<String>,
}

impl EmbeddedDatabase {
    /// Serves the database until Ctrl-C, or until the command has ended.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.exec.split_first() {
            Some((program, arguments)) => around(program, arguments).await,
            None => until_interrupted(self.print_url).await,
        }
    }
}

async fn until_interrupted(print_url: bool) -> anyhow::Result<ExitCode> {
    let (server, url) = postgres::lasting().await?;
    let admin = postgres::pool(&url).await?;
    services::bring_up_to_date(&admin).await?;
    admin.close().await;
    let mut out = std::io::stdout();
    if print_url {
        writeln!(out, "{url}")?;
    } else {
        writeln!(
            out,
            "Postgres with the schemas of all five services, until Ctrl-C:\n  export DATABASE_URL='{url}'"
        )?;
    }
    out.flush()?;
    attune_server::stop_asked()
        .await
        .context("cannot wait for Ctrl-C")?;
    server.stop().await?;
    Ok(ExitCode::SUCCESS)
}

async fn around(program: &str, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let database = Fresh::create("exec", None).await?;
    let outcome = async {
        let admin = database.pool().await?;
        services::bring_up_to_date(&admin).await?;
        admin.close().await;
        let status = Command::new(program)
            .args(arguments)
            .env("DATABASE_URL", database.url())
            .status()
            .await;
        status.with_context(|| format!("cannot run {program}"))
    }
    .await;
    database.remove().await?;
    Ok(exit_code(outcome?))
}

/// The command's exit code; 1 where a signal ended it.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
