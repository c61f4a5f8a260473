//! The five services as five processes, as they run in production, on one database and one clock.

mod ports;
mod process;
mod virtual_time;

use std::ffi::OsString;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use attune_auth::{DevIssuer, TokenSpec};
use attune_database::Schema;
use attune_database::template::{TemplateSet, TestDatabase};
use attune_mailbox::Mailbox;
use attune_rpc::TenantId;
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};
use tempfile::TempDir;

use crate::database::schemas;
use crate::{Channels, Failure, SCHEMAS, Tenant, settle};
use process::{LISTEN, Process, Start};
use virtual_time::VirtualTime;

/// How long a test waits for the platform to settle before it fails. Longer than in one process: after a kill
/// a lease has to end first.
const PATIENCE: Duration = Duration::from_mins(2);
/// `ATTUNE_LONGEST_LEASE` of the processes: short, so that a test need not wait for a minute after a kill, and
/// longer than any batch of a test takes.
const LEASE: &str = "10s";
/// How often fresh ports are tried when somebody else was quicker.
const STARTS: usize = 5;
/// Lines of each log shown after a failure.
const SHOWN: usize = 40;

/// Five processes, one test's own, on a virtual time or on the system's. Dropping it kills them, and shows the end of
/// their logs unless they were [stopped](Self::stop) before.
#[derive(Debug)]
pub struct ProcessPlatform {
    processes: Vec<Process>,
    channels: Channels,
    issuer: DevIssuer,
    /// The virtual time and its file; the system's time where there is none.
    clock: Option<VirtualTime>,
    mailbox: Mailbox,
    admin: PgPool,
    stopped: AtomicBool,
    // Dropped after the processes that use them.
    _database: TestDatabase,
    _folder: TempDir,
}

impl ProcessPlatform {
    /// Starts the five at the virtual time `start` and returns when all of them serve. `program` is an
    /// executable that runs the service under whose name it is started (its first argument).
    pub async fn start_at(program: &Path, start: DateTime<Utc>) -> Result<Self, Failure> {
        Self::start_with(program, start, &[]).await
    }

    /// [`start_at`](Self::start_at), each process with `settings` in its environment beside the platform's own.
    pub async fn start_with(
        program: &Path,
        start: DateTime<Utc>,
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        Self::assemble(program, Some(start), settings).await
    }

    /// [`start_with`](Self::start_with), on the system's time.
    pub async fn start_in_real_time(program: &Path, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        Self::assemble(program, None, settings).await
    }

