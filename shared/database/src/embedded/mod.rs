//! A Postgres of one's own, for a laptop and for tests, on the machine's server binaries.
//!
//! The crates that embed Postgres refuse to run as root, and containers often are. This one gives the
//! server an unprivileged account there. A server belongs to its directory and not to a process: every
//! process that starts one on the same directory shares it, the last to leave stops it, and one whose
//! owner was killed is found again.

mod account;
mod binaries;
mod cluster;
#[cfg(feature = "containers")]
mod container;
#[cfg(feature = "download")]
mod download;
mod error;
mod layout;
mod postmaster;
mod shared;
mod standby;
mod tcp;

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use crate::Schema;
use account::Account;
use binaries::{Binaries, Places};
use layout::{Layout, exclusive};

pub use error::EmbeddedError;
pub use shared::{TestServer, shared_for_tests};

/// The administrator that every embedded server is made with.
const SUPERUSER: &str = "postgres";

/// How an embedded server is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where its data, its socket and its log are. Made when missing; may be empty.
    pub directory: PathBuf,
    /// Whether a commit survives a power cut. Without it everything is several times faster and a crash of
    /// the machine may cost the whole directory: for tests only.
    pub durable: bool,
    /// Most connections at once, over all services and tools.
    pub max_connections: u32,
    /// Whether tools may connect over loopback, on a free port and with a password; see [`Server::tcp_url`].
    pub tcp: bool,
    /// Whether the server stays when the last process that uses it ends.
    pub keep_running: bool,
}

impl Options {
    /// A durable server in `directory`, for 100 connections over its socket alone.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            durable: true,
            max_connections: 100,
            tcp: false,
            keep_running: false,
        }
    }

    /// The same in the place for a user's durable state: `$XDG_STATE_HOME/attune/postgres`, or below
    /// `~/.local/state`; for root `/var/lib/attune/postgres`, because root's home is closed to the account
    /// that the server runs under.
    pub fn in_state_directory() -> Result<Self, EmbeddedError> {
        Ok(Self::at(account::state_directory()?.join("postgres")))
    }
}

/// A running embedded server. Dropping it stops the server as [`Server::stop`] does, as far as that goes
/// without reporting failure.
#[derive(Debug)]
pub struct Server {
    held: Option<Held>,
    socket: PathBuf,
    port: u16,
    tcp_password: Option<String>,
}

/// What a process holds while it uses the server.
#[derive(Debug)]
struct Held {
    layout: Layout,
    /// Locked in common by every process that uses the server; the lock ends with the process, however it ends.
    users: File,
    keep_running: bool,
}

impl Server {
    /// Finds the running server of the directory, or starts one: with the binaries in `PG_BIN`, on `PATH`
    /// or in the usual places, and where there are none, with downloaded ones. Returns when it accepts
    /// connections.
    ///
    /// A running one that has other settings is replaced, unless another process uses it.
    pub async fn start(options: Options) -> Result<Self, EmbeddedError> {
        match Self::start_installed(options.clone(), Places::of_machine()).await {
            Err(EmbeddedError::NoBinaries) => Self::start_downloaded(options).await,
            outcome => outcome,
        }
    }

    /// [`start`](Self::start) with binaries found in `places` only.
    async fn start_installed(options: Options, places: Places) -> Result<Self, EmbeddedError> {
        let (account, layout) = prepared(&options)?;
        let wanted = layout.major_version();
        let binaries = in_background(move || Binaries::find(&places, wanted)).await?;
        Self::start_with(options, layout, account, binaries).await
    }

    /// [`start`](Self::start) with downloaded binaries.
    #[cfg(feature = "download")]
    async fn start_downloaded(options: Options) -> Result<Self, EmbeddedError> {
        let (account, layout) = prepared(&options)?;
        match layout.major_version() {
            Some(major) if major != download::MAJOR => Err(EmbeddedError::OtherVersion { major }),
            _ => Self::start_with(options, layout, account, download::binaries().await?).await,
        }
    }

    /// Nothing is downloaded by a program that was built without that.
    #[cfg(not(feature = "download"))]
    async fn start_downloaded(_: Options) -> Result<Self, EmbeddedError> {
        Err(EmbeddedError::NoBinaries)
    }

    async fn start_with(
        options: Options,
        layout: Layout,
        account: Account,
        binaries: Binaries,
    ) -> Result<Self, EmbeddedError> {
        let tcp = options.tcp;
        let server = in_background(move || start(&options, layout, account, &binaries)).await?;
        if tcp {
            tcp::set_password(server).await
        } else {
            Ok(server)
        }
    }

    /// The administrator's URL of the database `postgres`, over the socket.
    pub fn url(&self) -> String {
        self.url_as(SUPERUSER)
    }

    /// The URL with which the service that owns `schema` logs in, once [`migrate`](crate::migrate) has
    /// made its role.
    pub fn service_url(&self, schema: Schema) -> String {
        self.url_as(&schema.role())
    }

