//! `attune demo`: the whole loop on dated feedback, in one process.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use attune_auth::{DevIssuer, TokenSpec};
use attune_clock::{Clock, ManualClock};
use attune_mailbox::{Limits, Mailbox};
use attune_rpc::TenantId;
use attune_server::{App, Config, DatabaseConfig, IdentityConfig, Running, Secret};
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use clap::Args;

use crate::account::{self, Account};
use crate::change::Change;
use crate::input::Input;
use crate::owner::{DEPARTMENTS, Owner};
use crate::platform::Platform;
use crate::postgres::Fresh;
use crate::progress::say;
use crate::replay::{Replay, end_of};
use crate::settled::Settled;
use crate::timetable::Timetable;
use crate::{board, change, explore, input, sample, services, token};

/// How long the token in the printed calls is good for.
const TOKEN_TTL: Duration = Duration::from_hours(12);
/// What the demo and its visitor may do.
const SCOPES: &str = "profiles.* interactions.* feedback.* improvement.* notifications.* events.read";

/// The columns of a file of feedback, for `--help`.
#[macro_export]
#[doc(hidden)]
macro_rules! columns {
    () => {
        "\
Columns of the file (the header names them, in any order; further ones are ignored):
  at          when it was said: 2026-01-31T18:05:00Z, 2026-01-31 18:05, 31.01.2026 18:05, seconds since 1970;
              without an offset it is UTC. Needed
  text        what was said, at most 20000 characters. Needed unless there is a rating
  csat        how satisfied, 1 to 5        nps   would recommend, 0 to 10        ces   how easy, 1 to 7
  source_id   its id where it comes from; made from the row when missing
  customer    who said it; empty for somebody unknown
  channel     such as email, chat, social (default: other)
  touchpoint  the moment of contact (default: <channel>.message)
  product     what it is about
  agent       who served, by the company's own id
  team        the team that served; kept of ratings
  stage       the part of the journey, such as conversion or retention
  segment     the customer segments that the person was in, such as gold;new: at most 10, parted by semicolons; kept of
              ratings
  interaction the id of the recorded interaction that a rating is about
  language    the customer's language, such as en, ru, zh-Hant
  email       the customer's address
Tab-separated files have no quotes; .gz is unpacked; the format is known by the extension, else by the first line."
    };
}

/// Replay dated feedback through the whole platform and give an account of the loop
#[derive(Args, Debug)]
#[command(after_long_help = concat!("\
Examples:
  attune demo                                              a bundled sample, then stay up until Ctrl-C
  attune demo --exit --report account.json                 the same, the account as JSON as well, then leave
  attune demo --exit --html account.html                   the same, drawn as a page with pictures
  attune demo --input feedback.csv --changes changes.csv   your own feedback, and what you really changed

Nothing leaves the machine: mail goes to a server inside the process. Time is virtual, months take seconds.

", crate::columns!(), "

Columns of --changes: at (when it went live), change (what customers are told), and, where it is not about everything,
product and topic (a topic's id, such as account_access). Without such a file the demo plays a rollout some days after
each issue, and says that nothing is known to have changed."))]
pub(crate) struct Demo {
    /// Feedback to replay: CSV with a header, TSV, or JSON Lines; default: a bundled sample of our own writing
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,

    /// What really changed, and when it went live
    #[arg(long, value_name = "FILE")]
    changes: Option<PathBuf>,

    /// Write the account as JSON into this file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Draw the account as a page with pictures into this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Leave when the account is given
    #[arg(long)]
    exit: bool,

    /// Where the platform listens; where the port is taken, a free one is used
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 7443)))]
    listen: SocketAddr,

    /// The company whose feedback it is
    #[arg(long, default_value = "demo", value_parser = token::tenant)]
    tenant: TenantId,

    /// A Postgres (15 or newer) to make a fresh database on; without one an embedded server is started
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<Secret>,

    /// What is logged to standard error, such as `info`; default: nothing
    #[arg(long, env = "RUST_LOG", value_name = "FILTER")]
    log: Option<String>,
}

