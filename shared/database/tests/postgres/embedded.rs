//! A Postgres of one's own, through what happens to it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use attune_database::embedded::{EmbeddedError, Options, Server};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getsid};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

const OWNED_DIRECTORY: &str = "ATTUNE_TEST_OWNED_DIRECTORY";

/// A folder that the server's account may enter, which a temporary folder of root's is not by itself.
fn folder() -> TempDir {
    tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
}

fn options(folder: &TempDir) -> Options {
    Options {
        max_connections: 20,
        ..Options::at(folder.path())
    }
}

async fn query(url: &str, sql: &'static str) -> Result<String, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let answer = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
    connection.close().await?;
    answer
}

async fn execute(url: &str, sql: &'static str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn started_at(url: &str) -> String {
    query(url, "SELECT pg_postmaster_start_time()::text")
        .await
        .unwrap()
}

fn server_process(folder: &Path) -> Pid {
    let note = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    Pid::from_raw(note.lines().next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn a_durable_server_keeps_its_data_over_a_stop_and_a_start() {
    let folder = folder();
    let server = Server::start(options(&folder)).await.unwrap();
    let url = server.url();
    assert_eq!(query(&url, "SHOW fsync").await.unwrap(), "on");
    execute(&url, "CREATE TABLE kept AS SELECT 'still here'::text AS text").await;
    server.stop().await.unwrap();
    PgConnection::connect(&url).await.unwrap_err();

    let server = Server::start(options(&folder)).await.unwrap();
    assert_eq!(
        query(&server.url(), "SELECT text FROM kept").await.unwrap(),
        "still here"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn text_is_unicode_and_compared_by_code_point() {
    let folder = folder();
    let server = Server::start(options(&folder)).await.unwrap();
    let url = server.url();
    assert_eq!(query(&url, "SELECT upper('zoë ßé')").await.unwrap(), "ZOË ßÉ");
    assert_eq!(query(&url, "SELECT ('Z' < 'a')::text").await.unwrap(), "true");
    assert_eq!(query(&url, "SHOW server_encoding").await.unwrap(), "UTF8");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_whose_owner_was_killed_is_found_again() {
    let folder = folder();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "embedded::owner", "--ignored", "--nocapture"])
        .env(OWNED_DIRECTORY, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let url = lines
        .find_map(|line| line.unwrap().strip_prefix("url ").map(str::to_owned))
        .unwrap();
    let first = started_at(&url).await;
    owner.kill().unwrap();
    owner.wait().unwrap();

    let server = Server::start(options(&folder)).await.unwrap();
    assert_eq!(started_at(&server.url()).await, first, "the same server");
    server.stop().await.unwrap();
    PgConnection::connect(&url).await.unwrap_err();
}

#[tokio::test]
async fn a_server_outlives_the_session_of_the_process_that_started_it() {
    let folder = folder();
    let server = Server::start(options(&folder)).await.unwrap();
    let process = server_process(folder.path());
    assert_eq!(
        getsid(Some(process)).unwrap(),
        process,
        "what kills our session leaves it alone"
    );
    server.stop().await.unwrap();
}

/// The process that a test above kills: it owns a server and waits for its end.
#[tokio::test]
#[ignore = "another test starts it as a process of its own"]
async fn owner() {
    let directory = std::env::var_os(OWNED_DIRECTORY).unwrap();
    let options = Options {
        max_connections: 20,
        ..Options::at(directory)
    };
    let server = Server::start(options).await.unwrap();
    println!("url {}", server.url());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(server);
}

#[tokio::test]
async fn a_server_that_was_killed_itself_is_replaced_and_has_lost_nothing() {
    let folder = folder();
    let server = Server::start(options(&folder)).await.unwrap();
    execute(
        &server.url(),
        "CREATE TABLE kept AS SELECT 'committed'::text AS text",
    )
    .await;
    let process = server_process(folder.path());
    kill(process, Signal::SIGKILL).unwrap();
    // Until it is gone it is a server that runs.
    waitpid(process, None).unwrap();

    let again = Server::start(options(&folder)).await.unwrap();
    assert_eq!(
        query(&again.url(), "SELECT text FROM kept").await.unwrap(),
        "committed"
    );
    again.stop().await.unwrap();
    drop(server);
}

#[tokio::test]
async fn the_last_of_two_users_stops_the_server() {
    let folder = folder();
    let one = Server::start(options(&folder)).await.unwrap();
    let other = Server::start(options(&folder)).await.unwrap();
    assert_eq!(started_at(&one.url()).await, started_at(&other.url()).await);
    let url = one.url();
    one.stop().await.unwrap();
    assert_eq!(query(&url, "SELECT 'up'").await.unwrap(), "up");
    other.stop().await.unwrap();
    PgConnection::connect(&url).await.unwrap_err();
}

#[tokio::test]
async fn other_settings_replace_a_server_that_nobody_uses_and_are_refused_otherwise() {
    let folder = folder();
    let fast = Options {
        durable: false,
        keep_running: true,
        ..options(&folder)
    };
    let kept = Server::start(fast.clone()).await.unwrap();
    let refused = Server::start(options(&folder)).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::InUse { .. }), "{refused}");
    let url = kept.url();
    drop(kept);
    assert_eq!(
        query(&url, "SHOW fsync").await.unwrap(),
        "off",
        "it was to keep running"
    );

    let server = Server::start(options(&folder)).await.unwrap();
    assert_eq!(query(&server.url(), "SHOW fsync").await.unwrap(), "on");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_server_is_stopped() {
    let folder = folder();
    let server = Server::start(options(&folder)).await.unwrap();
    let url = server.url();
    drop(server);
    PgConnection::connect(&url).await.unwrap_err();
}

#[tokio::test]
async fn tools_connect_over_loopback_with_the_password_only() {
    let folder = folder();
    let server = Server::start(Options {
        tcp: true,
        ..options(&folder)
    })
    .await
    .unwrap();
    let url = server.tcp_url().unwrap();
    assert_eq!(
        query(&url, "SELECT current_user::text").await.unwrap(),
        "postgres"
    );
    let password = url.split([':', '@']).nth(2).unwrap();
    let wrong = PgConnection::connect(&url.replace(password, "guessed"))
        .await
        .unwrap_err();
    assert!(
        wrong.to_string().contains("password authentication failed"),
        "{wrong}"
    );
    server.stop().await.unwrap();

    let closed = Server::start(options(&folder)).await.unwrap();
    assert_eq!(closed.tcp_url(), None);
    assert_eq!(query(&closed.url(), "SHOW listen_addresses").await.unwrap(), "");
    closed.stop().await.unwrap();
}

#[tokio::test]
async fn a_long_path_gets_a_short_socket() {
    let folder = folder();
    let deep = folder.path().join("deep-folder-name/".repeat(8));
    let server = Server::start(Options {
        max_connections: 20,
        ..Options::at(&deep)
    })
    .await
    .unwrap();
    assert_eq!(query(&server.url(), "SELECT 'up'").await.unwrap(), "up");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_initdb_that_was_cut_short_is_made_anew() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("data.new")).unwrap();
    std::fs::write(folder.path().join("data.new/PG_VERSION"), "15\n").unwrap();
    let server = Server::start(options(&folder)).await.unwrap();
    assert_eq!(query(&server.url(), "SELECT 'up'").await.unwrap(), "up");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_number_taken_by_another_program_does_not_keep_the_server_from_starting() {
    let folder = folder();
    Server::start(options(&folder))
        .await
        .unwrap()
        .stop()
        .await
        .unwrap();
    let note = format!(
        "{}\n{}/data\n1764000000\n5432\n",
        std::process::id(),
        folder.path().display()
    );
    std::fs::write(folder.path().join("data/postmaster.pid"), note).unwrap();
    let server = Server::start(options(&folder)).await.unwrap();
    assert_eq!(query(&server.url(), "SELECT 'up'").await.unwrap(), "up");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn data_of_a_version_that_is_not_installed_is_refused_with_its_version() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/PG_VERSION"), "12\n").unwrap();
    let error = Server::start(options(&folder)).await.unwrap_err();
    assert!(error.to_string().contains("Postgres 12"), "{error}");
}

#[tokio::test]
async fn a_directory_behind_a_closed_door_is_refused_with_the_door() {
    if !nix::unistd::Uid::effective().is_root() {
        println!("skipped: only root gives the server another account, to which a folder can be closed");
        return;
    }
    let closed = folder();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let error = Server::start(Options::at(closed.path().join("pg")))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, EmbeddedError::Closed { path } if path == closed.path()),
        "{error}"
    );
}
