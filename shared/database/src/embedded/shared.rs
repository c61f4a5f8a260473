//! One server for all tests of a machine.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;

use nix::unistd::Uid;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::OnceCell;

use super::binaries::Places;
use super::{EmbeddedError, Options, Server};
use crate::Schema;

/// Enough for many test processes at once, each with the pools of five services.
pub(crate) const MAX_CONNECTIONS: u32 = 400;

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
    /// One that somebody else looks after.
    fn given(admin_url: String) -> Self {
        Self {
            admin_url,
            trusts: false,
            _server: None,
        }
    }

    /// One in a container.
    #[cfg(feature = "containers")]
    pub(crate) fn contained(admin_url: String) -> Self {
        Self {
            admin_url,
            trusts: true,
            _server: None,
        }
    }

    /// One of this machine's own binaries.
    fn embedded(server: Server) -> Self {
        Self {
            admin_url: server.url(),
            trusts: true,
            _server: Some(Arc::new(server)),
        }
    }

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

/// The server that all tests of this machine share; see [`Sources`] for where it comes from. Tests never
/// share a database; see [`template`](crate::template).
pub async fn shared_for_tests() -> Result<TestServer, EmbeddedError> {
    SERVER
        .get_or_try_init(|| Sources::of_machine().server())
        .await
        .cloned()
}

/// Where the server for tests may come from: the first of these that there is. One that was started stays up
/// for the next run, which finds it again.
#[derive(Clone, Debug)]
struct Sources {
    /// An administrator's URL: `TEST_DATABASE_URL`.
    given: Option<String>,
    /// Server binaries, run without fsync.
    places: Places,
    /// A container, where this is built with the feature `containers` and an engine answers.
    containers: bool,
    /// Binaries from the net, where this is built with the feature `download`.
    download: bool,
}

impl Sources {
    fn of_machine() -> Self {
        Self {
            given: std::env::var("TEST_DATABASE_URL")
                .ok()
                .filter(|url| !url.is_empty()),
            places: Places::of_machine(),
            containers: cfg!(feature = "containers"),
            download: cfg!(feature = "download"),
        }
    }

    async fn server(self) -> Result<TestServer, EmbeddedError> {
        if let Some(url) = self.given {
            return Ok(TestServer::given(url));
        }
        let options = options()?;
        match Server::start_installed(options.clone(), self.places).await {
            Err(EmbeddedError::NoBinaries) => {}
            outcome => return outcome.map(TestServer::embedded),
        }
        let docker = match in_container(self.containers).await {
            Err(EmbeddedError::NothingForTests { docker }) => docker,
            outcome => return outcome,
        };
        if self.download {
            return Server::start_downloaded(options).await.map(TestServer::embedded);
        }
        Err(EmbeddedError::NothingForTests { docker })
    }
}

#[cfg(feature = "containers")]
async fn in_container(wanted: bool) -> Result<TestServer, EmbeddedError> {
    if wanted {
        super::container::server(&directory()?).await
    } else {
        without_containers()
    }
}

#[cfg(not(feature = "containers"))]
async fn in_container(_: bool) -> Result<TestServer, EmbeddedError> {
    without_containers()
}

fn without_containers() -> Result<TestServer, EmbeddedError> {
    Err(EmbeddedError::NothingForTests {
        docker: "these tests are built without the feature containers".to_owned(),
    })
}

fn options() -> Result<Options, EmbeddedError> {
    Ok(Options {
        durable: false,
        max_connections: MAX_CONNECTIONS,
        keep_running: true,
        ..Options::at(directory()?)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Sources {
        Sources {
            given: None,
            places: Places::default(),
            containers: false,
            download: false,
        }
    }

    #[tokio::test]
    async fn a_server_that_is_named_is_used_whatever_else_there_is() {
        let sources = Sources {
            given: Some("postgres://somebody@elsewhere/postgres".to_owned()),
            ..Sources::of_machine()
        };
        let server = sources.server().await.unwrap();
        assert_eq!(server.url(), "postgres://somebody@elsewhere/postgres");
        assert!(!server.trusts, "its roles may need passwords");
    }

    #[tokio::test]
    async fn where_there_is_nothing_one_sentence_says_what_to_install() {
        let said = nothing().server().await.unwrap_err().to_string();
        for word in [
            "Postgres 15",
            "apt install postgresql",
            "Docker",
            "TEST_DATABASE_URL",
        ] {
            assert!(said.contains(word), "{said}");
        }
    }

    /// In a process of its own, because an engine is named in the environment.
    #[cfg(feature = "containers")]
    #[test]
    fn an_engine_that_does_not_answer_is_no_engine() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = closed.local_addr().unwrap();
        drop(closed);
        for engine in [
            format!("tcp://{address}"),
            "unix:///nowhere/docker.sock".to_owned(),
        ] {
            let output = std::process::Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "embedded::shared::tests::choose",
                    "--ignored",
                    "--nocapture",
                ])
                .env("DOCKER_HOST", &engine)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                said.contains("no Docker to run one in") && said.contains("apt install postgresql"),
                "{engine}: {said}"
            );
        }
    }

    /// The process that the test above starts: it has no binaries, and the engine that its environment names.
    #[cfg(feature = "containers")]
    #[tokio::test]
    #[ignore = "another test starts it as a process of its own"]
    async fn choose() {
        let sources = Sources {
            containers: true,
            ..nothing()
        };
        match sources.server().await {
            Ok(server) => println!("a server: {}", server.url()),
            Err(error) => println!("none: {error}"),
        }
    }
}