/// What is replayed.
struct Story {
    name: String,
    input: Input,
    changes: Option<Vec<Change>>,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// The platform in this process, with the hand that moves its time.
struct Stage {
    running: Running,
    hand: ManualClock,
    mailbox: Mailbox,
    platform: Platform,
    token: String,
}

impl Demo {
    /// Plays the demo.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let story = self.story()?;
        let telemetry = self.telemetry()?;
        let given = self
            .database_url
            .as_ref()
            .map(Secret::expose)
            .filter(|url| !url.is_empty());
        let database = Fresh::create("demo", given).await?;
        say(if database.is_embedded() {
            "an embedded Postgres is up, with a fresh database"
        } else {
            "using the Postgres in DATABASE_URL, with a fresh database"
        });
        let outcome = Box::pin(self.play(&database, story)).await;
        let removed = database.remove().await;
        if let Some(telemetry) = telemetry {
            telemetry.shutdown().await;
        }
        outcome.and(removed)
    }

    /// Reads what is to be replayed, before anything is started.
    fn story(&self) -> anyhow::Result<Story> {
        let (name, input) = match &self.input {
            Some(file) => (file.display().to_string(), input::read_file(file)?),
            None => (
                sample::NAME.to_owned(),
                input::read(sample::FEEDBACK.as_bytes(), input::Format::Tsv)?,
            ),
        };
        let changes = match (&self.changes, &self.input) {
            (Some(file), _) => Some(change::read_file(file)?),
            (None, Some(_)) => None,
            (None, None) => Some(change::read(sample::CHANGES.as_bytes(), input::Format::Tsv)?),
        };
        let (Some(first), Some(end)) = (input.rows.first(), end_of(&input.rows)) else {
            let reasons = input
                .rejected
                .iter()
                .take(3)
                .map(|r| format!("line {}: {}", r.line, r.reason));
            bail!(
                "{name} holds no usable row; {}",
                reasons.collect::<Vec<_>>().join(", ")
            );
        };
        let start = first.at.duration_trunc(TimeDelta::hours(1)).unwrap_or(first.at);
        Ok(Story {
            name,
            input,
            changes,
            start,
            end,
        })
    }

    fn telemetry(&self) -> anyhow::Result<Option<attune_telemetry::Guard>> {
        let Some(filter) = &self.log else { return Ok(None) };
        let config = attune_telemetry::TelemetryConfig {
            service: "attune-demo".to_owned(),
            log_filter: filter.clone(),
            log_format: attune_telemetry::LogFormat::Pretty,
            otlp_endpoint: None,
            admin_listen: None,
        };
        attune_telemetry::init(&config).map(Some)
    }

    async fn play(&self, database: &Fresh, story: Story) -> anyhow::Result<()> {
        let stage = self.set(database, story.start).await?;
        let outcome = tokio::select! {
            // The end of a stay is no interruption, although the same signal brings it about.
            biased;
            outcome = Box::pin(self.perform(&stage, database, story)) => outcome,
            _ = attune_server::stop_asked() => Err(anyhow::anyhow!("interrupted")),
        };
        stage.running.drain().await;
        outcome
    }

    /// Starts the five services in this process, and a mail server.
    async fn set(&self, database: &Fresh, start: DateTime<Utc>) -> anyhow::Result<Stage> {
        let (clock, hand) = Clock::manual(start);
        let limits = Limits {
            mails: 1_000_000,
            bytes: 1 << 30,
            ..Limits::default()
        };
        let mailbox = Mailbox::listen((Ipv4Addr::LOCALHOST, 0).into(), limits).await?;
        let mail = attune_notifications::Config {
            smtp_url: format!("smtp://{}", mailbox.address()),
            mail_from: "Customer care <care@example.com>".to_owned(),
            ..attune_notifications::Config::default()
        };
        let key_file = crate::state::dev_key_file()?;
        let config = Config {
            listen: free(self.listen)?,
            clock: Some(clock),
            database: DatabaseConfig {
                url: Some(Secret::new(database.url())),
                ..DatabaseConfig::default()
            },
            identity: IdentityConfig {
                dev_key_file: Some(key_file.clone()),
                ..IdentityConfig::default()
            },
            ..Config::default()
        };
        let running = App::build(config, services::all(mail, attune_feedback::Config::default()))
            .await?
            .spawn();
        let address = running.address();
        say(&format!(
            "five services are up in this process, over gRPC on {address}"
        ));
        let spec = TokenSpec {
            ttl: TOKEN_TTL,
            ..TokenSpec::user("demo", self.tenant.clone(), SCOPES)
        };
        let token = DevIssuer::load_or_create(&key_file)?.token(&spec)?;
        let platform = Platform::connect(&format!("http://{address}"), &token, None).await?;
        Ok(Stage {
            running,
            hand,
            mailbox,
            platform,
            token,
        })
    }

