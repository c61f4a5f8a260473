//! Programs that the run starts and ends.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long a program may take to be ready, and to end when asked.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(1);

/// A running program; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    began: Instant,
}

impl Process {
    /// Starts `program` with nothing of this process's environment but `environment`; what it says goes to
    /// `<name>.log` in `folder`.
    pub(crate) fn start(
        name: &str,
        program: &Path,
        arguments: &[String],
        environment: &[(String, String)],
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join(format!("{name}.log")))?;
        let began = Instant::now();
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            began,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it answers `GET path` on `address` with 200; the time since its start.
    pub(crate) async fn ready(&mut self, address: SocketAddr, path: &str) -> anyhow::Result<Duration> {
        while self.began.elapsed() < PATIENCE {
            if says_yes(address, path).await.unwrap_or(false) {
                return Ok(self.began.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status}; see its log", self.name);
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("{} is not ready after {PATIENCE:?}; see its log", self.name)
    }

    /// Waits until somebody listens on `address`; the time since its start.
    pub(crate) async fn listens(&mut self, address: SocketAddr) -> anyhow::Result<Duration> {
        while self.began.elapsed() < PATIENCE {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(self.began.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status}; see its log", self.name);
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("{} does not listen after {PATIENCE:?}; see its log", self.name)
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(i32::try_from(self.pid())?), Signal::SIGTERM)?;
        let end = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > end {
                bail!("{} does not end after {PATIENCE:?}", self.name);
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn says_yes(address: SocketAddr, path: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    Ok(answer.ends_with(b" 200"))
}

/// A loopback address that is free at this moment.
pub(crate) fn free() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