    async fn assemble(
        program: &Path,
        start: Option<DateTime<Utc>>,
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let database = TemplateSet::new(&schemas()).database().await?;
        let admin = PgPoolOptions::new()
            .max_connections(2)
            .connect(database.url())
            .await?;
        let mailbox = Mailbox::start().await?;
        let folder = tempfile::tempdir()?;
        let issuer = DevIssuer::load_or_create(&folder.path().join(KEY))?;
        let clock = start
            .map(|start| VirtualTime::begin(folder.path().join(CLOCK), start))
            .transpose()?;
        let mut shared: Vec<(String, OsString)> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.into()))
            .collect();
        shared.extend(clock.iter().flat_map(VirtualTime::settings));
        let processes = start_all(program, folder.path(), &database, &mailbox, &shared).await?;
        Ok(Self {
            channels: channels(&processes)?,
            processes,
            issuer,
            clock,
            mailbox,
            admin,
            stopped: AtomicBool::new(false),
            _database: database,
            _folder: folder,
        })
    }

    /// Somebody of `tenant` with these scopes, who calls each service in its own process.
    pub fn user(&self, tenant: &str, scopes: &str) -> Result<Tenant, Failure> {
        let spec = TokenSpec::user("tester", TenantId::parse(tenant)?, scopes);
        Ok(Tenant::new(self.channels.clone(), self.issuer.token(&spec)?))
    }

    /// The same with a token that is good from `start` on, for `ttl`.
    pub fn user_from(
        &self,
        (tenant, scopes): (&str, &str),
        start: DateTime<Utc>,
        ttl: Duration,
    ) -> Result<Tenant, Failure> {
        let spec = TokenSpec {
            ttl,
            ..TokenSpec::user("tester", TenantId::parse(tenant)?, scopes)
        };
        let token = self.issuer.token_at(&spec, start)?;
        Ok(Tenant::new(self.channels.clone(), token))
    }

    /// The mailbox that all mail goes to.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// The platform's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.as_ref().map_or_else(Utc::now, VirtualTime::now)
    }

    /// Moves the time and waits for nothing. Earlier than now is now. Fails where it is the system's.
    pub fn move_to(&self, instant: DateTime<Utc>) -> Result<(), Failure> {
        let clock = self.clock.as_ref();
        clock.ok_or("the system's time cannot be moved")?.move_to(instant)
    }

    /// Waits until everything told has been heard and nothing is due any more.
    pub async fn settle(&self) -> Result<(), Failure> {
        settle(&self.admin, &SCHEMAS, self.now(), PATIENCE).await
    }

    /// Whether there is nothing left to do at this instant.
    pub async fn is_settled(&self) -> Result<bool, Failure> {
        Ok(attune_server::is_settled(&self.admin, &SCHEMAS, self.now()).await?)
    }

    /// Lets what is going on end, moves the time, and lets what is due then end too.
    pub async fn advance_to(&self, instant: DateTime<Utc>) -> Result<(), Failure> {
        self.settle().await?;
        self.move_to(instant)?;
        self.settle().await
    }

    /// Moves the time on, rest by rest, until nothing waits for another try of what failed.
    pub async fn outwait_failures(&self) -> Result<(), Failure> {
        let resting = SCHEMAS.map(|schema| {
            format!(
                "(SELECT min(due_at) FROM {}.timer WHERE attempts > 0)",
                schema.name()
            )
        });
        let next = format!("SELECT least({})", resting.join(", "));
        let end = Instant::now() + PATIENCE;
        loop {
            self.settle().await?;
            let due: Option<DateTime<Utc>> = sqlx::query_scalar(AssertSqlSafe(next.as_str()))
                .fetch_one(&self.admin)
                .await?;
            match due {
                None => return Ok(()),
                Some(_) if Instant::now() > end => {
                    return Err(format!("something failed again and again for {PATIENCE:?}").into());
                }
                Some(due) => self.move_to(due)?,
            }
        }
    }

    /// Ends a service's process with SIGKILL.
    pub fn kill(&self, service: Schema) -> Result<(), Failure> {
        Ok(self.process(service)?.kill()?)
    }

    /// Starts a killed service again, at its old address, and returns when it serves.
    pub async fn start(&self, service: Schema) -> Result<(), Failure> {
        let process = self.process(service)?;
        for _ in 0..STARTS {
            // The port is free for us alone, but the kernel may take a moment to notice.
            if let Start::Serving = process.start().await? {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(format!("{service} ends at once, {STARTS} times").into())
    }

    /// Stops a service as an operator would, and starts `program` in its place at its address; returns when that serves.
    pub async fn replace(&self, service: Schema, program: &Path) -> Result<(), Failure> {
        let process = self.process(service)?;
        process.stop().await?;
        process.set_program(program);
        self.start(service).await
    }

    /// Starts a second process of `service` at an address of its own. The other services do not know it; what it
    /// hears and what is due it shares with the first.
    pub async fn replica(&self, service: Schema) -> Result<Replica, Failure> {
        let first = self.process(service)?;
        for attempt in 0..STARTS {
            let log = first.log().with_extension(format!("{attempt}.log"));
            let process = first.twin(ports::free()?, log)?;
            if let Start::Serving = process.start().await? {
                return Ok(Replica { process });
            }
        }
        Err(format!("a second {service} ends at once, {STARTS} times").into())
    }

    /// Somebody of `tenant` who calls `replica` for its service, and every other service in its own process.
    pub fn user_of(&self, replica: &Replica, tenant: &str, scopes: &str) -> Result<Tenant, Failure> {
        let channel = replica.process.channel().clone();
        let mut channels = self.channels.clone();
        match replica.process.service().name() {
            "profiles" => channels.profiles = channel,
            "interactions" => channels.interactions = channel,
            "feedback" => channels.feedback = channel,
            "improvement" => channels.improvement = channel,
            _ => channels.notifications = channel,
        }
        let spec = TokenSpec::user("tester", TenantId::parse(tenant)?, scopes);
        Ok(Tenant::new(channels, self.issuer.token(&spec)?))
    }

    /// A pool that sees everything, for what no API tells.
    pub fn admin(&self) -> &PgPool {
        &self.admin
    }

    fn process(&self, service: Schema) -> Result<&Process, Failure> {
        let found = self.processes.iter().find(|process| process.service() == service);
        found.ok_or_else(|| format!("there is no service {service}").into())
    }

    /// Stops the five as an operator would; fails when one does not drain.
    pub async fn stop(self) -> Result<(), Failure> {
        try_join_all(self.processes.iter().map(Process::stop)).await?;
        self.stopped.store(true, Ordering::Relaxed);
        self.admin.close().await;
        Ok(())
    }
}

/// A second process of a service; killed when dropped.
#[derive(Debug)]
pub struct Replica {
    process: Process,
}

impl Replica {
    /// Ends it with SIGKILL.
    pub fn kill(&self) -> Result<(), Failure> {
        Ok(self.process.kill()?)
    }

    /// Starts it again after it was killed, at its old address, and returns when it serves.
    pub async fn start(&self) -> Result<(), Failure> {
        match self.process.start().await? {
            Start::Serving => Ok(()),
            Start::Ended(status) => Err(format!("a replica ended with {status}").into()),
        }
    }

    /// Stops it as an operator would; fails when it does not drain.
    pub async fn stop(self) -> Result<(), Failure> {
        self.process.stop().await
    }
}

impl Drop for ProcessPlatform {
    fn drop(&mut self) {
        if *self.stopped.get_mut() {
            return;
        }
        let mut out = std::io::stderr().lock();
        for process in &self.processes {
            let text = std::fs::read_to_string(process.log()).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let end = &lines[lines.len().saturating_sub(SHOWN)..];
            let _ = writeln!(out, "--- {}\n{}", process.service(), end.join("\n"));
        }
    }
}

const KEY: &str = "issuer.pem";
const CLOCK: &str = "now";

/// Starts the five on ports that are free now, on others when somebody took one in between.
async fn start_all(
    program: &Path,
    folder: &Path,
    database: &TestDatabase,
    mailbox: &Mailbox,
    settings: &[(String, OsString)],
) -> Result<Vec<Process>, Failure> {
    let mut failed = String::new();
    for _ in 0..STARTS {
        let mut addresses = Vec::new();
        for schema in SCHEMAS {
            addresses.push((schema, ports::free()?));
        }
        let mut processes = Vec::new();
        for (schema, address) in &addresses {
            let mut environment = environment(*schema, &addresses, folder, database, mailbox)?;
            environment.extend_from_slice(settings);
            let log = folder.join(format!("{schema}.log"));
            processes.push(Process::new(*schema, *address, program, log, environment)?);
        }
        let starts = try_join_all(processes.iter().map(Process::start)).await?;
        let ended = processes
            .iter()
            .zip(starts)
            .find_map(|(process, start)| match start {
                Start::Serving => None,
                Start::Ended(status) => Some((process, status)),
            });
        let Some((process, status)) = ended else {
            return Ok(processes);
        };
        let log = std::fs::read_to_string(process.log()).unwrap_or_default();
        failed = format!("{} ended with {status}:\n{log}", process.service());
    }
    Err(failed.into())
}

/// What one service is told.
fn environment(
    service: Schema,
    addresses: &[(Schema, SocketAddr)],
    folder: &Path,
    database: &TestDatabase,
    mailbox: &Mailbox,
) -> Result<Vec<(String, OsString)>, Failure> {
    let setting = |name: &str| format!("ATTUNE_{}", name.to_uppercase());
    let mut all: Vec<(String, OsString)> = Vec::new();
    for (peer, address) in addresses {
        all.push((
            setting(&format!("{peer}_url")),
            format!("http://{address}").into(),
        ));
        if *peer == service {
            all.push((LISTEN.to_owned(), address.to_string().into()));
        }
    }
    let own = setting(&format!("{service}_database_url"));
    all.push((own, database.service_url(service)?.into()));
    all.push((setting("migrate"), "false".into()));
    all.push((setting("pool_size"), "4".into()));
    all.push((setting("dev_key_file"), folder.join(KEY).into()));
    all.push((
        setting("smtp_url"),
        format!("smtp://{}", mailbox.address()).into(),
    ));
    all.push((setting("longest_lease"), LEASE.into()));
    all.push((setting("log_format"), "json".into()));
    Ok(all)
}

fn channels(processes: &[Process]) -> Result<Channels, Failure> {
    let of = |name: &str| {
        let found = processes.iter().find(|process| process.service().name() == name);
        found
            .map(|process| process.channel().clone())
            .ok_or_else(|| format!("no process of {name}"))
    };
    Ok(Channels {
        profiles: of("profiles")?,
        interactions: of("interactions")?,
        feedback: of("feedback")?,
        improvement: of("improvement")?,
        notifications: of("notifications")?,
    })
}
