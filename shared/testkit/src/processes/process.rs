//! One service in a process of its own.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use attune_database::Schema;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tonic::transport::{Channel, Endpoint};
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::Failure;

/// How long a process may take to serve, and to end when it is asked to.
const PATIENCE: Duration = Duration::from_mins(1);
/// The setting that says where a process listens.
pub(super) const LISTEN: &str = "ATTUNE_LISTEN";
const POLL: Duration = Duration::from_millis(10);

/// What a start came to.
#[derive(Debug)]
pub(super) enum Start {
    /// The process says that it serves.
    Serving,
    /// It ended before; most often because somebody else had taken its port.
    Ended(ExitStatus),
}

/// A service that can be started, killed and started again at the same address. Killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    service: Schema,
    program: Mutex<PathBuf>,
    environment: Vec<(String, OsString)>,
    log: PathBuf,
    channel: Channel,
    child: Mutex<Option<Child>>,
}

impl Process {
    /// Not started yet. `program` runs the service whose name it is started under.
    pub(super) fn new(
        service: Schema,
        address: SocketAddr,
        program: &Path,
        log: PathBuf,
        environment: Vec<(String, OsString)>,
    ) -> Result<Self, Failure> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect_lazy();
        let program = Mutex::new(program.to_owned());
        Ok(Self {
            service,
            program,
            environment,
            log,
            channel,
            child: Mutex::default(),
        })
    }

    /// The same service once more, at `address`; not started yet.
    pub(super) fn twin(&self, address: SocketAddr, log: PathBuf) -> Result<Self, Failure> {
        let mut environment = self.environment.clone();
        for (name, value) in &mut environment {
            if name == LISTEN {
                *value = address.to_string().into();
            }
        }
        Self::new(self.service, address, &self.program(), log, environment)
    }

    fn program(&self) -> PathBuf {
        self.program
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What is run from the next start on.
    pub(super) fn set_program(&self, program: &Path) {
        program.clone_into(&mut self.program.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn service(&self) -> Schema {
        self.service
    }

    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Where it writes what it has to say; kept over a restart.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Starts it and waits until it serves or ends.
    pub(super) async fn start(&self) -> Result<Start, Failure> {
        self.launch()?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.ended()? {
                return Ok(Start::Ended(status));
            }
            if self.serves().await {
                return Ok(Start::Serving);
            }
            tokio::time::sleep(POLL).await;
        }
        Err(format!("{} does not serve after {PATIENCE:?}", self.service).into())
    }

    fn launch(&self) -> Result<(), Failure> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let child = Command::new(self.program())
            .arg0(self.service.name())
            // Nothing of the tester's own settings.
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        Ok(())
    }

    fn ended(&self) -> Result<Option<ExitStatus>, Failure> {
        match &mut *self.child.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(child) => Ok(child.try_wait()?),
            None => Err(format!("{} was not started", self.service).into()),
        }
    }

    async fn serves(&self) -> bool {
        let check = HealthCheckRequest {
            service: String::new(),
        };
        let answer = HealthClient::new(self.channel.clone()).check(check).await;
        answer.is_ok_and(|answer| answer.into_inner().status == ServingStatus::Serving as i32)
    }

    /// Ends it with SIGKILL: nothing of it has a moment left.
    pub(super) fn kill(&self) -> std::io::Result<()> {
        match self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(mut child) => {
                child.kill()?;
                child.wait().map(drop)
            }
            None => Ok(()),
        }
    }

    /// Asks it to end with SIGTERM, and waits until it has drained.
    pub(super) async fn stop(&self) -> Result<(), Failure> {
        let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM)?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            match child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("{} ended with {status}", self.service).into()),
                None => tokio::time::sleep(POLL).await,
            }
        }
        child.kill()?;
        child.wait()?;
        Err(format!("{} did not drain within {PATIENCE:?}", self.service).into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // There is nobody left to tell; a process that is gone already is what was wanted.
        let _ = self.kill();
    }
}
