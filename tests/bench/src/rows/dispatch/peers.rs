//! Queues that others made, which hand the same mails over.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use attune_mailbox::Mailbox;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::process::Command;
use tokio::sync::Mutex;

use super::few::{Few, TEN};
use super::{Notifications, count};
use crate::cpu::{self, Cpu};
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::MAINTENANCE;
use crate::process::Process;
use crate::stage::Stage;

/// A queue that is installed into the target folder when it is first measured, at a pinned version.
#[derive(Clone, Copy, Debug)]
enum Peer {
    GraphileWorker,
    PgBoss,
    Procrastinate,
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::GraphileWorker => "graphile-worker",
            Self::PgBoss => "pg-boss",
            Self::Procrastinate => "procrastinate",
        }
    }

    /// The program that runs it, and the script.
    fn command(self, peers: &Path) -> (PathBuf, PathBuf) {
        match self {
            Self::GraphileWorker => ("node".into(), peers.join("graphile-worker.mjs")),
            Self::PgBoss => ("node".into(), peers.join("pg-boss.mjs")),
            Self::Procrastinate => (
                peers.join("venv/bin/python"),
                peers.join("procrastinate_worker.py"),
            ),
        }
    }
}

/// Installs the peers into `target/bench-peers`, with npm and pip; nothing when they are there.
async fn install(target: &Path) -> anyhow::Result<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let folder = target.join("bench-peers");
    std::fs::create_dir_all(&folder)?;
    let mut changed = !folder.join("installed").exists();
    for entry in std::fs::read_dir(&sources)? {
        let entry = entry?;
        let (text, place) = (std::fs::read(entry.path())?, folder.join(entry.file_name()));
        let listed =
            [OsStr::new("package.json"), OsStr::new("requirements.txt")].contains(&&*entry.file_name());
        changed |= listed && std::fs::read(&place).ok().as_ref() != Some(&text);
        std::fs::write(place, text)?;
    }
    if changed {
        finish(&folder, "npm", &["install", "--no-audit", "--no-fund"]).await?;
        finish(&folder, "python3", &["-m", "venv", "venv"]).await?;
        finish(
            &folder,
            "venv/bin/pip",
            &["install", "--quiet", "--requirement", "requirements.txt"],
        )
        .await?;
        std::fs::write(folder.join("installed"), "")?;
    }
    Ok(folder)
}

async fn finish(folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    // A program below the folder is given by its path, because it is looked for before the folder is entered.
    let path = if program.contains('/') {
        folder.join(program)
    } else {
        program.into()
    };
    let output = Command::new(path)
        .args(arguments)
        .current_dir(folder)
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("{program} cannot be run"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{program} {}: {said}",
        arguments.join(" ")
    );
    Ok(())
}

/// A peer with its jobs.
struct Queue<'a> {
    peer: Peer,
    peers: &'a Path,
    environment: Vec<(String, String)>,
    databases: Databases,
    waiting: u32,
    /// Whether as many wait all the time, because a job queues another when it is done.
    kept: bool,
    folder: PathBuf,
    sink: &'a Mailbox,
    postmaster: u32,
}

/// Where a peer's jobs are. It is filled once: filling takes longer than measuring, and each run begins with a copy.
struct Databases {
    filled: String,
    filled_url: String,
    is_filled: bool,
    /// The copy.
    used: String,
    used_url: String,
    /// Where both are made, for the administrator.
    maintenance_url: String,
    filled_admin_url: String,
}

impl Databases {
    fn new(stage: &Stage, name: &str) -> anyhow::Result<Self> {
        let (filled, used) = (format!("{name}_filled"), format!("{name}_used"));
        Ok(Self {
            filled_url: stage.postgres.libpq_url(&filled),
            filled_admin_url: stage.postgres.url(&filled)?,
            used_url: stage.postgres.libpq_url(&used),
            maintenance_url: stage.postgres.url(MAINTENANCE)?,
            is_filled: false,
            filled,
            used,
        })
    }

    async fn copy(&self) -> anyhow::Result<()> {
        let Self { filled, used, .. } = self;
        execute(
            &self.maintenance_url,
            &[
                format!("DROP DATABASE IF EXISTS {used} WITH (FORCE)"),
                format!("CREATE DATABASE {used} TEMPLATE {filled} STRATEGY file_copy"),
                "CHECKPOINT".to_owned(),
            ],
        )
        .await
    }
}

async fn execute(url: &str, statements: &[String]) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    for statement in statements {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.clone()));
        statement.execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

