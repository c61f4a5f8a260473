//! Queues that others made, which hand the same mails over.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use attune_mailbox::Mailbox;
use tokio::process::Command;
use tokio::sync::Mutex;

use super::{Notifications, count};
use crate::cpu::{self, Cpu};
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::PARTNER;
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
    waiting: u32,
    folder: PathBuf,
    sink: &'a Mailbox,
    postmaster: u32,
}

impl Queue<'_> {
    fn command(&self) -> (PathBuf, String) {
        let (program, script) = self.peer.command(self.peers);
        (program, script.to_string_lossy().into_owned())
    }
}

#[async_trait]
impl Side for Queue<'_> {
    fn name(&self) -> String {
        self.peer.name().to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        let (program, script) = self.command();
        let waiting = self.waiting.to_string();
        let mut command = Command::new(program);
        command.args([script.as_str(), "fill", waiting.as_str()]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.kill_on_drop(true).output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{} cannot be filled: {said}",
            self.peer.name()
        );
        self.sink.clear();
        Ok(())
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let (program, script) = self.command();
        let arguments = [script, "work".to_owned()];
        let name = self.peer.name();
        let process = Process::start(name, &program, &arguments, &self.environment, &self.folder)?;
        let readings = || Cpu {
            generator: cpu::own(),
            servers: cpu::of_tree(process.pid()),
            postgres: cpu::of_tree(self.postmaster),
        };
        count(self.sink, self.waiting, timed, &readings)
            .await
            .context(name)
    }
}

/// Beside the peers, each with `waiting` waiting.
pub(super) async fn measure(
    stage: &mut Stage,
    plan: &Plan,
    sink: &Mailbox,
    waiting: u32,
) -> anyhow::Result<Vec<Comparison>> {
    let peers = install(&stage.target()).await?;
    let environment: Vec<(String, String)> = [
        ("DATABASE_URL", stage.postgres.libpq_url(PARTNER)),
        ("SINK_PORT", sink.address().port().to_string()),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("NODE_ENV", "production".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    let (folder, postmaster) = (stage.folder().to_owned(), stage.postgres.postmaster);
    let queue = |peer| Queue {
        peer,
        peers: &peers,
        environment: environment.clone(),
        waiting,
        folder: folder.clone(),
        sink,
        postmaster,
    };
    let mut queues = [Peer::GraphileWorker, Peer::PgBoss, Peer::Procrastinate].map(queue);
    let mut partners: Vec<&mut dyn Side> = queues.iter_mut().map(|queue| queue as &mut dyn Side).collect();
    let row = Row {
        work: format!("dispatch to SMTP, {waiting} waiting (the best partner counts)"),
        unit: "mails/s",
        aim: Aim::AtLeast(2.0),
    };
    let mut ours = Notifications {
        stage: &Mutex::new(stage),
        sink,
        waiting,
        kept: false,
    };
    compare(plan, row, &mut ours, &mut partners).await
}
