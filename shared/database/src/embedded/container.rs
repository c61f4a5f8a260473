//! A server for tests in a container, where the machine has no binaries.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::unistd::Uid;
use sqlx::{Connection, PgConnection};
use testcontainers::core::client::docker_client_instance;
use testcontainers::core::{IntoContainerPort, ReuseDirective};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};

use super::layout::exclusive;
use super::postmaster::WITHOUT_DURABILITY;
use super::shared::{MAX_CONNECTIONS, TestServer};
use super::{EmbeddedError, SUPERUSER, in_background};

/// The same major version as is downloaded where there is no engine either.
const IMAGE: (&str, &str) = ("postgres", "17");

/// Within which an engine that is there answers.
const PING_DEADLINE: Duration = Duration::from_secs(5);

/// How long the image may take to arrive.
const PULL_DEADLINE: Duration = Duration::from_mins(10);

/// How long the server may take after that: it makes its data first.
const START_DEADLINE: Duration = Duration::from_mins(2);

/// Between two looks at a server that is starting.
const LOOK: Duration = Duration::from_millis(50);

/// The container of this user, found or started; it stays up for the next run. `directory` holds the lock
/// under which one process starts it and the others wait.
pub(crate) async fn server(directory: &Path) -> Result<TestServer, EmbeddedError> {
    engine_answers().await?;
    let lock = directory.join("container.lock");
    let _one_at_a_time = in_background(move || exclusive(&lock)).await?;
    let container = start().await.map_err(failed)?;
    let host = container.get_host().await.map_err(failed)?;
    let port = container.get_host_port_ipv4(5432).await.map_err(failed)?;
    let url = format!("postgres://{SUPERUSER}@{host}:{port}/postgres");
    wait_until_ready(&url).await?;
    Ok(TestServer::contained(url))
}

/// Fails as if nothing were there when no engine answers.
async fn engine_answers() -> Result<(), EmbeddedError> {
    let none = |docker: String| EmbeddedError::NothingForTests { docker };
    let engine = docker_client_instance()
        .await
        .map_err(|error| none(error.to_string()))?;
    match tokio::time::timeout(PING_DEADLINE, engine.ping()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(none(error.to_string())),
        Err(_) => Err(none(format!("it does not answer within {PING_DEADLINE:?}"))),
    }
}

async fn start() -> Result<ContainerAsync<GenericImage>, testcontainers::TestcontainersError> {
    let settings = WITHOUT_DURABILITY
        .iter()
        .map(|setting| (*setting).to_owned())
        .chain([format!("max_connections={MAX_CONNECTIONS}")])
        .flat_map(|setting| ["-c".to_owned(), setting]);
    GenericImage::new(IMAGE.0, IMAGE.1)
        .with_exposed_port(5432.tcp())
        .with_container_name(format!("attune-tests-{}", Uid::effective()))
        .with_reuse(ReuseDirective::Always)
        .with_startup_timeout(PULL_DEADLINE)
        // Nobody reaches the port but this machine, and there is nothing in it but tests.
        .with_env_var("POSTGRES_HOST_AUTH_METHOD", "trust")
        .with_env_var("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C.UTF-8")
        .with_cmd(settings)
        .start()
        .await
}

async fn wait_until_ready(url: &str) -> Result<(), EmbeddedError> {
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        match PgConnection::connect(url).await {
            Ok(connection) => return Ok(connection.close().await?),
            Err(error) if Instant::now() > deadline => return Err(failed(error)),
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

fn failed(error: impl std::fmt::Display) -> EmbeddedError {
    EmbeddedError::Container {
        reason: error.to_string(),
    }
}
