//! Messages that wait, handed over to a mail server, beside queues that do the same from the same Postgres.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use attune_mailbox::{Limits, Mailbox};
use tokio::process::Command;

use crate::cpu::{self, Cpu};
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::{OURS, PARTNER};
use crate::process::Process;
use crate::stage::Stage;

/// Messages waiting at the start of each run.
const WAITING: u32 = 100_000;
const WAITING_QUICK: u32 = 2_000;
/// Mails after which a worker is warm and the clock begins.
const WARM: u64 = 200;
/// Filling takes longer than measuring, so there are no more pairs than these.
const MOST_PAIRS: usize = 3;
const PATIENCE: Duration = Duration::from_mins(1);

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

/// Waits until work has begun, and then counts mails for `timed` or until none waits. `cpu` reads what all cost.
async fn count(
    sink: &Mailbox,
    waiting: u32,
    timed: Duration,
    cpu: &(dyn Fn() -> Cpu + Sync),
) -> anyhow::Result<Sample> {
    if !arrived(sink, WARM, Instant::now() + PATIENCE).await {
        bail!("{} of {WARM} mails arrived within {PATIENCE:?}", sink.count());
    }
    let (first, before, began) = (sink.count(), cpu(), Instant::now());
    arrived(sink, waiting.into(), began + timed).await;
    let (mails, took) = (sink.count() - first, began.elapsed());
    Ok(Sample {
        value: mails as f64 / took.as_secs_f64(),
        latencies: None,
        cpu: cpu().since(before),
    })
}

/// Whether `mails` arrive until `end`.
async fn arrived(sink: &Mailbox, mails: u64, end: Instant) -> bool {
    while sink.count() < mails {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    true
}

struct Notifications<'a> {
    stage: &'a mut Stage,
    sink: &'a Mailbox,
    waiting: u32,
}

#[async_trait]
impl Side for Notifications<'_> {
    fn name(&self) -> String {
        "notifications".to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        self.stage.stop_services().await?;
        let subject_and_body = r#"{"subject": "News of your order", "body": "Your parcel is on its way."}"#;
        let statements = format!(
            "TRUNCATE notifications.message, notifications.decision, notifications.timer, notifications.outbox;
             INSERT INTO notifications.message (created_at, message_id, tenant_id, channel, purpose, origin_kind,
                 origin_id, occasion, recipient, state, variables, content)
             SELECT now(), md5('mail' || n)::uuid, 'bench', 'email', 'service', 'api', n::text, '',
                    'person' || n || '@example.com', 'queued', '{{}}', '{subject_and_body}'
             FROM generate_series(1, {waiting}) AS n;
             INSERT INTO notifications.timer (due_at, subject, tenant_id, kind)
             SELECT now(), md5('mail' || n)::uuid, 'bench', 'notifications.delivery'
             FROM generate_series(1, {waiting}) AS n;
             ANALYZE notifications.message;
             ANALYZE notifications.timer",
            waiting = self.waiting
        );
        self.stage.postgres.run(OURS, &statements).await?;
        self.stage.postgres.checkpoint().await?;
        self.sink.clear();
        Ok(())
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        self.stage.mail = format!("smtp://{}", self.sink.address());
        self.stage.run_only(&["notifications"]).await?;
        let stage: &Stage = self.stage;
        let sample = count(self.sink, self.waiting, timed, &|| stage.cpu()).await?;
        self.stage.stop_services().await?;
        Ok(sample)
    }
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

/// Measures how fast messages leave with many waiting.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    let waiting = if plan.quick { WAITING_QUICK } else { WAITING };
    let peers = install(&stage.target()).await?;
    let limits = Limits {
        mails: 1,
        ..Limits::default()
    };
    let sink = Mailbox::listen(([127, 0, 0, 1], 0).into(), limits).await?;
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
        sink: &sink,
        postmaster,
    };
    let mut queues = [Peer::GraphileWorker, Peer::PgBoss, Peer::Procrastinate].map(queue);
    let mut partners: Vec<&mut dyn Side> = queues.iter_mut().map(|queue| queue as &mut dyn Side).collect();
    let row = Row {
        work: format!("dispatch to SMTP, {waiting} waiting (the best partner counts)"),
        unit: "mails/s",
        aim: Aim::AtLeast(2.0),
    };
    let plan = Plan {
        pairs: plan.pairs.min(MOST_PAIRS),
        ..*plan
    };
    let mut ours = Notifications {
        stage,
        sink: &sink,
        waiting,
    };
    compare(&plan, row, &mut ours, &mut partners).await
}
