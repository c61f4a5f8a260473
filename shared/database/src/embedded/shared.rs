//! One server for all tests of a machine.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;

use nix::unistd::Uid;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::OnceCell;

use super::{EmbeddedError, Options, Server};
use crate::Schema;

/// Enough for many test processes at once, each with the pools of five services.
const MAX_CONNECTIONS: u32 = 400;

static SERVER: OnceCell<TestServer> = OnceCell::const_new();

/// The server that tests work on.
#[derive(Clone, Debug)]
pub struct TestServer {
    admin_url: String,
    /// Whether services may log in as their roles without a password.
    trusts: bool,
    /// Held while the process lives, so that none with other settings replaces the server meanwhile.
    _server: Option<Arc<Server>>,
}

impl TestServer {
    /// A server of one test's own, which must outlive what is made on it.
    pub fn of(server: &Server) -> Self {
        Self {
            admin_url: server.url(),
            trusts: true,
            _server: None,
        }
    }

    /// The administrator's URL of some database of the server.
    pub fn url(&self) -> &str {
        &self.admin_url
    }

    /// The administrator's URL of `database`.
    pub fn database_url(&self, database: &str) -> Result<String, sqlx::Error> {
        self.url_as(None, database)
    }

    /// The URL with which the service of `schema` reaches `database`: as its own role where the server lets
    /// it in, else as the administrator, from whom [`connect`](crate::connect) takes the role's rights.
    pub fn service_url(&self, schema: Schema, database: &str) -> Result<String, sqlx::Error> {
        self.url_as(self.trusts.then(|| schema.role()), database)
    }

    fn url_as(&self, user: Option<String>, database: &str) -> Result<String, sqlx::Error> {
        use sqlx::ConnectOptions as _;
        let mut options: PgConnectOptions = self.admin_url.parse()?;
        options = options.database(database);
        if let Some(user) = user {
            options = options.username(&user);
        }
        Ok(options.to_url_lossy().into())
    }
}

/// The server that all tests of this machine share: the one in `TEST_DATABASE_URL` (an administrator's
/// URL), else an embedded one without fsync that the first test process starts and later runs find again.
/// Tests never share a database; see [`template`](crate::template).
pub async fn shared_for_tests() -> Result<TestServer, EmbeddedError> {
    SERVER.get_or_try_init(find_or_start).await.cloned()
}

async fn find_or_start() -> Result<TestServer, EmbeddedError> {
    if let Some(admin_url) = std::env::var("TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())
    {
        return Ok(TestServer {
            admin_url,
            trusts: false,
            _server: None,
        });
    }
    let options = Options {
        durable: false,
        max_connections: MAX_CONNECTIONS,
        keep_running: true,
        ..Options::at(directory()?)
    };
    let server = Server::start(options).await?;
    Ok(TestServer {
        admin_url: server.url(),
        trusts: true,
        _server: Some(Arc::new(server)),
    })
}

/// A folder of this user in the folder for temporary files, whose path is short enough for a socket. It is
/// not used when another user made it.
fn directory() -> Result<PathBuf, EmbeddedError> {
    let user = Uid::effective();
    let directory = std::env::temp_dir().join(format!("attune-tests-{user}"));
    let mode = if user.is_root() { 0o755 } else { 0o700 };
    let outcome = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(&directory);
    outcome.map_err(|source| EmbeddedError::file(&directory, source))?;
    let found = std::fs::symlink_metadata(&directory);
    let found = found.map_err(|source| EmbeddedError::file(&directory, source))?;
    if found.is_dir() && found.uid() == user.as_raw() {
        Ok(directory)
    } else {
        Err(EmbeddedError::Closed { path: directory })
    }
}