    /// The administrator's URL over loopback, where [`Options::tcp`] asked for one. Holds the password.
    pub fn tcp_url(&self) -> Option<String> {
        let password = self.tcp_password.as_ref()?;
        Some(format!(
            "postgres://{SUPERUSER}:{password}@127.0.0.1:{}/postgres",
            self.port
        ))
    }

    /// Stops the server and waits until it has written everything; leaves it running where other
    /// processes use it still.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        match self.held.take() {
            Some(held) => in_background(move || held.leave()).await,
            None => Ok(()),
        }
    }

    /// Ends the server at once and under whatever it is doing, without a checkpoint (what Postgres calls an
    /// immediate stop), whoever uses it: for tests of what outlives that. The next [`Server::start`] on its
    /// directory recovers, and finds it at the same URLs unless [`Options::tcp`] was set.
    pub async fn crash(&self) -> Result<(), EmbeddedError> {
        match &self.held {
            Some(held) => {
                let layout = held.layout.clone();
                in_background(move || postmaster::crash(&layout)).await
            }
            None => Ok(()),
        }
    }

    /// Starts a standby of this server with `options`, on a directory without data: a copy that follows it by streaming
    /// replication and answers reads. `SELECT pg_promote()` on it makes it a server of its own. It takes part in no
    /// commit unless this server's `synchronous_standby_names` says so.
    pub async fn standby(&self, options: Options) -> Result<Self, EmbeddedError> {
        let (account, layout) = prepared(&options)?;
        let (socket, port) = (self.socket.clone(), self.port);
        let major = self.held.as_ref().and_then(|held| held.layout.major_version());
        in_background(move || {
            layout.prepare(&account)?;
            let _one_at_a_time = exclusive(&layout.lock_file())?;
            let binaries = Binaries::find(&Places::of_machine(), major)?;
            standby::copy((&socket, port), &layout, &account, &binaries)
        })
        .await?;
        Self::start(options).await
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.socket.join(format!(".s.PGSQL.{}", self.port))
    }

    fn url_as(&self, user: &str) -> String {
        let socket = percent_encoded(&self.socket.to_string_lossy());
        format!(
            "postgres://{user}@localhost/postgres?host={socket}&port={}",
            self.port
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(held) = self.held.take()
            && !held.keep_running
            && let Err(error) = held.leave()
        {
            tracing::warn!(%error, "embedded Postgres not stopped");
        }
    }
}

impl Held {
    /// Stops the server if no other process uses it.
    fn leave(self) -> Result<(), EmbeddedError> {
        let _one_at_a_time = exclusive(&self.layout.lock_file())?;
        let failed = |source| EmbeddedError::file(&self.layout.users_file(), source);
        self.users.unlock().map_err(failed)?;
        match self.users.try_lock() {
            Ok(()) => postmaster::stop(&self.layout),
            Err(TryLockError::WouldBlock) => Ok(()),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// The account of the server, and its directory's layout.
fn prepared(options: &Options) -> Result<(Account, Layout), EmbeddedError> {
    let account = Account::of_server()?;
    let layout = Layout::of(&options.directory, &account)?;
    Ok((account, layout))
}

fn start(
    options: &Options,
    layout: Layout,
    account: Account,
    binaries: &Binaries,
) -> Result<Server, EmbeddedError> {
    layout.prepare(&account)?;
    let _one_at_a_time = exclusive(&layout.lock_file())?;
    let users = layout::open(&layout.users_file())?;
    cluster::create_if_missing(&layout, &account, binaries)?;
    let settings = postmaster::settings(options);
    let found = postmaster::running(&layout)?.is_some();
    let fits = found && layout.settings() == settings && postmaster::wait_until_ready(&layout, None).is_ok();
    if found && !fits {
        if users.try_lock().is_err() {
            return Err(EmbeddedError::InUse {
                directory: options.directory.clone(),
            });
        }
        postmaster::stop(&layout)?;
    }
    if !fits {
        postmaster::start(&layout, &account, binaries, &settings)?;
    }
    users
        .lock_shared()
        .map_err(|source| EmbeddedError::file(&layout.users_file(), source))?;
    let port = postmaster::port(&layout)?;
    let socket = layout.socket.clone();
    let held = Held {
        layout,
        users,
        keep_running: options.keep_running,
    };
    Ok(Server {
        held: Some(held),
        socket,
        port,
        tcp_password: None,
    })
}

/// Runs what blocks (locks, processes) where it may.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EmbeddedError> + Send + 'static,
) -> Result<T, EmbeddedError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| EmbeddedError::Interrupted)?
}

/// A path as the value of a URL's parameter (RFC 3986, section 2).
fn percent_encoded(path: &str) -> String {
    use std::fmt::Write as _;
    path.bytes()
        .fold(String::with_capacity(path.len()), |mut text, byte| {
            if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                // Writing into a String cannot fail.
                let _ = write!(text, "%{byte:02X}");
            }
            text
        })
}

#[cfg(test)]
mod tests {
    use super::percent_encoded;

    #[test]
    fn a_path_with_spaces_and_accents_survives_a_url() {
        assert_eq!(percent_encoded("/home/zoé doe/a&b"), "/home/zo%C3%A9%20doe/a%26b");
    }
}