    /// Replays the story, gives the account, and stays.
    async fn perform(&self, stage: &Stage, database: &Fresh, story: Story) -> anyhow::Result<()> {
        let Story {
            name,
            input,
            changes,
            start: _,
            end,
        } = story;
        say(&format!("replaying {} rows of {name}", input.rows.len()));
        let real_changes = changes.is_some();
        let admin = database.pool().await?;
        let replay = Replay {
            platform: stage.platform.clone(),
            hand: stage.hand.clone(),
            settled: Settled::new(admin.clone()),
            owner: Owner::new(stage.platform.clone(), Timetable::new(changes, end)).await?,
        };
        let replayed = Box::pin(replay.run(&input.rows)).await?;
        admin.close().await;
        let observed = account::Observed {
            input: name,
            until: end,
            real_changes,
            rejected: input.rejected,
            replayed,
            mails: mails(&stage.mailbox),
        };
        let account = account::collect(&stage.platform, observed).await?;
        if let Some(file) = &self.html {
            let name = Path::new(&account.input)
                .file_name()
                .map(|name| name.to_string_lossy());
            let title = format!("What came of {}", name.as_deref().unwrap_or(&account.input));
            board::write_page(&stage.platform, board::Closed::Ever, &title, file).await?;
        }
        self.tell(&account, stage)?;
        if !self.exit {
            attune_server::stop_asked()
                .await
                .context("cannot wait for Ctrl-C")?;
        }
        Ok(())
    }

    fn tell(&self, account: &Account, stage: &Stage) -> anyhow::Result<()> {
        let mut out = std::io::stdout();
        writeln!(out, "{}", account::print(account))?;
        if let Some(file) = &self.report {
            write_report(file, account)?;
            writeln!(out, "The account as JSON: {}", file.display())?;
        }
        if let Some(file) = &self.html {
            writeln!(out, "The account with pictures: {}", file.display())?;
        }
        if !self.exit {
            let calls = explore::calls(account, stage.running.address(), &stage.token);
            writeln!(
                out,
                "Explore it (the platform's clock stands at {}):\n{calls}",
                account.observed_until
            )?;
            writeln!(out, "It stays up until Ctrl-C.")?;
        }
        out.flush().context("cannot print the account")
    }
}

fn write_report(file: &Path, account: &Account) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(account)?;
    fs::write(file, json + "\n").with_context(|| format!("cannot write the report to {}", file.display()))
}

/// The address itself, or the same with a free port where its port is taken.
fn free(wanted: SocketAddr) -> anyhow::Result<SocketAddr> {
    match TcpListener::bind(wanted) {
        Ok(_) => Ok(wanted),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            say(&format!("port {} is taken; using a free one", wanted.port()));
            Ok(SocketAddr::new(wanted.ip(), 0))
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot listen on {wanted}; give another address as --listen"))
        }
    }
}

/// How many mails arrived at customers, and how many at departments.
fn mails(mailbox: &Mailbox) -> (u64, u64) {
    let is_department = |address: &String| DEPARTMENTS.iter().any(|(_, department)| department == address);
    let received = mailbox.received();
    let departments = received
        .iter()
        .filter(|mail| mail.to.iter().any(is_department))
        .count() as u64;
    (received.len() as u64 - departments, departments)
}