impl Queue<'_> {
    fn command(&self) -> (PathBuf, String) {
        let (program, script) = self.peer.command(self.peers);
        (program, script.to_string_lossy().into_owned())
    }

    fn environment(&self, database: &str) -> Vec<(String, String)> {
        let mut all = self.environment.clone();
        all.push(("DATABASE_URL".to_owned(), database.to_owned()));
        all
    }

    /// Has its jobs wait, and takes the statistics that autovacuum takes within a minute.
    async fn fill(&self) -> anyhow::Result<()> {
        let create = format!("CREATE DATABASE {}", self.databases.filled);
        execute(&self.databases.maintenance_url, &[create]).await?;
        let (program, script) = self.command();
        let waiting = self.waiting.to_string();
        let mut command = Command::new(program);
        command.args([script.as_str(), "fill", waiting.as_str()]);
        command.envs(self.environment(&self.databases.filled_url));
        let output = command.kill_on_drop(true).output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        let name = self.peer.name();
        ensure!(output.status.success(), "{name} cannot be filled: {said}");
        execute(&self.databases.filled_admin_url, &["VACUUM ANALYZE".to_owned()]).await
    }
}

#[async_trait]
impl Side for Queue<'_> {
    fn name(&self) -> String {
        self.peer.name().to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        if !self.databases.is_filled {
            self.fill().await?;
            self.databases.is_filled = true;
        }
        self.databases.copy().await?;
        self.sink.clear();
        Ok(())
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let (program, script) = self.command();
        let (mode, waiting) = if self.kept {
            ("keep", u32::MAX)
        } else {
            ("work", self.waiting)
        };
        let arguments = [script, mode.to_owned()];
        let name = self.peer.name();
        let environment = self.environment(&self.databases.used_url);
        let process = Process::start(name, &program, &arguments, &environment, &self.folder)?;
        let readings = || Cpu {
            generator: cpu::own(),
            servers: cpu::of_tree(process.pid()),
            postgres: cpu::of_tree(self.postmaster),
        };
        count(self.sink, waiting, timed, &readings).await.context(name)
    }
}

/// What all peers are told.
struct Workplace {
    peers: PathBuf,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    postmaster: u32,
}

impl Workplace {
    async fn new(stage: &Stage, sink: &Mailbox) -> anyhow::Result<Self> {
        let environment = [
            ("SINK_URL", sink.webhook_url()),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("NODE_ENV", "production".to_owned()),
        ];
        Ok(Self {
            peers: install(&stage.target()).await?,
            environment: environment.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            folder: stage.folder().to_owned(),
            postmaster: stage.postgres.postmaster,
        })
    }

    fn queues<'a>(
        &'a self,
        stage: &Stage,
        sink: &'a Mailbox,
        (waiting, kept): (u32, bool),
    ) -> anyhow::Result<Vec<Queue<'a>>> {
        let peers = [Peer::GraphileWorker, Peer::PgBoss, Peer::Procrastinate];
        let queue = |peer: Peer| {
            let name = format!("{}_{waiting}", peer.name().replace('-', "_"));
            Ok(Queue {
                peer,
                peers: &self.peers,
                environment: self.environment.clone(),
                databases: Databases::new(stage, &name)?,
                waiting,
                kept,
                folder: self.folder.clone(),
                sink,
                postmaster: self.postmaster,
            })
        };
        peers.into_iter().map(queue).collect()
    }
}

/// Beside the peers, ten waiting all the time.
pub(super) async fn with_ten(
    stage: &mut Stage,
    plan: &Plan,
    sink: &Arc<Mailbox>,
) -> anyhow::Result<Vec<Comparison>> {
    let workplace = Workplace::new(stage, sink).await?;
    let queues = workplace.queues(stage, sink, (TEN, true))?;
    let stage = Mutex::new(stage);
    beside(plan, TEN, &mut Few::new(&stage, sink), queues).await
}

/// Beside the peers, each with `waiting` waiting at first.
pub(super) async fn with_many(
    stage: &mut Stage,
    plan: &Plan,
    sink: &Mailbox,
    waiting: u32,
) -> anyhow::Result<Vec<Comparison>> {
    let workplace = Workplace::new(stage, sink).await?;
    let queues = workplace.queues(stage, sink, (waiting, false))?;
    let mut ours = Notifications {
        stage: &Mutex::new(stage),
        sink,
        waiting,
        kept: false,
    };
    beside(plan, waiting, &mut ours, queues).await
}

async fn beside(
    plan: &Plan,
    waiting: u32,
    ours: &mut dyn Side,
    mut queues: Vec<Queue<'_>>,
) -> anyhow::Result<Vec<Comparison>> {
    let mut partners: Vec<&mut dyn Side> = queues.iter_mut().map(|queue| queue as &mut dyn Side).collect();
    let row = Row {
        work: format!("dispatch over HTTP, {waiting} waiting (the best partner counts)"),
        unit: "mails/s",
        aim: Aim::AtLeast(2.0),
    };
    compare(plan, row, ours, &mut partners).await
}
