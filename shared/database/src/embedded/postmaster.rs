//! The server's process: found, started, awaited, stopped.

use std::fs::{self, File};
use std::net::TcpListener;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use process_wrap::std::{ChildWrapper, CommandWrap, ProcessSession};

use super::account::Account;
use super::binaries::Binaries;
use super::layout::Layout;
use super::{EmbeddedError, Options};

/// How long a server may take to become ready; recovery after a crash is part of it.
const START_DEADLINE: Duration = Duration::from_mins(2);

/// How long a server may take to write everything and end.
const STOP_DEADLINE: Duration = Duration::from_mins(1);

/// Between two looks at a server that is starting or stopping.
const LOOK: Duration = Duration::from_millis(5);

/// The port in a socket's name where no TCP port was asked for.
const SOCKET_PORT: u16 = 5432;

/// What a server for tests does without.
pub(crate) const WITHOUT_DURABILITY: [&str; 5] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
];

/// What `postmaster.pid` says (`src/include/utils/pidfile.h` of Postgres): one fact a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Postmaster {
    pid: i32,
    port: Option<u16>,
    ready: bool,
}

impl Postmaster {
    fn read(layout: &Layout) -> Option<Self> {
        Self::parse(&fs::read_to_string(layout.data().join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let line = |index| text.lines().nth(index).map(str::trim);
        Some(Self {
            pid: line(0)?.parse().ok().filter(|pid| *pid > 0)?,
            port: line(3).and_then(|port| port.parse().ok()),
            ready: line(7) == Some("ready"),
        })
    }

    /// A server that this process started and that has ended is a process still, until its end is asked for.
    fn is_alive(&self) -> bool {
        let pid = Pid::from_raw(self.pid);
        match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => true,
            Ok(_) => false,
            Err(_) => !matches!(kill(pid, None), Err(Errno::ESRCH)),
        }
    }
}

/// The running server of `layout`. The note of one that died stays, because the next server reads in it
/// whether remains of the last still hold the data; unless its number belongs to another program by now,
/// which would keep Postgres from starting for ever.
pub(crate) fn running(layout: &Layout) -> Result<Option<Postmaster>, EmbeddedError> {
    let Some(postmaster) = Postmaster::read(layout) else {
        return Ok(None);
    };
    if !postmaster.is_alive() {
        return Ok(None);
    }
    if command_line(postmaster.pid).contains(&*layout.data().to_string_lossy()) {
        return Ok(Some(postmaster));
    }
    let note = layout.data().join("postmaster.pid");
    fs::remove_file(&note).map_err(|source| EmbeddedError::file(&note, source))?;
    Ok(None)
}

/// The command a process was started with; empty when there is no telling.
fn command_line(pid: i32) -> String {
    if let Ok(bytes) = fs::read(format!("/proc/{pid}/cmdline")) {
        return String::from_utf8_lossy(&bytes).replace('\0', " ");
    }
    let output = Command::new("ps")
        .args(["-o", "command=", "-p"])
        .arg(pid.to_string())
        .output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

/// The server's settings for `options`, one a line; a server with other ones is another server.
pub(crate) fn settings(options: &Options) -> Vec<String> {
    let mut settings = vec![
        format!("max_connections={}", options.max_connections),
        "unix_socket_permissions=0700".to_owned(),
        "log_min_messages=warning".to_owned(),
        "log_checkpoints=off".to_owned(),
        "timezone=UTC".to_owned(),
        format!("listen_addresses={}", if options.tcp { "127.0.0.1" } else { "" }),
    ];
    if !options.durable {
        settings.extend(WITHOUT_DURABILITY.map(str::to_owned));
    }
    settings
}

/// Starts the server and waits until it accepts connections.
///
/// Backends of a server that was killed hold the shared memory for a moment longer; Postgres refuses to
/// start beside them, so that is tried again until they are gone.
pub(crate) fn start(
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
    settings: &[String],
) -> Result<(), EmbeddedError> {
    layout.save_settings(settings)?;
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        let mut child = spawn(layout, account, binaries, settings)?;
        match wait_until_ready(layout, Some(&mut *child)) {
            Ok(()) => return Ok(()),
            Err(EmbeddedError::Start { lines, .. })
                if lines.contains("shared memory block") && Instant::now() < deadline =>
            {
                sleep(LOOK);
            }
            Err(error) => {
                // It ended by itself or never got ready; nothing of it may stay behind.
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        }
    }
}

fn spawn(
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
    settings: &[String],
) -> Result<Box<dyn ChildWrapper>, EmbeddedError> {
    let log = layout.log();
    let failed = |source| EmbeddedError::file(&log, source);
    let output = File::create(&log).map_err(failed)?;
    let errors = output.try_clone().map_err(failed)?;
    let tcp = settings
        .iter()
        .any(|setting| setting == "listen_addresses=127.0.0.1");
    let port = if tcp {
        free_port().map_err(failed)?
    } else {
        SOCKET_PORT
    };
    let mut command = account.command(&binaries.postgres());
    command
        .current_dir("/")
        .stdout(output)
        .stderr(errors)
        .arg("-D")
        .arg(layout.data())
        .arg("-k")
        .arg(&layout.socket)
        .args(["-p", &port.to_string()]);
    for setting in settings {
        command.args(["-c", setting]);
    }
    // A session of its own: an interrupt at the terminal is for us, who then stop it in order; and other
    // processes may be using it when our session is killed.
    CommandWrap::from(command)
        .wrap(ProcessSession)
        .spawn()
        .map_err(|source| EmbeddedError::file(&binaries.postgres(), source))
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Waits until the server says that it is ready, or has ended, or its time is over.
pub(crate) fn wait_until_ready(
    layout: &Layout,
    mut child: Option<&mut dyn ChildWrapper>,
) -> Result<(), EmbeddedError> {
    let deadline = Instant::now() + START_DEADLINE;
    let own = child.as_ref().and_then(|child| i32::try_from(child.id()).ok());
    while Instant::now() < deadline {
        let ended = match child.as_mut() {
            Some(child) => child.try_wait().is_ok_and(|status| status.is_some()),
            None => running(layout)?.is_none(),
        };
        if ended {
            break;
        }
        // The note may still be the one of the server before.
        if Postmaster::read(layout).is_some_and(|found| found.ready && own.is_none_or(|pid| pid == found.pid))
        {
            return Ok(());
        }
        sleep(LOOK);
    }
    Err(EmbeddedError::Start {
        log: layout.log(),
        lines: end_of_log(layout),
    })
}

fn end_of_log(layout: &Layout) -> String {
    let text = fs::read_to_string(layout.log()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("; ")
}

/// The port in the name of the running server's socket, and of loopback where it listens there.
pub(crate) fn port(layout: &Layout) -> Result<u16, EmbeddedError> {
    Postmaster::read(layout)
        .and_then(|postmaster| postmaster.port)
        .ok_or_else(|| EmbeddedError::Start {
            log: layout.log(),
            lines: end_of_log(layout),
        })
}

/// Stops the running server, if there is one: ends its connections, writes everything, waits for its end.
/// One that takes too long is stopped at once and recovers at its next start.
pub(crate) fn stop(layout: &Layout) -> Result<(), EmbeddedError> {
    let Some(postmaster) = running(layout)? else {
        return Ok(());
    };
    for signal in [Signal::SIGINT, Signal::SIGQUIT] {
        // Removing its note is the last thing a server does.
        if ends(&postmaster, signal, || Postmaster::read(layout).is_none()) {
            return Ok(());
        }
    }
    Err(EmbeddedError::Stop { pid: postmaster.pid })
}

/// Ends the running server, if there is one, at once: its data stays as it is, and the next start recovers.
pub(crate) fn crash(layout: &Layout) -> Result<(), EmbeddedError> {
    match running(layout)? {
        Some(postmaster) if !ends(&postmaster, Signal::SIGQUIT, || false) => {
            Err(EmbeddedError::Stop { pid: postmaster.pid })
        }
        _ => Ok(()),
    }
}

/// Sends `signal` and waits until the server is `gone` or its process has ended, within [`STOP_DEADLINE`].
fn ends(postmaster: &Postmaster, signal: Signal, gone: impl Fn() -> bool) -> bool {
    // Fails only for a process that has ended, which is seen below.
    let _ = kill(Pid::from_raw(postmaster.pid), signal);
    let deadline = Instant::now() + STOP_DEADLINE;
    while Instant::now() < deadline {
        if !postmaster.is_alive() || gone() {
            return true;
        }
        sleep(LOOK);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_of_a_server_is_read() {
        let note = "4711\n/srv/pg/data\n1764000000\n54321\n/srv/pg/socket\n127.0.0.1\n  1234  5\nready   \n";
        let expected = Postmaster {
            pid: 4711,
            port: Some(54321),
            ready: true,
        };
        assert_eq!(Postmaster::parse(note), Some(expected));
    }

    #[test]
    fn a_server_that_is_starting_is_not_ready() {
        let starting = Postmaster::parse("4711\n/srv/pg/data\n1764000000\n5432\n").unwrap();
        assert!(!starting.ready);
        assert_eq!(Postmaster::parse(""), None);
        assert_eq!(Postmaster::parse("-1\n"), None);
    }

    #[test]
    fn a_server_without_fsync_is_another_than_a_durable_one() {
        let durable = Options::at("/srv/pg");
        let fast = Options {
            durable: false,
            ..durable.clone()
        };
        assert_ne!(settings(&durable), settings(&fast));
        assert!(!settings(&durable).iter().any(|setting| setting.contains("fsync")));
    }
}
